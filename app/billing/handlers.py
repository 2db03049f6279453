"""Reactions of billing to its own events: what has to be told to the provider, and the funnel."""

from __future__ import annotations

from app.billing import events
from app.billing.actions.funnel import record_paid
from app.billing.actions.holding import follow_pause
from app.billing.actions.refunds import end_subscription, send_refund
from app.outbox.events import Subscriptions


def subscribe(subscriptions: Subscriptions) -> None:
    """Connect the outbox's events; calls to the provider stand outside any transaction."""
    subscriptions.add_outside(events.RefundAsked.name, "billing.send_refund", send_refund)
    subscriptions.add_outside(
        events.SubscriptionEndAsked.name, "billing.end_subscription", end_subscription
    )
    subscriptions.add_outside(events.PauseFelt.name, "billing.follow_pause", follow_pause)
    subscriptions.add(events.OrderSettled.name, "billing.record_paid", record_paid)
