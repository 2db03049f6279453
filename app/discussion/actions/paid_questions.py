"""Questions that are paid for: kept with their order, asked when it is paid, settled once.

The order and its money are billing's (`billing.actions.question_orders`). What is asked is what stood in
the form when the asker went to pay; what he wrote since stays a draft.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select

from app.billing.actions.checkout import Ways
from app.billing.actions.question_orders import (
    QuestionSale,
    begin_question,
    close,
    earn,
    give_back,
    lock_paid,
)
from app.billing.models import Order, PaidQuestion
from app.billing.queries.questions import list_unsettled
from app.billing.states import OrderState
from app.discussion.actions.drafts import DraftSave, save_draft
from app.discussion.actions.questions import (
    AskWish,
    NewQuestion,
    asked_before,
    compose_question,
    lock_question,
    publish,
)
from app.discussion.actions.topics import TopicRef
from app.discussion.models import Draft, Question, Topic
from app.discussion.queries.addressees import find_addressee, read_quota, takes_user
from app.discussion.queries.fees import Fee, list_fees
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.kernel.ids import new_public_id
from app.memberships.queries import actor_of
from app.planets.queries import PlanetView
from app.policy import Actor

# An answer is due within this time, or the money goes back.
ANSWER_TIME = timedelta(days=7)
BATCH = 100
_PAID = (OrderState.PAID, OrderState.PARTIALLY_REFUNDED)
_GONE = (OrderState.REFUNDED, OrderState.CHARGED_BACK)


@dataclass(frozen=True, slots=True)
class Purse:
    """What the door adds to a question that is paid for: what the draft keeps, the order's title, and
    where the provider sends the asker afterwards."""

    save: DraftSave
    title: str
    ways: Ways


def find_fee(actor: Actor, planet: PlanetView, member: str) -> Fee | None:
    """Return what the next question to a member costs the actor; None when it is free."""
    addressee_id = find_addressee(actor, member)
    if addressee_id is None or addressee_id == actor.user_id:
        return None
    fee = list_fees(actor, planet, read_quota(actor, planet)).get(addressee_id)
    return fee if fee is not None and fee.is_due else None


def buy_question(
    actor: Actor, planet: PlanetView, question: NewQuestion, fee: Fee, purse: Purse
) -> TopicRef | Order:
    """Keep what was written as a draft and open the checkout of its order; nothing is asked before it
    is paid. The same one sent again is the same page, or the question that was asked meanwhile.

    Opens its own units of work. Errors of `save_draft` and `begin_question`.
    """
    if before := asked_before(actor, question):
        return before
    addressee_id = find_addressee(actor, question.wish.addressee)
    if addressee_id is None or addressee_id == actor.user_id:
        raise Invalid("addressee", "not_available")
    with unit_of_work():
        save_draft(actor, draft=replace(purse.save, key=question.key))
    sale = QuestionSale(
        key=question.key,
        title=purse.title,
        addressee_id=addressee_id,
        amount=fee.amount,
        currency=fee.currency,
        words=purse.save.fields,
    )
    return begin_question(actor, planet, sale, purse.ways)


def order_settled(payload: dict[str, Any]) -> None:
    """Ask the question of an order that is paid, once; close it when its money is gone."""
    paid = lock_paid(payload["order_id"])
    if paid is None or paid.settled_at is not None:
        return
    order = db.session.get_one(Order, paid.order_id, populate_existing=True)
    state = OrderState(order.state)
    if state in _GONE:
        close(order.id)
    elif state in _PAID and paid.topic_id is None:
        _ask(order, paid)


def _ask(order: Order, paid: PaidQuestion) -> None:
    """Ask what was paid for; what cannot be asked any more is given back and stays a draft."""
    try:
        with db.session.begin_nested():
            ref = _publish(order, paid)
    except (Conflict, Invalid, NotFound, Refused):
        give_back(order.id, outcome="not_asked")
        return
    paid.topic_id = ref.id
    paid.due_at = ref.published_at + ANSWER_TIME
    _leave_draft(paid)


def _publish(order: Order, paid: PaidQuestion) -> TopicRef:
    entry = actor_of(paid.asker_id, order.planet_id)
    if entry is None:
        raise NotFound
    planet, actor = entry
    if not takes_user(actor, paid.addressee_id):
        raise Invalid("addressee", "not_available")
    question = compose_question(actor, planet=planet, wish=wish_of(paid.words), key=paid.key)
    return publish(actor, planet, question, paid.addressee_id)


def wish_of(words: dict[str, Any]) -> AskWish:
    """Return what a draft's fields ask for."""
    return AskWish(
        text=str(words.get("text", "")),
        addressee=str(words.get("addressee", "")),
        anonymous=bool(words.get("anonymous")),
        private=bool(words.get("private")),
        images=tuple(str(one) for one in words.get("attachments", ())),
    )


