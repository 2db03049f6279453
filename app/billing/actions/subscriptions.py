"""A subscription's end and its return: told to the provider, then looked up. Callers ask the policy."""

from __future__ import annotations

from sqlalchemy import select

from app.billing.actions.orders import change
from app.billing.actions.sync import sync
from app.billing.gateway import gateways
from app.billing.models import Customer, Order
from app.kernel.db import db, unit_of_work
from app.kernel.errors import NotFound


def ask_end(order_id: int, *, cause: str) -> Order:
    """Cancel at the end of what is paid. GatewayError when the provider does not answer."""
    order, ref, account = _of(order_id)
    gateways.of(order.gateway).end_subscription(ref, account=account, when="at_end")
    return _done(order_id, cause, "cancelled")


def ask_resume(order_id: int, *, cause: str) -> Order:
    """Take a cancellation back. GatewayError when the provider does not answer."""
    order, ref, account = _of(order_id)
    gateways.of(order.gateway).resume_subscription(ref, account=account)
    return _done(order_id, cause, "resumed")


def find_portal(order: Order, *, return_url: str) -> str:
    """Return the provider's page where the buyer changes his card; "" when there is none."""
    customer = db.session.scalar(
        select(Customer.provider_ref).where(
            Customer.user_id == order.user_id,
            Customer.environment == order.environment,
            Customer.account == order.account,
        )
    )
    if customer is None:
        return ""
    gateway, account = gateways.of(order.gateway), order.account
    db.session.rollback()
    return gateway.portal_url(customer, account=account, return_url=return_url)


def _of(order_id: int) -> tuple[Order, str, str]:
    order = db.session.get(Order, order_id)
    if order is None or order.subscription_ref is None:
        raise NotFound
    found = (order, order.subscription_ref, order.account)
    db.session.rollback()
    return found


def _done(order_id: int, cause: str, what: str) -> Order:
    with unit_of_work():
        change(db.session.get_one(Order, order_id), cause, what)
    return sync(order_id, cause=cause)
