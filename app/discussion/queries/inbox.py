"""Lists of questions: those asked to somebody, those he asked, those waiting in all his planets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select, tuple_

from app.billing.models import PaidQuestion
from app.discussion.models import Answer
from app.discussion.queries.authors import AUTHOR_WIDTH, Author, AuthorJoin
from app.discussion.queries.cards import question_state
from app.discussion.queries.pages import Cursor, Cut, Page, read_page
from app.discussion.queries.visible import (
    QUESTIONS,
    TOPICS,
    Q,
    T,
    not_deleted,
    topic_is_visible,
    topics_with_questions,
)
from app.kernel.db import db
from app.memberships.rows import planet_of
from app.planets.models import Planet
from app.policy import Action, Actor, require

PAGE_SIZE = 20
PAID = PaidQuestion.__table__.c
A = Answer.__table__.c
P = Planet.__table__.c

Scope = Literal["mine", "all"]
Tab = Literal["waiting", "answered", "declined"]


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question in a list. `asker` is None for an anonymous one, unless the reader asked himself:
    then `asked_by_me`. Of a paid one `paid_until` is when its money goes back, `outcome` how it
    ended (`billing.PaidQuestion`). `at` is when it was asked, answered or declined, as the list is
    ordered."""

    public_id: str
    excerpt: str
    asker: Author | None
    addressee: Author | None
    state: str
    private: bool
    asked_by_me: bool
    asked_at: datetime
    due_at: datetime
    overdue: bool
    comment_count: int
    accepted: bool
    paid: bool
    paid_until: datetime | None
    outcome: str
    at: datetime


_asker = AuthorJoin("asker")
_addressee = AuthorJoin("addressee")
_ROW = (
    T.public_id,
    T.excerpt,
    Q.private,
    Q.asker_id,
    Q.asked_at,
    Q.due_at,
    Q.answered_at,
    Q.declined_at,
    Q.withdrawn_at,
    Q.accepted_at,
    T.comment_count,
    PAID.order_id,
    PAID.due_at,
    PAID.outcome,
)


def list_inbox(
    actor: Actor, *, tab: Tab, scope: Scope = "mine", cut: Cut | None = None
) -> Page[QuestionRow]:
    """Return a page of questions to the actor, or to anybody for staff (`scope` all).

    Those waiting come oldest first, the others latest first; one query.
    """
    require(actor, Action.INBOX_READ)
    if scope == "all":
        require(actor, Action.STATS_READ)
    conditions = [T.kind == "question", _in_tab(actor, tab)]
    if scope == "mine":
        conditions.append(Q.addressee_id == actor.user_id)
    if tab == "waiting":
        return _oldest_first(actor, conditions, cut or Cut())
    at = Q.declined_at if tab == "declined" else _answered_at(actor)
    return _latest_first(actor, conditions, cut or Cut(), at)


def list_asked(actor: Actor, *, cut: Cut | None = None) -> Page[QuestionRow]:
    """Return a page of what the actor asked in this planet, latest first; one query."""
    require(actor, Action.ASKED_READ)
    return _latest_first(actor, [Q.asker_id == actor.user_id], cut or Cut(), Q.asked_at)


def count_inbox(actor: Actor, *, scope: Scope = "mine") -> int:
    """Return how many questions wait for the actor, or in the whole planet (`scope` all)."""
    mine = [] if scope == "all" else [Q.addressee_id == actor.user_id]
    statement = select(func.count()).select_from(topics_with_questions())
    waiting = (T.kind == "question", _in_tab(actor, "waiting"))
    conditions = (_here(actor), topic_is_visible(actor), not_deleted(), *waiting, *mine)
    return db.session.scalar(statement.where(*conditions)) or 0


def _in_tab(actor: Actor, tab: Tab) -> ColumnElement[bool]:
    if tab == "declined":
        return Q.declined_at.is_not(None)
    if tab == "answered":
        return _answered_at(actor).is_not(None)
    return and_(_answered_at(actor).is_(None), _is_open())


def _answered_at(actor: Actor) -> ColumnElement[Any]:
    """Return when a question was answered, as the reader knows it: an isolated one sees his own."""
    if not actor.isolated:
        return Q.answered_at
    own = select(A.created_at).where(A.topic_id == Q.topic_id, A.author_id == actor.user_id)
    return func.coalesce(Q.answered_at, own.correlate(QUESTIONS).scalar_subquery())


def _is_open() -> ColumnElement[bool]:
    return and_(Q.answered_at.is_(None), Q.declined_at.is_(None), Q.withdrawn_at.is_(None))


