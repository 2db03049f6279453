"""Reading a question: the part its page shows, its log, its asker for the owner who revealed him.

The asker of an anonymous question is in none of these rows: pages get `asked_by_me` and, after
revealing, the owner gets an Author from `find_revealed_asker`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import and_, case, or_, select

from app.billing.models import PaidQuestion
from app.discussion.models import Answer, QuestionLogEntry
from app.discussion.queries.authors import AUTHOR_WIDTH, Author, AuthorJoin
from app.discussion.queries.cards import question_state
from app.discussion.queries.visible import QUESTIONS, TOPICS, Q, T
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.policy import Action, Actor, TopicFacts, require

MEDIAN_PERIOD = timedelta(days=90)
MEDIAN_OF = 1_000
A = Answer.__table__.c
PAID = PaidQuestion.__table__.c
LOG = QuestionLogEntry.__table__.c


# --- the page of one question --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The answer on the question's page. `unseen`: only its isolated writer sees it."""

    id: int
    public_id: str
    writer_id: int
    author: Author | None
    html: str
    created_at: datetime
    edited: bool
    unseen: bool


@dataclass(frozen=True, slots=True)
class QuestionView:
    """The question part of a topic on its own page. `state`: open, answered, declined, withdrawn."""

    state: str
    addressee: Author | None
    addressee_id: int
    anonymous: bool
    private: bool
    asked_by_me: bool
    asked_at: datetime
    due_at: datetime
    overdue: bool
    declined_at: datetime | None
    decline_reason: str
    withdrawn: bool
    accepted: bool
    answer: AnswerView | None
    paid: bool
    paid_until: datetime | None
    outcome: str
    hiding_asked: bool


_addressee = AuthorJoin("addressee")
_answerer = AuthorJoin("answerer")
_PART = (
    Q.asker_id,
    Q.addressee_id,
    Q.anonymous,
    Q.private,
    Q.asked_at,
    Q.due_at,
    Q.answered_at,
    Q.declined_at,
    Q.decline_reason,
    Q.withdrawn_at,
    Q.accepted_at,
    PAID.order_id,
    PAID.due_at,
    PAID.outcome,
)
_ANSWER = (A.id, A.public_id, A.author_id, A.html, A.created_at, A.edited_at, A.isolated)


def get_question(actor: Actor, topic_id: int) -> QuestionView:
    """Return the question part of a topic the actor may read; one query. NotFound when it is none."""
    shown = or_(A.isolated.is_(False), A.author_id == (actor.user_id or 0))
    source = QUESTIONS.outerjoin(Answer.__table__, and_(A.topic_id == Q.topic_id, shown))
    source = source.outerjoin(PaidQuestion.__table__, PAID.topic_id == Q.topic_id)
    source = _addressee.onto(source, Q.addressee_id, Q.planet_id)  # type: ignore[assignment]
    source = _answerer.onto(source, A.author_id, Q.planet_id)  # type: ignore[assignment]
    columns = (*_PART, *_ANSWER, *_addressee.columns, *_answerer.columns)
    # What everybody sees outweighs what an isolated addressee wrote before it was handed on.
    statement = select(*columns).select_from(source).where(Q.topic_id == topic_id)
    row = db.session.execute(statement.order_by(A.isolated)).first()
    if row is None:
        raise NotFound(str(topic_id))
    return _read_question(actor, topic_id, row)


def _read_question(actor: Actor, topic_id: int, row: Sequence[Any]) -> QuestionView:
    (
        asker_id,
        addressee_id,
        anonymous,
        private,
        asked_at,
        due_at,
        answered_at,
        declined_at,
        decline_reason,
        withdrawn_at,
        accepted_at,
        order_id,
        paid_until,
        outcome,
    ) = row[: len(_PART)]
    rest = row[len(_PART) :]
    answer = _read_answer(actor, rest)
    seen_answer_at = answer.created_at if answer else answered_at
    state = question_state(seen_answer_at, declined_at, withdrawn_at)
    return QuestionView(
        state=state,
        addressee=_addressee.read(rest[len(_ANSWER) : len(_ANSWER) + AUTHOR_WIDTH], actor.now),
        addressee_id=addressee_id,
        anonymous=anonymous,
        private=private,
        asked_by_me=actor.user_id is not None and asker_id == actor.user_id,
        asked_at=asked_at,
        due_at=due_at,
        overdue=state == "open" and due_at <= actor.now,
        declined_at=declined_at,
        decline_reason=decline_reason,
        withdrawn=withdrawn_at is not None,
        accepted=accepted_at is not None,
        answer=answer,
        paid=order_id is not None,
        paid_until=paid_until,
        outcome=outcome or "",
        # Whoever asks for that is anonymous by then.
        hiding_asked=bool(anonymous and answered_at and withdrawn_at is None)
        and find_hiding_request(topic_id) is not None,
    )


