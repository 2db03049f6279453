"""Wishing a subscription's end: a row and an event; the provider is told until it confirms (R25)."""

from __future__ import annotations

from app.billing.actions.orders import change
from app.billing.events import SubscriptionEndAsked
from app.billing.models import Order, Subscription
from app.billing.queries.running import find_subscription, is_paid_up
from app.billing.states import FINAL
from app.kernel import clock
from app.outbox.events import put


def wish_end(order: Order, *, when: str, cause: str) -> bool:
    """Ask for the end of an order's subscription: `now`, or `at_end` of what is paid; where nothing is
    paid that means now as well. False when there is nothing to end.

    In the caller's unit of work. Asked again it changes nothing, but now is stronger than at_end; how
    often the provider is told does not matter.
    """
    row = find_subscription(order.id)
    if row is None or row.status in FINAL:
        return False
    if when == "at_end" and not is_paid_up(order, row):
        when = "now"
    if row.end_wanted not in (when, "now"):
        row.end_wanted, row.end_error, row.end_tries = when, "", 0
        row.end_asked_at = row.end_asked_at or clock.now()
        change(order, cause, f"end_asked_{when}")
    put(SubscriptionEndAsked(order_id=order.id, when=row.end_wanted))
    return True


def ends_already(row: Subscription, when: str) -> bool:
    """Whether a subscription ends as it should without being asked: its buyer cancelled it before."""
    cancelled = row.cancel_at_period_end or row.cancel_at is not None
    return when == "at_end" and cancelled and row.status in ("active", "trialing")
