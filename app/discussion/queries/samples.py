"""Topics opened to everyone, and honest counts of what happened: for a planet's first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.discussion.models import Answer
from app.discussion.queries.feed import ENTRY_COLUMNS, FeedEntry, read_entry, reader_columns
from app.discussion.queries.visible import (
    QUESTIONS,
    TOPICS,
    Q,
    T,
    not_deleted,
    visible_topics,
)
from app.kernel.db import db, unindexed
from app.policy import Actor

A = Answer.__table__.c


def list_samples(actor: Actor, *, limit: int = 5) -> list[FeedEntry]:
    """Return the samples of the actor's planet that he may read, the last opened first."""
    # Only of a reader who may see what is scheduled is it asked; for the others `visible_topics` says it.
    time_has_come = unindexed(T.published_at) <= actor.now
    statement = (
        visible_topics(actor)
        .where(time_has_come, not_deleted(), T.public_sample_at.is_not(None))
        .with_only_columns(*ENTRY_COLUMNS, *reader_columns(actor), maintain_column_froms=True)
        .order_by(T.public_sample_at.desc(), T.id.desc())
        .limit(limit)
    )
    return [read_entry(actor, row) for row in db.session.execute(statement)]


def find_newest(planet_id: int) -> datetime | None:
    """Return when the planet's newest topic appears or appeared: it tells that there is one more."""
    newest: datetime | None = db.session.scalar(
        select(func.max(T.published_at)).where(T.planet_id == planet_id)
    )
    return newest


@dataclass(frozen=True, slots=True)
class Activity:
    """How many posts were published and how many questions answered in a stretch of time."""

    posts: int
    answers: int


def count_activity(planet_id: int, *, since: datetime, now: datetime) -> Activity:
    """Return what happened in a planet from `since` to `now` that all its members can read.

    Deleted topics, private questions and what isolated people wrote do not count. One query.
    """
    posts = select(func.count()).where(
        T.planet_id == planet_id,
        T.kind == "post",
        T.published_at > since,
        T.published_at <= now,
        T.deleted_at.is_(None),
        T.isolated.is_(False),
    )
    answers = (
        select(func.count())
        .select_from(
            QUESTIONS.join(TOPICS, T.id == Q.topic_id).join(Answer.__table__, A.topic_id == T.id)
        )
        .where(
            Q.planet_id == planet_id,
            Q.private.is_(False),
            Q.answered_at > since,
            Q.answered_at <= now,
            T.deleted_at.is_(None),
            T.isolated.is_(False),
            A.isolated.is_(False),
        )
    )
    row = db.session.execute(select(posts.scalar_subquery(), answers.scalar_subquery())).one()
    return Activity(*row)