def _read_answer(actor: Actor, rest: Sequence[Any]) -> AnswerView | None:
    id_, public_id, writer_id, html, created_at, edited_at, isolated = rest[: len(_ANSWER)]
    if id_ is None:
        return None
    return AnswerView(
        id=id_,
        public_id=public_id,
        writer_id=writer_id,
        author=_answerer.read(rest[len(_ANSWER) + AUTHOR_WIDTH :], actor.now),
        html=html,
        created_at=created_at,
        edited=edited_at is not None,
        unseen=isolated,
    )


# --- the log -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogLine:
    """What happened to a question. `actor` is None where an anonymous asker acted."""

    at: datetime
    event: str
    actor: Author | None
    from_: Author | None
    to: Author | None
    note: str


ASKERS_EVENTS = ("asked", "accepted", "unaccepted", "withdrawn", "unnamed", "hiding_asked")
HIDING_ASKED = "hiding_asked"
_HIDING = (HIDING_ASKED, "hidden", "kept")


def find_hiding_request(topic_id: int) -> str | None:
    """Return the reason for which the asker wants the words hidden; None when nothing is asked."""
    statement = (
        select(LOG.event, LOG.note)
        .where(LOG.topic_id == topic_id, LOG.event.in_(_HIDING))
        .order_by(LOG.id.desc())
        .limit(1)
    )
    row = db.session.execute(statement).one_or_none()
    return str(row[1]) if row and row[0] == HIDING_ASKED else None


def list_log(actor: Actor, topic_id: int, facts: TopicFacts) -> list[LogLine]:
    """Return the log of a question in order, for its parties and staff; one query."""
    require(actor, Action.QUESTION_LOG, facts)
    doer, giver, taker = AuthorJoin("doer"), AuthorJoin("giver"), AuthorJoin("taker")
    source: Any = QuestionLogEntry.__table__.join(TOPICS, T.id == LOG.topic_id)
    source = source.join(QUESTIONS, Q.topic_id == LOG.topic_id)
    # The rows do not name an anonymous asker either; this holds even if one did.
    hidden = and_(Q.anonymous, LOG.actor_id == Q.asker_id, LOG.event.in_(ASKERS_EVENTS))
    source = doer.onto(source, case((hidden, None), else_=LOG.actor_id), T.planet_id)
    source = giver.onto(source, LOG.from_user_id, T.planet_id)
    source = taker.onto(source, LOG.to_user_id, T.planet_id)
    statement = (
        select(LOG.at, LOG.event, LOG.note, *doer.columns, *giver.columns, *taker.columns)
        .select_from(source)
        .where(LOG.topic_id == topic_id)
        .order_by(LOG.at, LOG.id)
    )
    w = AUTHOR_WIDTH
    return [
        LogLine(
            at=row[0],
            event=row[1],
            note=row[2],
            actor=doer.read(row[3 : 3 + w], actor.now),
            from_=giver.read(row[3 + w : 3 + 2 * w], actor.now),
            to=taker.read(row[3 + 2 * w :], actor.now),
        )
        for row in db.session.execute(statement)
    ]


def is_revealed_to(actor: Actor, topic_id: int) -> bool:
    """Return whether this very owner has revealed the asker; a later owner must do so himself."""
    entry = select(LOG.id).where(
        LOG.topic_id == topic_id, LOG.event == "revealed", LOG.actor_id == actor.user_id
    )
    return actor.owns and db.session.scalar(entry.limit(1)) is not None


def find_revealed_asker(actor: Actor, topic_id: int) -> Author | None:
    """Return who asked anonymously, to the owner who has revealed it with a reason; None to others."""
    if not is_revealed_to(actor, topic_id):
        return None
    asker = AuthorJoin("asker")
    source = asker.onto(QUESTIONS, Q.asker_id, Q.planet_id)
    row = db.session.execute(
        select(*asker.columns).select_from(source).where(Q.topic_id == topic_id)
    ).one_or_none()
    return asker.read(row, actor.now) if row else None


# --- how long answers take -----------------------------------------------------------------------


def median_answer_time(actor: Actor) -> timedelta | None:
    """Return the median time from asking to answering in this planet, over the questions answered in
    the last 90 days, of 1,000 at most; None when there are none. For staff."""
    require(actor, Action.STATS_READ)
    planet_id = actor.planet.id if actor.planet else 0
    recent = (
        Q.planet_id == planet_id,
        Q.answered_at > actor.now - MEDIAN_PERIOD,
        T.isolated.is_(False),
    )
    source = QUESTIONS.join(TOPICS, T.id == Q.topic_id)
    times = db.session.execute(
        select(Q.asked_at, Q.answered_at)
        .select_from(source)
        .where(*recent)
        .order_by(Q.answered_at.desc(), Q.topic_id.desc())
        .limit(MEDIAN_OF)
    )
    took_each = [answered - asked for asked, answered in times]
    return median(took_each) if took_each else None
