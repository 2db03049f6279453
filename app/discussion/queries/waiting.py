"""What waits for a person in all his planets: topics he has not opened, questions to answer.

Whole planets are counted in one statement, so here the policy's reading rules stand once more, on
columns of the membership instead of an actor; a test holds them to `can`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    ScalarSelect,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from app.discussion.models import ReadMark
from app.discussion.queries.visible import QUESTIONS, TOPICS, Q, T, topics_with_questions
from app.kernel.db import Id, UtcDateTime
from app.kernel.reading import Ready
from app.memberships.models import Membership
from app.planets.models import Planet
from app.policy import PlanetRole

# A number above this is shown as "99+"; counting further would be work for nothing.
CAP = 100
# Who has opened everything for years would have all of it looked through on each page.
WINDOW = 120
_STAFF = (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.ADMIN)
M = Membership.__table__.c
P = Planet.__table__.c
R = ReadMark.__table__.c
N = TOPICS.alias("newest").c
_ME: BindParameter[int] = bindparam("me", type_=Id)
_NOW: BindParameter[datetime] = bindparam("now", type_=UtcDateTime())

_TO_ANSWER = (
    Q.addressee_id == _ME,
    Q.answered_at.is_(None),
    Q.declined_at.is_(None),
    Q.withdrawn_at.is_(None),
    T.deleted_at.is_(None),
    T.isolated.is_(False),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in one planet: topics not opened yet, questions to answer."""

    unread: int = 0
    questions: int = 0


def _unread() -> ScalarSelect[int]:
    newest = (
        select(N.id)
        .where(
            N.planet_id == M.planet_id, N.published_at > M.read_through_at, N.published_at <= _NOW
        )
        .order_by(N.published_at.desc(), N.id.desc())
        .limit(bindparam("window", type_=Integer))
        .correlate(Membership.__table__)
        .subquery()
    )
    opened = exists().where(R.user_id == _ME, R.topic_id == newest.c.id)
    unread = (
        select(T.id)
        .select_from(newest.join(topics_with_questions(), T.id == newest.c.id))
        .where(
            ~opened,
            T.deleted_at.is_(None),
            T.isolated.is_(False),
            func.coalesce(Q.asker_id, T.author_id) != _ME,
            or_(Q.topic_id.is_(None), _question_open_to_me()),
        )
        .limit(bindparam("cap", type_=Integer))
        .correlate(Membership.__table__, Planet.__table__)
        .subquery()
    )
    return select(func.count()).select_from(unread).scalar_subquery()


def _question_open_to_me() -> ColumnElement[bool]:
    """Return whether a question of another can be read by somebody inside, from his row's columns."""
    queued = and_(P.question_queue_open, Q.declined_at.is_(None), Q.withdrawn_at.is_(None))
    open_to_all = or_(Q.answered_at.is_not(None), queued, T.public_sample_at.is_not(None))
    staff = or_(*(M.role == role.value for role in _STAFF))
    return or_(staff, Q.addressee_id == _ME, and_(Q.private.is_(False), open_to_all))


def _questions() -> ScalarSelect[int]:
    """Return how many open questions of a planet are put to the person."""
    return (
        select(func.count())
        .select_from(QUESTIONS.join(TOPICS, T.id == Q.topic_id))
        .where(Q.planet_id == M.planet_id, *_TO_ANSWER)
        .correlate(Membership.__table__)
        .scalar_subquery()
    )


_WAITING = Ready(
    select(M.planet_id, _unread(), _questions())
    .select_from(Membership.__table__.join(Planet.__table__, P.id == M.planet_id))
    .where(
        M.user_id == _ME,
        M.planet_id.in_(bindparam("planets", type_=Id, expanding=True)),
        M.joined_at.is_not(None),
        M.left_at.is_(None),
        M.removed_at.is_(None),
    )
)


_ASKED = Ready(
    select(Q.planet_id, func.count())
    .select_from(QUESTIONS.join(TOPICS, T.id == Q.topic_id))
    .where(*_TO_ANSWER)
    .group_by(Q.planet_id)
)


def count_waiting(user_id: int, now: datetime, planet_ids: Collection[int]) -> dict[int, Waiting]:
    """Return planet id -> what waits for a person in these planets. One query, bounded in each planet.

    New is what he may read, did not write, has not opened, and was published after everything
    counted as read, among the newest WINDOW topics; counted up to CAP. Planets he never entered or
    has left are left out; whether he is inside the others is for the caller to know.
    """
    if not planet_ids:
        return {}
    rows = _WAITING.rows(me=user_id, now=now, window=WINDOW, cap=CAP, planets=planet_ids)
    return {row[0]: Waiting(row[1], row[2]) for row in rows}


def count_questions(user_id: int) -> dict[int, int]:
    """Return planet id -> how many open questions are put to a person there; planets without any are
    left out, those he is not inside any more are not."""
    return {row[0]: row[1] for row in _ASKED.rows(me=user_id)}
