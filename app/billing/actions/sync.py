"""Sync: fetch what is true at the provider and apply it. Whoever calls, the end is the same."""

from __future__ import annotations

from app.billing.actions.applying import apply_fact
from app.billing.gateway import gateways
from app.billing.models import Order
from app.kernel.db import db, unit_of_work
from app.kernel.errors import NotFound


def sync(order_id: int, *, cause: str) -> Order:
    """Bring an order to what its provider says now; returns it. `cause`: checkout, webhook, return,
    job, reconcile, staff, buyer.

    Opens its own units of work around the call to the provider; the ticket keeps a slow fetch from
    overwriting what a later one found. An order that was never opened there stays as
    it is. GatewayError when the provider does not answer; NotFound without the order.
    """
    with unit_of_work():
        order = _locked(order_id)
        if order.provider_ref is None:
            return order
        order.ticket += 1
        ticket, ref, account = order.ticket, order.provider_ref, order.account
        gateway = gateways.of(order.gateway)
    fact = gateway.fetch(ref, account=account)
    with unit_of_work():
        order = _locked(order_id)
        if ticket > order.applied_ticket:
            apply_fact(order, fact, cause=cause)
            order.applied_ticket = ticket
    return order


def _locked(order_id: int) -> Order:
    order = db.session.get(Order, order_id, with_for_update=True, populate_existing=True)
    if order is None:
        raise NotFound
    return order
