"""Sync: fetch what is true at the provider and apply it. Whoever calls, the end is the same."""

from __future__ import annotations

import hashlib

from app.billing.actions.applying import apply_facts
from app.billing.gateway import CheckoutFact, gateways
from app.billing.models import Order
from app.billing.queries.settled import read_known
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import NotFound

# These look in case something has happened; mostly nothing has.
LOOKING = ("webhook", "job", "reconcile")


def sync(order_id: int, *, cause: str, anew: bool = False) -> Order:
    """Bring an order to what its provider says now; returns it. `cause`: checkout, webhook, return,
    job, reconcile, staff, buyer. `anew` asks about payments too that are long settled (R33).

    Opens its own units of work around the call to the provider; the ticket keeps a slow fetch from
    overwriting what a later one found. An order that was never opened there stays as
    it is. GatewayError when the provider does not answer; NotFound without the order.
    """
    with unit_of_work():
        order = _locked(order_id)
        if order.provider_ref is None:
            return order
        order.ticket += 1
        order.asked_at = clock.now()
        ticket, ref, account = order.ticket, order.provider_ref, order.account
        gateway = gateways.of(order.gateway)
        known = read_known([order], anew=anew)[order_id]
    fact = gateway.fetch(ref, account=account, known=known)
    with unit_of_work():
        order = _locked(order_id)
        apply_newer([(order, ticket, fact)], cause=cause)
    return order


def apply_newer(found: list[tuple[Order, int, CheckoutFact]], *, cause: str) -> None:
    """Apply facts whose ticket is newer than what was applied to their orders, which are locked.

    Nothing is to be applied where a fact is the one before, unless somebody waits for it.
    """
    newer = []
    for order, ticket, fact in found:
        if ticket <= order.applied_ticket:
            continue
        mark = fingerprint(fact)
        if mark != order.applied_print or cause not in LOOKING:
            newer.append((order, fact))
        order.applied_ticket, order.applied_print = ticket, mark
    apply_facts(newer, cause=cause)


def fingerprint(fact: CheckoutFact) -> str:
    """Return what tells a fact from every other: nothing is to be applied where it is the same."""
    return hashlib.sha256(repr(fact).encode()).hexdigest()


def _locked(order_id: int) -> Order:
    order = db.session.get(Order, order_id, with_for_update=True, populate_existing=True)
    if order is None:
        raise NotFound
    return order
