"""Verbs on questions: ask, decline, hand on, accept, withdraw, reveal, tell what is overdue.

A question's state changes by conditional updates on its row, so that of two people who act on it at
the same moment one wins and the other is told. `Topic.published_at` is the time of asking until the
first answer and the time of that answer from then on: that is when it becomes new to the members.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from app.discussion.actions.anonymity import forget_names
from app.discussion.actions.drafts import Hold, consume_draft
from app.discussion.actions.topics import TopicRef
from app.discussion.actions.touch import touch_topic
from app.discussion.events import (
    QuestionAsked,
    QuestionDeclined,
    QuestionHandedOn,
    QuestionOverdue,
    TopicChanged,
    TopicPublished,
)
from app.discussion.models import Question, QuestionLogEntry, Topic
from app.discussion.queries.addressees import find_addressee, read_quota
from app.discussion.queries.attached import image_refs
from app.discussion.queries.facts import TopicRow
from app.discussion.queries.fees import list_fees
from app.discussion.queries.questions import is_revealed_to
from app.discussion.rendering import Body, render_body
from app.kernel import audit, clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid
from app.kernel.ids import is_public_id, new_public_id
from app.kernel.text import shows, tidy
from app.media.actions import attach
from app.memberships.models import Membership
from app.outbox.events import put
from app.planets.queries import PlanetView
from app.policy import Action, Actor, TopicFacts, require

MAX_NOTE = 500
OVERDUE_BATCH = 200


@dataclass(frozen=True, slots=True)
class AskWish:
    """What somebody typed. `addressee` is a membership's public id, `images` those of uploads."""

    text: str = ""
    addressee: str = ""
    anonymous: bool = False
    private: bool = False
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A question ready to be asked. `key` becomes the topic's public id: sent twice it is once."""

    key: str
    wish: AskWish
    body: Body


def compose_question(
    actor: Actor, *, planet: PlanetView, wish: AskWish, key: str = ""
) -> NewQuestion:
    """Check and render a question before the unit of work; Invalid names the field.

    `key` is the draft's public id.
    """
    require(actor, Action.QUESTION_ASK)
    if wish.anonymous and not planet.anonymous_questions:
        raise Invalid("anonymous", "not_allowed")
    if wish.private and not planet.private_questions:
        raise Invalid("private", "not_allowed")
    key = key if is_public_id(key) else new_public_id()
    body = render_body(
        wish.text,
        max_chars=planet.question_max_chars,
        id_prefix=f"t-{key}-",
        images=image_refs(actor, wish.images),
    )
    if not shows(body.html) and not wish.images:
        raise Invalid("text", "empty")
    return NewQuestion(key=key, wish=wish, body=body)


def ask(
    actor: Actor, *, planet: PlanetView, question: NewQuestion, hold: Hold | None = None
) -> TopicRef:
    """Put a composed question to its addressee for nothing; the same one sent twice is asked once.

    Invalid(addressee, not_available) when he takes no questions (any more), Invalid("", quota)
    when the week's free ones are used up, Invalid("", costs) when the next one to him is to be paid
    for (`paid_questions`). Conflict when the key is already another topic's, or when another
    tab has kept newer words in the draft than the page that holds it (`hold`) knows.
    """
    require(actor, Action.QUESTION_ASK)
    # On PostgreSQL this row makes an asker's tabs wait for each other; SQLite has one writer anyway.
    own = select(Membership.id).where(Membership.id == actor.membership_id)
    db.session.execute(own.with_for_update())
    if before := asked_before(actor, question):
        return before
    quota = read_quota(actor, planet)
    if quota.left == 0:
        raise Invalid("", "quota", limit=quota.limit, again_at=quota.again_at)
    addressee_id = find_addressee(actor, question.wish.addressee)
    if addressee_id is None or addressee_id == actor.user_id:
        raise Invalid("addressee", "not_available")
    fee = list_fees(actor, planet, quota).get(addressee_id)
    if fee is not None and fee.is_due:
        raise Invalid("", "costs")
    ref = publish(actor, planet, question, addressee_id)
    consume_draft(actor, key=question.key, hold=hold)
    return ref


def publish(actor: Actor, planet: PlanetView, question: NewQuestion, addressee_id: int) -> TopicRef:
    """Write a question's rows and say that it is asked; Conflict when its key is a topic's already."""
    topic = _topic_row(actor, question)
    try:
        with db.session.begin_nested():
            db.session.add(topic)
    except IntegrityError:
        raise Conflict(question.key) from None
    _attach_images(actor, topic, question.wish)
    _question_row(actor, planet, topic, question.wish, addressee_id)
    put(TopicPublished(topic_id=topic.id))
    put(QuestionAsked(topic_id=topic.id, addressee_id=addressee_id))
    return TopicRef(topic.id, topic.public_id, topic.slug, topic.published_at)


