"""Whom a question may be asked to, and how many somebody may still ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, and_, case, or_, select

from app.accounts.models import User
from app.billing.models import PaidQuestion
from app.discussion.queries.authors import Author, AuthorJoin
from app.discussion.queries.visible import QUESTIONS, Q
from app.kernel.db import db
from app.memberships.models import Membership
from app.planets.queries import PlanetView
from app.policy import Actor, PlanetRole

ASKED_ROLES = (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.GUEST)
QUOTA_PERIOD = timedelta(days=7)
_PAID = PaidQuestion.__table__
M = Membership.__table__.c
U = User.__table__.c
_MEMBERS: FromClause = Membership.__table__.join(User.__table__, U.id == M.user_id)


@dataclass(frozen=True, slots=True)
class Quota:
    """How many questions somebody may ask in any seven days. `again_at`: when the next one is free,
    None while some are left."""

    limit: int
    used: int
    again_at: datetime | None

    @property
    def left(self) -> int:
        """How many may be asked now."""
        return max(0, self.limit - self.used)


def takes_questions(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a member of the planet is asked: his role, his wish, his standing.

    An isolated one is left out, for nobody would see his answer.
    """
    return and_(
        M.role.in_([role.value for role in ASKED_ROLES]),
        M.takes_questions.is_(True),
        M.joined_at.is_not(None),
        M.left_at.is_(None),
        M.removed_at.is_(None),
        M.isolated_at.is_(None),
        or_(M.expires_at.is_(None), M.expires_at > now),
        U.deactivated_at.is_(None),
    )


def list_addressees(actor: Actor, *, without: int | None) -> list[Author]:
    """Return who takes questions in the actor's planet, the owner first; `without` this user id."""
    author = AuthorJoin("addressee")
    by_role = case({role.value: n for n, role in enumerate(ASKED_ROLES)}, value=M.role)
    statement = (
        select(*author.columns)
        .select_from(author.onto(_MEMBERS, M.user_id, M.planet_id))
        .where(_here(actor), takes_questions(actor.now), M.user_id != (without or 0))
        .order_by(by_role, M.number, M.id)
    )
    people = (author.read(row, actor.now) for row in db.session.execute(statement))
    return [person for person in people if person is not None]


def find_addressee(actor: Actor, member: str) -> int | None:
    """Return the user id of the member with this public id when he takes questions, else None."""
    user_id: int | None = db.session.scalar(
        select(M.user_id)
        .select_from(_MEMBERS)
        .where(_here(actor), takes_questions(actor.now), M.public_id == member)
    )
    return user_id


def takes_user(actor: Actor, user_id: int) -> bool:
    """Whether a person takes questions in the actor's planet, and is another than he."""
    found = (
        select(M.id)
        .select_from(_MEMBERS)
        .where(_here(actor), takes_questions(actor.now), M.user_id == user_id)
    )
    return user_id != actor.user_id and db.session.scalar(found) is not None


def _here(actor: Actor) -> ColumnElement[bool]:
    planet_id = actor.planet.id if actor.planet else 0
    return M.planet_id == planet_id


def read_quota(actor: Actor, planet: PlanetView) -> Quota:
    """Return what is left of the actor's free questions. Every question of the last seven days
    counts, also one declined or withdrawn, but none that was paid for: the week rolls with the clock,
    there is no reset day."""
    times = list(
        db.session.scalars(
            select(Q.asked_at)
            .select_from(QUESTIONS.outerjoin(_PAID, _PAID.c.topic_id == Q.topic_id))
            .where(
                Q.asker_id == actor.user_id,
                Q.planet_id == planet.id,
                Q.asked_at > actor.now - QUOTA_PERIOD,
                _PAID.c.order_id.is_(None),
            )
            .order_by(Q.asked_at)
        )
    )
    limit = planet.question_quota_per_week
    again_at = None
    if times and len(times) >= limit > 0:
        again_at = times[len(times) - limit] + QUOTA_PERIOD
    return Quota(limit=limit, used=len(times), again_at=again_at)
