"""Whether what a notice tells is still news: a mail is not sent of what was settled before it went out.

A notice in the page stands in a list of what has been; a mail that waited a night speaks of now.
"""

from __future__ import annotations

from app.billing.models import Order
from app.billing.queries.noticed import (
    NoticedOrder,
    find_noticed_orders,
    find_noticed_reminders,
    has_failed_refund,
)
from app.billing.queries.transfers import is_stated
from app.billing.queries.trials import find_trial
from app.billing.queries.wishes import seat_waits
from app.discussion.queries.noticed import NoticedTopic, find_noticed_topics
from app.discussion.queries.questions import find_hiding_request
from app.kernel import clock
from app.kernel.db import db
from app.memberships.queries import actor_of
from app.memberships.queries.covered import has_by_role
from app.notifications.kinds import Kind
from app.notifications.models import Notification
from app.policy import Standing

_ORDER_STATES = {
    Kind.PAYMENT_FAILED: "failed",
    Kind.PAYMENT_DISPUTED: "disputed",
    Kind.DISPUTE_LOST: "charged_back",
}
_OVERDUE = (Kind.CHARGE_FAILED, Kind.STAFF_CHARGE_FAILED)


def is_news(notice: Notification) -> bool:
    """Whether a mail may still say what the notice says. Its owner's rights are `sight`'s to ask."""
    kind = Kind(notice.kind)
    if notice.reminder_id is not None:
        reminder = find_noticed_reminders([notice.reminder_id]).get(notice.reminder_id)
        over = reminder is None or reminder.ends_at <= clock.now()
        return over == (kind is Kind.TERM_ENDED)
    if notice.order_id is not None:
        return _of_order(kind, notice, find_noticed_orders([notice.order_id])[notice.order_id])
    if notice.topic_id is not None:
        topic = find_noticed_topics([notice.topic_id]).get(notice.topic_id)
        return topic is not None and _of_topic(kind, notice, topic)
    return _of_joining(kind, notice)


def _of_order(kind: Kind, notice: Notification, order: NoticedOrder) -> bool:
    if kind in _ORDER_STATES:
        return order.state == _ORDER_STATES[kind]
    if kind in _OVERDUE:
        return order.status == "past_due"
    if kind is Kind.STAFF_DISPUTE:
        return order.answer_by is not None
    if kind is Kind.TRANSFER_STATED:
        return is_stated(notice.order_id or 0)
    if kind is Kind.STAFF_REFUND_FAILED:
        return has_failed_refund(notice.order_id or 0)
    if kind is Kind.SUBSCRIPTION_NEEDLESS:
        return has_by_role(order.planet_id, order.user_id)
    if kind is Kind.TRIAL_BEGAN:
        return find_trial(db.session.get_one(Order, notice.order_id)) is not None
    return True


def _of_topic(kind: Kind, notice: Notification, topic: NoticedTopic) -> bool:
    facts = topic.facts
    settled = facts.answered or facts.declined or facts.withdrawn
    match kind:
        case Kind.QUESTION_ASKED | Kind.QUESTION_RECEIVED:
            return not settled
        case Kind.QUESTION_OVERDUE:
            return not settled and facts.addressee_id == notice.person_id
        case Kind.QUESTION_MOVED:
            return facts.addressee_id == notice.person_id
        case Kind.QUESTION_DECLINED:
            return facts.declined
        case Kind.HIDING_ASKED:
            return find_hiding_request(topic.id) is not None
        case _other:
            return True


def _of_joining(kind: Kind, notice: Notification) -> bool:
    planet_id = notice.planet_id or 0
    if kind is Kind.JOIN_REQUESTED:
        asker = actor_of(notice.person_id or 0, planet_id)
        return asker is not None and asker[1].standing is Standing.PENDING
    receiver = actor_of(notice.user_id, planet_id)
    if receiver is None:
        return False
    match kind:
        case Kind.JOIN_DECLINED:
            return not receiver[1].inside and receiver[1].standing is not Standing.PENDING
        case Kind.MAY_BUY:
            return not receiver[1].inside
        case Kind.SEAT_FREE:
            return seat_waits(notice.user_id, planet_id)
        case _other:
            return True