def decline(actor: Actor, *, topic: TopicRow, facts: TopicFacts, reason: str) -> None:
    """Decline a question; the asker reads the reason. Conflict when somebody acted first."""
    require(actor, Action.QUESTION_DECLINE, facts)
    reason = checked_note(reason, field="reason")
    # What an isolated person writes is seen by nobody; that he will not answer they should know.
    told = "" if actor.isolated else reason
    change_open(topic.id, declined_at=clock.now(), decline_reason=told)
    write_log(topic.id, "declined", actor_id=actor.user_id, note=told)
    touch_topic(topic.id)
    put(QuestionDeclined(topic_id=topic.id))


def hand_on(
    actor: Actor, *, planet: PlanetView, topic: TopicRow, facts: TopicFacts, to: str, note: str
) -> None:
    """Give a question to another who takes questions (`to`: his membership's public id); the time to
    answer begins anew. Conflict when somebody acted first.

    An anonymous question may land at its own asker: refusing would tell who he is.
    """
    require(actor, Action.QUESTION_HAND_ON, facts)
    note = checked_note(note, field="note", required=False)
    to_user_id = find_addressee(actor, to)
    to_asker = to_user_id == facts.writer_id and not facts.anonymous
    if to_user_id is None or to_user_id == facts.addressee_id or to_asker:
        raise Invalid("to", "not_available")
    change_open(
        topic.id,
        Question.addressee_id == facts.addressee_id,
        addressee_id=to_user_id,
        due_at=clock.now() + timedelta(hours=planet.answer_due_hours),
    )
    write_log(
        topic.id,
        "handed_on",
        actor_id=actor.user_id,
        from_user_id=facts.addressee_id,
        to_user_id=to_user_id,
        note="" if actor.isolated else note,
    )
    touch_topic(topic.id)
    put(QuestionHandedOn(topic_id=topic.id, to_user_id=to_user_id))


def accept(actor: Actor, *, topic: TopicRow, facts: TopicFacts) -> None:
    """Mark the answer as what the asker needed. Twice is once."""
    require(actor, Action.QUESTION_ACCEPT, facts)
    who = _named(actor, facts)
    if _change(topic.id, Question.accepted_at.is_(None), accepted_at=clock.now(), accepted_by=who):
        write_log(topic.id, "accepted", actor_id=who)
        touch_topic(topic.id)
        put(TopicChanged(topic_id=topic.id))


def unaccept(actor: Actor, *, topic: TopicRow, facts: TopicFacts) -> None:
    """Take the mark back. Twice is once."""
    require(actor, Action.QUESTION_ACCEPT, facts)
    if _change(topic.id, Question.accepted_at.is_not(None), accepted_at=None, accepted_by=None):
        write_log(topic.id, "unaccepted", actor_id=_named(actor, facts))
        touch_topic(topic.id)
        put(TopicChanged(topic_id=topic.id))


def withdraw(actor: Actor, *, topic: TopicRow, facts: TopicFacts) -> None:
    """Take a question back that nobody answered: it waits for nobody any more. Twice is once. Conflict
    when an answer came first: then it is for `withdrawing`."""
    require(actor, Action.QUESTION_WITHDRAW, facts)
    lock_question(topic.id)
    answered = select(Question.answered_at).where(Question.topic_id == topic.id)
    if db.session.scalar(answered) is not None:
        raise Conflict(topic.public_id)
    if _change(topic.id, Question.withdrawn_at.is_(None), withdrawn_at=clock.now()):
        write_log(topic.id, "withdrawn", actor_id=_named(actor, facts))
        touch_topic(topic.id)
        put(TopicChanged(topic_id=topic.id))


def reveal(actor: Actor, *, topic: TopicRow, facts: TopicFacts, reason: str) -> None:
    """Let the owner see who asked anonymously. The reason is kept in the question's log, which the
    asker reads too, and in the audit trail. Again by the same owner is once."""
    require(actor, Action.QUESTION_REVEAL, facts)
    reason = checked_note(reason, field="reason")
    lock_question(topic.id)
    if is_revealed_to(actor, topic.id):
        return
    write_log(topic.id, "revealed", actor_id=actor.user_id, note=reason)
    audit.record(
        "question.reveal",
        actor_id=actor.user_id,
        planet_id=topic.planet_id,
        subject=("topic", topic.id),
        reason=reason,
    )


