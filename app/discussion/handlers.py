"""Reactions of the discussion to what happened: paid questions are asked and settled."""

from __future__ import annotations

from app.billing.events import OrderSettled
from app.discussion import events
from app.discussion.actions.paid_questions import order_settled, question_changed
from app.outbox.events import Lane, Subscriptions

_ENDS = (
    events.QuestionAnswered,
    events.QuestionDeclined,
    events.TopicChanged,
    events.TopicDeleted,
)


def subscribe(subscriptions: Subscriptions) -> None:
    """Connect the outbox's events with what follows for paid questions."""
    subscriptions.add(OrderSettled.name, "discussion.ask_paid", order_settled, lane=Lane.AT_ONCE)
    for event in _ENDS:
        subscriptions.add(event.name, "discussion.settle_paid", question_changed)