def _leave_draft(paid: PaidQuestion) -> None:
    """Drop the draft that was asked; newer words in it stay a draft under another key."""
    draft = db.session.scalar(
        select(Draft).where(Draft.public_id == paid.key, Draft.user_id == paid.asker_id)
    )
    if draft is None:
        return
    if draft.fields == paid.words:
        db.session.execute(delete(Draft).where(Draft.id == draft.id))
        return
    draft.public_id = new_public_id()
    asked = set(paid.words.get("attachments", ()))
    left = [one for one in draft.fields.get("attachments", ()) if one not in asked]
    draft.fields = {**draft.fields, "attachments": left}


# --- settling ------------------------------------------------------------------------------------


def question_changed(payload: dict[str, Any]) -> None:
    """Settle a paid question when something happened to it."""
    for order_id in list_unsettled([payload["topic_id"]]):
        settle(order_id)


def settle(order_id: int) -> None:
    """Settle a paid question whose fate is known: answered in time it is earned, else the money goes
    back. In the caller's unit of work; however often and from how many places, it happens once."""
    topic_id = db.session.scalar(
        select(PaidQuestion.topic_id).where(PaidQuestion.order_id == order_id)
    )
    if topic_id is None:
        return
    # Whoever answers this moment comes before or after, never between.
    lock_question(topic_id)
    paid = lock_paid(order_id)
    if paid is None or paid.settled_at is not None:
        return
    question = db.session.get_one(Question, topic_id, populate_existing=True)
    deleted_at = db.session.scalar(select(Topic.deleted_at).where(Topic.id == topic_id))
    outcome = _outcome(question, deleted_at, paid.due_at)
    if outcome == "answered":
        earn(order_id, answerer_id=question.addressee_id)
    elif outcome:
        give_back(order_id, outcome=outcome)


def _outcome(question: Question, deleted_at: datetime | None, due_at: datetime | None) -> str:
    """Return how a paid question ended, "" while it waits. An answer after its time is too late, also
    when nobody looked meanwhile."""
    answered_at = question.answered_at
    if answered_at is not None:
        return "answered" if due_at is None or answered_at <= due_at else "late"
    if question.declined_at is not None:
        return "declined"
    if question.withdrawn_at is not None:
        return "withdrawn"
    if deleted_at is not None:
        return "deleted"
    return "late" if due_at is not None and due_at <= clock.now() else ""


def settle_paid(now: datetime) -> int:
    """Settle what is due, and what the outbox has not settled yet; returns how many were looked at.

    A unit of work for each, so that writers do not wait for the whole of it.
    """
    waiting = (
        select(PaidQuestion.order_id)
        .join(Question, Question.topic_id == PaidQuestion.topic_id)
        .join(Topic, Topic.id == PaidQuestion.topic_id)
        .where(
            PaidQuestion.settled_at.is_(None),
            or_(
                PaidQuestion.due_at <= now,
                Question.answered_at.is_not(None),
                Question.declined_at.is_not(None),
                Question.withdrawn_at.is_not(None),
                Topic.deleted_at.is_not(None),
            ),
        )
        .order_by(PaidQuestion.due_at)
        .limit(BATCH)
    )
    order_ids = list(db.session.scalars(waiting))
    db.session.rollback()
    for order_id in order_ids:
        with unit_of_work():
            settle(order_id)
    return len(order_ids)