def _rows(actor: Actor, conditions: Sequence[ColumnElement[bool]], at: Any) -> Select[Any]:
    questions = topics_with_questions().outerjoin(PaidQuestion.__table__, PAID.topic_id == T.id)
    source = _asker.onto(questions, T.author_id, T.planet_id)
    source = _addressee.onto(source, Q.addressee_id, T.planet_id)
    own = (_answered_at(actor) if column is Q.answered_at else column for column in _ROW)
    return (
        select(*own, *_asker.columns, *_addressee.columns, at, T.public_id)
        .select_from(source)
        .where(_here(actor), topic_is_visible(actor), not_deleted(), *conditions)
    )


def _here(actor: Actor) -> ColumnElement[bool]:
    """Return that a question is of the actor's planet, as its own row says: by that, and not by all of
    the planet's topics, questions are found."""
    return Q.planet_id == planet_of(actor)


def _latest_first(
    actor: Actor, conditions: Sequence[ColumnElement[bool]], cut: Cut, at: Any
) -> Page[QuestionRow]:
    def read(row: Sequence[Any]) -> QuestionRow:
        return _read_row(actor, row)

    return read_page(_rows(actor, conditions, at), cut, read, size=PAGE_SIZE, keys=(at, Q.topic_id))


def _oldest_first(
    actor: Actor, conditions: Sequence[ColumnElement[bool]], cut: Cut
) -> Page[QuestionRow]:
    """As `read_page`, the other way round: `after` a place are the younger ones, further down."""
    at = Q.asked_at
    statement = _rows(actor, conditions, at)
    place, back = cut.after or cut.before, cut.before is not None
    if place is not None:
        row_id = select(T.id).where(T.public_id == place.public_id).correlate(None)
        key = tuple_(at, Q.topic_id)
        edge = tuple_(literal(place.published_at, at.type), row_id.scalar_subquery())
        statement = statement.where(key < edge if back else key > edge)
    order = (at.desc(), Q.topic_id.desc()) if back else (at, Q.topic_id)
    found = db.session.execute(statement.order_by(*order).limit(PAGE_SIZE + 1)).all()
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if back:
        found = found[::-1]
    items = [_read_row(actor, row) for row in found]
    ends = (Cursor(*found[0][-2:]), Cursor(*found[-1][-2:])) if found else (None, None)
    earlier = ends[0] if (more if back else place is not None) else None
    later = ends[1] if (back or more) else None
    return Page(items, newer=earlier, older=later)


def _read_row(actor: Actor, row: Sequence[Any]) -> QuestionRow:
    (
        public_id,
        excerpt,
        private,
        asker_id,
        asked_at,
        due_at,
        answered_at,
        declined_at,
        withdrawn_at,
        accepted_at,
        comment_count,
        order_id,
        paid_until,
        outcome,
    ) = row[: len(_ROW)]
    people = row[len(_ROW) :]
    state = question_state(answered_at, declined_at, withdrawn_at)
    return QuestionRow(
        public_id=public_id,
        excerpt=excerpt,
        asker=_asker.read(people[:AUTHOR_WIDTH], actor.now),
        addressee=_addressee.read(people[AUTHOR_WIDTH : 2 * AUTHOR_WIDTH], actor.now),
        state=state,
        private=private,
        asked_by_me=asker_id == actor.user_id,
        asked_at=asked_at,
        due_at=due_at,
        overdue=state == "open" and due_at <= actor.now,
        comment_count=comment_count,
        accepted=accepted_at is not None,
        paid=order_id is not None,
        paid_until=paid_until,
        outcome=outcome or "",
        at=people[-2],
    )


# --- across planets ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WaitingQuestion:
    """A question that waits for somebody, in whichever planet."""

    planet_slug: str
    planet_name: str
    public_id: str
    excerpt: str
    asked_at: datetime
    due_at: datetime
    overdue: bool


def list_waiting(
    user_id: int, planet_ids: Collection[int], now: datetime, *, limit: int = 20
) -> list[WaitingQuestion]:
    """Return the questions that wait for a person in these planets, oldest first; one query.

    `planet_ids` are those he is inside of now: the caller has them for the page anyway.
    """
    if not planet_ids:
        return []
    statement = (
        select(P.slug, P.name, T.public_id, T.excerpt, Q.asked_at, Q.due_at)
        .select_from(_waiting_source().join(Planet.__table__, P.id == Q.planet_id))
        .where(*_waits_for(user_id, planet_ids))
        .order_by(Q.asked_at, Q.topic_id)
        .limit(limit)
    )
    return [WaitingQuestion(*row, overdue=row[5] <= now) for row in db.session.execute(statement)]


def _waiting_source() -> Any:
    return QUESTIONS.join(TOPICS, T.id == Q.topic_id)


def _waits_for(user_id: int, planet_ids: Collection[int]) -> tuple[ColumnElement[bool], ...]:
    answered = exists().where(A.topic_id == Q.topic_id, A.author_id == user_id)
    return (
        Q.addressee_id == user_id,
        Q.planet_id.in_(list(planet_ids)),
        _is_open(),
        not_deleted(),
        or_(T.isolated.is_(False), Q.asker_id == user_id),
        ~answered,
    )
