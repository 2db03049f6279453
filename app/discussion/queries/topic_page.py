"""One topic: as it is to this reader, its text for editors, its versions, its neighbours in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, literal, or_, select

from app.discussion.models import Revision
from app.discussion.queries.authors import Author, AuthorJoin
from app.discussion.queries.facts import FACT_COLUMNS, read_topic_facts
from app.discussion.queries.feed import ENTRY_COLUMNS, FeedEntry, read_entry, reader_columns
from app.discussion.queries.kinds import Kind, kind_of, stand_in, values_of
from app.discussion.queries.visible import (
    T,
    published,
    text_is_visible,
    topic_is_visible,
    topics_with_questions,
    visible_topics,
)
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.kernel.reading import Ready
from app.policy import Action, Actor, TopicFacts, can

V = Revision.__table__.c


@dataclass(frozen=True, slots=True)
class TopicText:
    """A topic's words as they were typed. `edits` counts how often they were replaced."""

    facts: TopicFacts
    id: int
    public_id: str
    title: str
    slug: str
    source: str
    published_at: datetime
    edits: int


@dataclass(frozen=True, slots=True)
class Version:
    """What a topic said until `replaced_at`, and who replaced it (None: an anonymous asker)."""

    number: int
    title: str
    source: str
    replaced_at: datetime
    editor: Author | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A topic beside another one. `title` may be the beginning of its text."""

    public_id: str
    slug: str
    title: str
    published_at: datetime


def get_entry(actor: Actor, public_id: str) -> FeedEntry:
    """Return the topic as it is to this reader, also a marker or a scheduled one; one query.

    NotFound when it is hidden from him or not of his planet.
    """
    row = _entry(kind_of(actor)).first(**values_of(actor), public_id=public_id)
    if row is None:
        raise NotFound(public_id)
    return read_entry(actor, row)


@cache
def _entry(kind: Kind) -> Ready:
    reader = stand_in(kind)
    return Ready(
        select(*ENTRY_COLUMNS, *reader_columns(reader))
        .select_from(topics_with_questions())
        .where(T.public_id == bindparam("public_id"), topic_is_visible(reader))
    )


def get_text(actor: Actor, public_id: str) -> TopicText:
    """Return a topic's words for copying and editing; NotFound when he may not read them."""
    edits = (
        select(V.number)
        .where(V.subject_type == "topic", V.subject_id == T.id)
        .order_by(V.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = (T.id, T.public_id, T.title, T.slug, T.source, T.published_at, edits)
    statement = (
        select(*FACT_COLUMNS, *columns)
        .select_from(topics_with_questions())
        .where(T.public_id == public_id, T.planet_id == (actor.planet.id if actor.planet else 0))
    )
    row = db.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound(public_id)
    facts = read_topic_facts(row)
    if not can(actor, Action.TOPIC_TEXT_READ, facts):
        raise NotFound(public_id)
    topic_id, _id, title, slug, source, published_at, edits_made = row[len(FACT_COLUMNS) :]
    return TopicText(facts, topic_id, public_id, title, slug, source, published_at, edits_made or 0)


_editor = AuthorJoin("editor")


def list_versions(topic: TopicText, now: datetime) -> list[Version]:
    """Return the topic's former texts, the oldest first. The caller asked TOPIC_HISTORY."""
    statement = (
        select(V.number, V.title, V.source, V.replaced_at, *_editor.columns)
        .select_from(_editor.onto(Revision.__table__, V.editor_id, literal(topic.facts.planet_id)))
        .where(V.subject_type == "topic", V.subject_id == topic.id)
        .order_by(V.number)
    )
    return [
        Version(number, title, source, replaced_at, _editor.read(editor, now))
        for number, title, source, replaced_at, *editor in db.session.execute(statement)
    ]


def find_neighbours(actor: Actor, entry: FeedEntry) -> tuple[Neighbour | None, Neighbour | None]:
    """Return the topics published just before and just after this one that the actor may read."""
    binds = {**values_of(actor), "at": entry.published_at, "id": entry.id}
    kind, past = kind_of(actor), entry.published_at <= actor.now
    # What is older than something past is past; said twice, it would keep SQLite from a good bound.
    older = _beside(kind, later=False, bounded=not past).first(**binds)
    return _read_neighbour(older), _read_neighbour(
        _beside(kind, later=True, bounded=True).first(**binds)
    )


def _read_neighbour(row: Sequence[Any] | None) -> Neighbour | None:
    if row is None:
        return None
    public_id, slug, title, excerpt, published_at = row
    return Neighbour(public_id, slug, title or excerpt, published_at)


@cache
def _beside(kind: Kind, *, later: bool, bounded: bool) -> Ready:
    reader = stand_in(kind)
    at, row_id = T.published_at, T.id
    here, self_id = bindparam("at", type_=at.type), bindparam("id", type_=row_id.type)
    place = and_(at <= here, or_(at < here, row_id < self_id))
    order: tuple[ColumnElement[Any], ...] = (at.desc(), row_id.desc())
    if later:
        place, order = and_(at >= here, or_(at > here, row_id > self_id)), (at, row_id)
    statement = (
        visible_topics(reader)
        .where(text_is_visible(reader), place, *([published(reader)] if bounded else []))
        .with_only_columns(
            T.public_id, T.slug, T.title, T.excerpt, T.published_at, maintain_column_froms=True
        )
    )
    return Ready(statement.order_by(*order).limit(1))