def mark_overdue(now: datetime) -> int:
    """Note which questions have passed their due time unanswered and put the event of each, once
    per question for ever. Returns how many, at most 200: the rest comes with the next call.

    Runs in the caller's unit of work.
    """
    waiting = (
        select(Question.topic_id)
        .join(Topic, Topic.id == Question.topic_id)
        .where(
            *_open(),
            Question.due_at <= now,
            Question.overdue_told_at.is_(None),
            Topic.deleted_at.is_(None),
            Topic.isolated.is_(False),
        )
        .order_by(Question.due_at)
        .limit(OVERDUE_BATCH)
        # Two workers on PostgreSQL take different ones instead of waiting for each other.
        .with_for_update(skip_locked=True, of=Question)
    )
    told = db.session.scalars(
        update(Question)
        .where(Question.topic_id.in_(waiting), Question.overdue_told_at.is_(None), *_open())
        .values(overdue_told_at=now)
        .returning(Question.topic_id)
        .execution_options(synchronize_session=False)
    ).all()
    for topic_id in told:
        put(QuestionOverdue(topic_id=topic_id))
    return len(told)


# --- shared with answers -------------------------------------------------------------------------


def lock_question(topic_id: int) -> None:
    """Hold the topic's row until the unit of work ends: acts on one question queue up here.

    Before the question's own row, always: two acts that took them crosswise would wait for ever.
    """
    db.session.execute(select(Topic.id).where(Topic.id == topic_id).with_for_update())


def change_open(topic_id: int, *also: ColumnElement[bool], **values: Any) -> None:
    """Change a question that is still open; Conflict when it no longer is."""
    if not _change(topic_id, *_open(), *also, **values):
        raise Conflict(str(topic_id))


def write_log(topic_id: int, event: str, *, actor_id: int | None, **values: Any) -> None:
    """Add a line to the question's log; no actor where an anonymous asker acted."""
    db.session.add(
        QuestionLogEntry(
            topic_id=topic_id, at=clock.now(), actor_id=actor_id, event=event, **values
        )
    )


def _named(actor: Actor, facts: TopicFacts) -> int | None:
    """Return who is written down as the doer: nobody when he asked anonymously."""
    asks = facts.anonymous and facts.writer_id == actor.user_id
    return None if asks else actor.user_id


# --- rows ----------------------------------------------------------------------------------------


def _open() -> tuple[ColumnElement[bool], ...]:
    return (
        Question.answered_at.is_(None),
        Question.declined_at.is_(None),
        Question.withdrawn_at.is_(None),
    )


def _change(topic_id: int, *conditions: ColumnElement[bool], **values: Any) -> bool:
    """Change the question where the conditions hold; tells whether they did."""
    lock_question(topic_id)
    statement = update(Question).where(Question.topic_id == topic_id, *conditions).values(**values)
    done = db.session.execute(statement.execution_options(synchronize_session=False))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def checked_note(typed: str, *, field: str, required: bool = True) -> str:
    """Return a reason as it is kept; Invalid(field, "empty") or ("too_long")."""
    text = tidy(typed)
    if required and not text:
        raise Invalid(field, "empty")
    if len(text) > MAX_NOTE:
        raise Invalid(field, "too_long", limit=MAX_NOTE, length=len(text))
    return text


def _topic_row(actor: Actor, question: NewQuestion) -> Topic:
    moment = clock.now()
    return Topic(
        public_id=question.key,
        planet_id=actor.planet.id if actor.planet else None,
        kind="question",
        author_id=None if question.wish.anonymous else actor.user_id,
        source=question.body.source,
        html=question.body.html,
        excerpt=question.body.excerpt,
        render_version=question.body.render_version,
        created_at=moment,
        published_at=moment,
        last_activity_at=moment,
        isolated=actor.isolated,
    )


def _question_row(
    actor: Actor, planet: PlanetView, topic: Topic, wish: AskWish, addressee_id: int
) -> None:
    db.session.add(
        Question(
            topic_id=topic.id,
            planet_id=topic.planet_id,
            asker_id=actor.user_id,
            addressee_id=addressee_id,
            anonymous=wish.anonymous,
            private=wish.private,
            asked_at=topic.created_at,
            due_at=topic.created_at + timedelta(hours=planet.answer_due_hours),
        )
    )
    write_log(topic.id, "asked", actor_id=topic.author_id, to_user_id=addressee_id)


def _attach_images(actor: Actor, topic: Topic, wish: AskWish) -> None:
    rows = attach(actor, owner_type="topic", owner_id=topic.id, public_ids=wish.images)
    if any(row.purpose != "image" for row in rows):
        raise Invalid("attachments", "only_images")
    if wish.anonymous:
        forget_names(rows)
    topic.image_count = len(rows)


def asked_before(actor: Actor, question: NewQuestion) -> TopicRef | None:
    """Return the question this form asked when it was sent the first time, None if it was not."""
    row = db.session.execute(
        select(Topic.id, Topic.public_id, Topic.slug, Topic.published_at)
        .join(Question, Question.topic_id == Topic.id)
        .where(
            Topic.public_id == question.key,
            Topic.source == question.body.source,
            Question.asker_id == actor.user_id,
        )
    ).one_or_none()
    return TopicRef(*row) if row else None
