"""Reactions of billing to its own events: what has to be told to the provider, and the funnel."""

from __future__ import annotations

from app.billing import events
from app.billing.actions.funnel import record_paid
from app.billing.actions.holding import follow_pause
from app.billing.actions.parting import close_left_checkout, follow_parting
from app.billing.actions.refunds import send_refund
from app.billing.actions.subscriptions import end_subscription
from app.memberships.events import MembershipEnded
from app.outbox.events import Subscriptions


def subscribe(subscriptions: Subscriptions) -> None:
    """Connect the outbox's events; calls to the provider stand outside any transaction."""
    subscriptions.add_outside(events.RefundAsked.name, "billing.send_refund", send_refund)
    subscriptions.add_outside(
        events.SubscriptionEndAsked.name, "billing.end_subscription", end_subscription
    )
    subscriptions.add_outside(
        events.CheckoutCloseAsked.name, "billing.close_left_checkout", close_left_checkout
    )
    subscriptions.add(MembershipEnded.name, "billing.follow_parting", follow_parting)
    subscriptions.add_outside(events.PauseFelt.name, "billing.follow_pause", follow_pause)
    subscriptions.add(events.OrderSettled.name, "billing.record_paid", record_paid)
