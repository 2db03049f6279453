"""A subscription's end and its return: told to the provider, then looked up. Callers ask the policy."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.billing.actions.orders import change
from app.billing.actions.sync import sync
from app.billing.gateway import GatewayError, gateways
from app.billing.models import Customer, Order
from app.billing.queries.running import ends_as_wanted, find_subscription
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, NotFound
from app.memberships.parted import read_parted
from app.memberships.queries.covered import has_by_role
from app.outbox.delivery import Later, delay_after


def ask_end(order_id: int, *, cause: str) -> Order:
    """Cancel at the end of what is paid. GatewayError when the provider does not answer."""
    order, ref, account = _of(order_id)
    gateways.of(order.gateway).end_subscription(ref, account=account, when="at_end")
    return _done(order_id, cause, "cancelled")


def ask_resume(order_id: int, *, cause: str) -> Order:
    """Take a cancellation back. GatewayError when the provider does not answer; Conflict("gone") where
    its buyer is gone from the planet, Conflict("role") where they have the access by a role,
    Conflict("ended") where it was to end at once (R25)."""
    order, ref, account = _of(order_id)
    _take_back(order_id)
    gateways.of(order.gateway).resume_subscription(ref, account=account)
    return _done(order_id, cause, "resumed")


def end_subscription(payload: dict[str, Any]) -> None:
    """Tell the provider that a subscription ends, and look whether it does; comes back by itself until
    the provider says so, however long that takes (R25). Handles SubscriptionEndAsked."""
    order_id = payload["order_id"]
    try:
        tell_end(order_id, when=payload["when"])
    except GatewayError as error:
        row = find_subscription(order_id)
        tries = row.end_tries if row is not None else 1
        raise Later(clock.now() + delay_after(tries)) from error


def tell_end(order_id: int, *, when: str = "") -> None:
    """Tell the provider now what is wanted of a subscription's end; `when` where no row says it.

    Nothing is asked when the provider said so before. Opens its own units of work. GatewayError, which is
    written down where staff see it, when the provider does not answer, or does not do it.
    """
    row = find_subscription(order_id)
    wanted = (row.end_wanted or when) if row is not None else ""
    if row is None or not wanted or (row.end_wanted and ends_as_wanted(row)):
        db.session.rollback()
        return
    order, ref, account = _of(order_id)
    try:
        gateways.of(order.gateway).end_subscription(ref, account=account, when=wanted)
        sync(order_id, cause="job")
        _check_end(order_id)
    except GatewayError as error:
        _note_failure(order_id, str(error))
        raise


def _check_end(order_id: int) -> None:
    db.session.rollback()
    row = find_subscription(order_id)
    if row is not None and row.end_wanted and not ends_as_wanted(row):
        raise GatewayError(f"the provider still says {row.status} of this subscription")


def _note_failure(order_id: int, why: str) -> None:
    with unit_of_work():
        row = find_subscription(order_id)
        if row is not None:
            row.end_tries += 1
            row.end_error = why[:500]


def _take_back(order_id: int) -> None:
    """Want the end no more."""
    with unit_of_work():
        order = db.session.get_one(Order, order_id, with_for_update=True, populate_existing=True)
        if (order.planet_id, order.user_id) in read_parted([(order.planet_id, order.user_id)]):
            raise Conflict("gone")
        if has_by_role(order.planet_id, order.user_id):
            raise Conflict("role")
        row = find_subscription(order_id)
        if row is None or row.end_wanted == "":
            return
        if row.end_wanted == "now":
            raise Conflict("ended")
        row.end_wanted, row.end_asked_at, row.end_error, row.end_tries = "", None, "", 0


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
