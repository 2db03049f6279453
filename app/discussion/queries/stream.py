"""The latest comments of a planet, for those who look after it; and what waits for its time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from app.discussion.queries.authors import Author, AuthorJoin
from app.discussion.queries.pages import Cursor
from app.discussion.queries.visible import (
    COMMENTS,
    C,
    T,
    comment_is_visible,
    not_deleted,
    topic_is_mine,
    topic_is_visible,
    topics_with_questions,
    visible_topics,
)
from app.kernel.db import db
from app.policy import Action, Actor, require

PAGE_SIZE = 50
_author = AuthorJoin("author")


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """A comment in the stream. `author` is None for an anonymous asker's follow-up."""

    public_id: str
    html: str
    created_at: datetime
    author: Author | None
    topic_public_id: str
    topic_slug: str
    topic_title: str


@dataclass(frozen=True, slots=True)
class Stream:
    """A page of the stream, the latest first; `older` is where the next one begins."""

    entries: list[StreamEntry]
    older: Cursor | None


@dataclass(frozen=True, slots=True)
class ScheduledTopic:
    """A topic that waits for its time. `title` may be the beginning of its text."""

    public_id: str
    slug: str
    title: str
    published_at: datetime
    author: Author | None


def list_latest_comments(actor: Actor, *, before: Cursor | None = None) -> Stream:
    """Return the planet's latest comments that the actor may read; NotFound or Refused for others."""
    require(actor, Action.COMMENT_STREAM)
    source = _author.onto(
        COMMENTS.join(topics_with_questions(), T.id == C.topic_id), C.author_id, T.planet_id
    )
    columns = (C.public_id, C.html, C.created_at, T.public_id, T.slug, T.title, T.excerpt)
    statement = (
        select(*columns, *_author.columns)
        .select_from(source)
        .where(
            C.planet_id == (actor.planet.id if actor.planet else 0),
            C.deleted_at.is_(None),
            topic_is_visible(actor),
            not_deleted(),
            comment_is_visible(actor),
        )
    )
    if before is not None:
        statement = statement.where(_older_than(before))
    rows = db.session.execute(
        statement.order_by(C.created_at.desc(), C.id.desc()).limit(PAGE_SIZE + 1)
    ).all()
    if not rows and before is not None:
        return list_latest_comments(actor)
    entries = [_entry(row, actor.now) for row in rows[:PAGE_SIZE]]
    more = len(rows) > PAGE_SIZE
    older = Cursor(entries[-1].created_at, entries[-1].public_id) if more else None
    return Stream(entries, older)


def list_scheduled(actor: Actor) -> list[ScheduledTopic]:
    """Return the topics that wait for their time: one's own, and all of them for staff."""
    source = _author.onto(topics_with_questions(), T.author_id, T.planet_id)
    whose = visible_topics(actor).where(T.published_at > actor.now, not_deleted())
    if not actor.staff:
        whose = whose.where(topic_is_mine(actor))
    columns = (T.public_id, T.slug, T.title, T.excerpt, T.published_at)
    statement = (
        select(*columns, *_author.columns)
        .select_from(source)
        .where(T.id.in_(whose))
        .order_by(T.published_at, T.id)
    )
    return [
        ScheduledTopic(public_id, slug, title or excerpt, at, _author.read(author, actor.now))
        for public_id, slug, title, excerpt, at, *author in db.session.execute(statement)
    ]


def _older_than(place: Cursor) -> Any:
    tie = select(C.id).where(C.public_id == place.public_id).correlate(None).scalar_subquery()
    past = or_(C.created_at < place.published_at, C.id < tie)
    return and_(C.created_at <= place.published_at, past)


def _entry(row: Any, now: datetime) -> StreamEntry:
    public_id, html, created_at, topic, slug, title, excerpt, *author = row
    return StreamEntry(
        public_id, html, created_at, _author.read(author, now), topic, slug, title or excerpt
    )
