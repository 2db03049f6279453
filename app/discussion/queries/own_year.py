"""What a member did in a planet in the last year, for the page where he renews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from app.discussion.models import Comment, Question, ReadMark
from app.kernel.db import db
from app.policy import Actor

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class OwnYear:
    """How many topics he read, questions he asked and had answered, comments he wrote."""

    read: int
    asked: int
    answered: int
    comments: int


def count_own_year(actor: Actor) -> OwnYear:
    """Return what the actor did in his planet in the last 365 days. One query."""
    planet_id = actor.planet.id if actor.planet else None
    since = actor.now - YEAR
    asked = select(func.count()).where(
        Question.asker_id == actor.user_id,
        Question.planet_id == planet_id,
        Question.asked_at > since,
    )
    counts = (
        select(func.count()).where(
            ReadMark.user_id == actor.user_id,
            ReadMark.planet_id == planet_id,
            ReadMark.read_at > since,
        ),
        asked,
        asked.where(Question.answered_at.is_not(None)),
        select(func.count()).where(
            Comment.author_id == actor.user_id,
            Comment.planet_id == planet_id,
            Comment.created_at > since,
            Comment.deleted_at.is_(None),
        ),
    )
    row = db.session.execute(select(*(count.scalar_subquery() for count in counts))).one()
    return OwnYear(*row)
