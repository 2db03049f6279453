"""What waits for a person in all his planets: topics he has not opened, questions to answer.

Whole planets are counted in one statement, so here the policy's reading rules stand once more, on
columns of the membership instead of an actor; a test holds them to `can`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from app.discussion.models import ReadMark
from app.discussion.queries.visible import QUESTIONS, TOPICS, Q, T, topics_with_questions
from app.kernel.db import db
from app.memberships.models import Membership
from app.planets.models import Planet
from app.policy import PlanetRole

# A number above this is shown as "99+"; counting further would be work for nothing.
CAP = 100
_STAFF = [role.value for role in (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.ADMIN)]
M = Membership.__table__.c
P = Planet.__table__.c
R = ReadMark.__table__.c


def count_unread(user_id: int, now: datetime) -> dict[int, int]:
    """Return planet id -> how many topics are new to a person there, at most CAP. One query.

    New is what he may read, did not write, has not opened, and was published after everything
    counted as read. Planets he never entered or has left are left out; whether he is inside the
    others is for the caller to know.
    """
    opened = exists().where(R.user_id == user_id, R.topic_id == T.id)
    unread = (
        select(T.id)
        .select_from(topics_with_questions())
        .where(
            T.planet_id == M.planet_id,
            T.published_at > M.read_through_at,
            T.published_at <= now,
            ~opened,
            T.deleted_at.is_(None),
            T.isolated.is_(False),
            func.coalesce(Q.asker_id, T.author_id) != user_id,
            or_(Q.topic_id.is_(None), _question_open_to(user_id)),
        )
        .limit(CAP)
        .correlate(Membership.__table__, Planet.__table__)
        .subquery()
    )
    counted = select(func.count()).select_from(unread).scalar_subquery()
    rows = db.session.execute(
        select(M.planet_id, counted)
        .select_from(Membership.__table__.join(Planet.__table__, P.id == M.planet_id))
        .where(
            M.user_id == user_id,
            M.joined_at.is_not(None),
            M.left_at.is_(None),
            M.removed_at.is_(None),
        )
    )
    return {row[0]: row[1] for row in rows}


def _question_open_to(user_id: int) -> ColumnElement[bool]:
    """Return whether a question of another can be read by somebody inside, from his row's columns."""
    queued = and_(P.question_queue_open, Q.declined_at.is_(None), Q.withdrawn_at.is_(None))
    open_to_all = or_(Q.answered_at.is_not(None), queued, T.public_sample_at.is_not(None))
    return or_(
        M.role.in_(_STAFF), Q.addressee_id == user_id, and_(Q.private.is_(False), open_to_all)
    )


def count_waiting_questions(user_id: int) -> dict[int, int]:
    """Return planet id -> how many questions wait there for a person's answer; none are left out.

    Planets where he is not inside may be among them: the caller knows where he is.
    """
    rows = db.session.execute(
        select(Q.planet_id, func.count())
        .select_from(QUESTIONS.join(TOPICS, T.id == Q.topic_id))
        .where(
            Q.addressee_id == user_id,
            Q.answered_at.is_(None),
            Q.declined_at.is_(None),
            Q.withdrawn_at.is_(None),
            T.deleted_at.is_(None),
            T.isolated.is_(False),
        )
        .group_by(Q.planet_id)
    )
    return {row[0]: row[1] for row in rows}
