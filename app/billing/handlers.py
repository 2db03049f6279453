"""Reactions of billing to its own events: what has to be told to the provider, and the funnel."""

from __future__ import annotations

from app.billing import events
from app.billing.actions.customers import forget_customer
from app.billing.actions.funnel import record_paid
from app.billing.actions.holding import follow_pause
from app.billing.actions.parting import close_left_checkout, follow_parting
from app.billing.actions.refunds import send_refund
from app.billing.actions.role_access import follow_role
from app.billing.actions.stillness import close_paused_checkout
from app.billing.actions.subscriptions import end_subscription
from app.billing.actions.webhooks import work_webhook
from app.memberships.events import MembershipEnded, MembershipStarted, RoleChanged
from app.outbox.events import Event, Handler, Lane, Subscriptions


def subscribe(subscriptions: Subscriptions) -> None:
    """Connect the outbox's events; calls to the provider stand outside any transaction."""
    told: tuple[tuple[type[Event], str, Handler], ...] = (
        (events.WebhookReceived, "billing.handle_webhook", work_webhook),
        (events.RefundAsked, "billing.send_refund", send_refund),
        (events.SubscriptionEndAsked, "billing.end_subscription", end_subscription),
        (events.CheckoutCloseAsked, "billing.close_left_checkout", close_left_checkout),
        (events.CustomerForgetAsked, "billing.forget_customer", forget_customer),
        (events.PauseFelt, "billing.follow_pause", follow_pause),
        (events.PauseMeetsCheckout, "billing.close_paused_checkout", close_paused_checkout),
    )
    for event, name, handler in told:
        subscriptions.add_outside(event.name, name, handler, lane=Lane.PAYMENTS)
    subscriptions.add(MembershipEnded.name, "billing.follow_parting", follow_parting)
    for role_came in (RoleChanged, MembershipStarted):
        subscriptions.add(role_came.name, "billing.follow_role", follow_role)
    subscriptions.add(events.OrderSettled.name, "billing.record_paid", record_paid)
