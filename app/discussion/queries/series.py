"""A planet's columns: the list, one with its topics, and a topic's place in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, exists, false, func, select

from app.discussion.models import ReadMark, Series, SeriesTopic
from app.discussion.queries.kinds import Kind, kind_of, stand_in, values_of
from app.discussion.queries.visible import (
    TOPICS,
    T,
    published,
    text_is_visible,
    topic_is_visible,
    topics_with_questions,
)
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.kernel.reading import Ready
from app.policy import Action, Actor, can

SERIES = Series.__table__
S = SERIES.c
ST = SeriesTopic.__table__.c
R = ReadMark.__table__.c


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A column as lists show it: how many topics the actor may read there, and has opened."""

    id: int
    public_id: str
    title: str
    intro: str
    cover: str
    topics: int = 0
    opened: int = 0


@dataclass(frozen=True, slots=True)
class SeriesEntry:
    """A topic in a column. `read` is whether the actor has opened it; `title` may be its beginning."""

    id: int
    public_id: str
    slug: str
    title: str
    published_at: datetime
    read: bool


@dataclass(frozen=True, slots=True)
class SeriesPlace:
    """Where a topic stands in a column: number `number` of `total`, between its neighbours."""

    series: SeriesRow
    number: int
    total: int
    previous: SeriesEntry | None
    next: SeriesEntry | None


_COLUMNS = (S.id, S.public_id, S.title, S.intro, S.cover)


def list_series(actor: Actor) -> list[SeriesRow]:
    """Return the planet's columns in their order, with the actor's progress. Two queries.

    Whose time is over sees those in which something is left to him: the others may be newer.
    """
    rows = name_series(actor)
    counts: dict[int, tuple[int, int]] = {
        series_id: (topics, opened)
        for series_id, topics, opened in db.session.execute(
            _counts(actor, [row.id for row in rows])
        )
    }
    return [
        replace(row, topics=topics, opened=opened)
        for row in rows
        for topics, opened in [counts.get(row.id, (0, 0))]
        if topics or actor.inside
    ]


def name_series(actor: Actor) -> list[SeriesRow]:
    """Return the planet's columns in their order without counts: for choosing one."""
    statement = select(*_COLUMNS).where(S.planet_id == _planet_id(actor))
    return [SeriesRow(*row) for row in db.session.execute(statement.order_by(S.position, S.id))]


def get_named(actor: Actor, public_id: str) -> SeriesRow:
    """Return a column without its topics: for whoever changes it. NotFound."""
    statement = select(*_COLUMNS).where(S.public_id == public_id, S.planet_id == _planet_id(actor))
    row = db.session.execute(statement).one_or_none()
    if row is None or not can(actor, Action.SERIES_EDIT):
        raise NotFound(public_id)
    return SeriesRow(*row)


def get_series(actor: Actor, public_id: str) -> tuple[SeriesRow, list[SeriesEntry]]:
    """Return a column and those of its topics that the actor may read, in order. NotFound."""
    statement = select(*_COLUMNS).where(S.public_id == public_id, S.planet_id == _planet_id(actor))
    row = db.session.execute(statement).one_or_none()
    if row is None or not can(actor, Action.PLANET_READ):
        raise NotFound(public_id)
    entries = [_entry(found) for found in db.session.execute(_topics(actor, [row[0]]))]
    if not entries and not actor.inside:
        raise NotFound(public_id)
    opened = sum(entry.read for entry in entries)
    return SeriesRow(*row, len(entries), opened), entries


def places_of(actor: Actor, topic_id: int) -> list[SeriesPlace]:
    """Return the columns a topic stands in, with its neighbours there. At most two queries.

    None for those who do not read the planet: a sample tells nothing of what stands beside it.
    """
    if not can(actor, Action.PLANET_READ):
        return []
    rows = _COLUMNS_OF.rows(topic=topic_id)
    if not rows:
        return []
    beside: dict[int, list[SeriesEntry]] = {}
    series_ids = [row[0] for row in rows]
    for found in _in_columns(kind_of(actor)).rows(**values_of(actor), series=series_ids):
        beside.setdefault(found[-1], []).append(_entry(found))
    places = (_place(row, beside.get(row[0], []), topic_id) for row in rows)
    return [place for place in places if place is not None]


_COLUMNS_OF = Ready(
    select(*_COLUMNS)
    .select_from(SERIES.join(SeriesTopic.__table__, ST.series_id == S.id))
    .where(ST.topic_id == bindparam("topic"))
    .order_by(S.position, S.id)
)


@cache
def _in_columns(kind: Kind) -> Ready:
    return Ready(_topics(stand_in(kind), bindparam("series", expanding=True)))


def series_of(topic_id: int) -> list[str]:
    """Return the public ids of the columns a topic stands in, for its editor."""
    joined = SERIES.join(SeriesTopic.__table__, ST.series_id == S.id)
    statement = select(S.public_id).select_from(joined).where(ST.topic_id == topic_id)
    return list(db.session.scalars(statement))


def _place(row: Sequence[Any], entries: list[SeriesEntry], topic_id: int) -> SeriesPlace | None:
    index = next((i for i, entry in enumerate(entries) if entry.id == topic_id), None)
    if index is None:
        return None
    following = index + 1
    return SeriesPlace(
        series=SeriesRow(*row),
        number=following,
        total=len(entries),
        previous=entries[index - 1] if index else None,
        next=entries[following] if following < len(entries) else None,
    )


def _topics(actor: Actor, series_ids: Sequence[int] | BindParameter[Any]) -> Select[Any]:
    placed = SeriesTopic.__table__.join(topics_with_questions(), T.id == ST.topic_id)
    columns = (T.id, T.public_id, T.slug, T.title, T.excerpt, T.published_at)
    return (
        select(*columns, _opened(actor), ST.series_id)
        .select_from(placed)
        .where(
            ST.series_id.in_(series_ids),
            topic_is_visible(actor),
            published(actor),
            text_is_visible(actor),
        )
        .order_by(ST.series_id, ST.position, T.id)
    )


def _counts(actor: Actor, series_ids: Sequence[int]) -> Select[Any]:
    placed = SeriesTopic.__table__.join(topics_with_questions(), T.id == ST.topic_id)
    opened = func.count(1).filter(_opened(actor))
    return (
        select(ST.series_id, func.count(), opened)
        .select_from(placed)
        .where(
            ST.series_id.in_(series_ids),
            topic_is_visible(actor),
            published(actor),
            text_is_visible(actor),
        )
        .group_by(ST.series_id)
    )


def _opened(actor: Actor) -> Any:
    if actor.user_id is None:
        return false()
    mark = exists().where(R.user_id == actor.user_id, R.topic_id == T.id)
    return mark.correlate(TOPICS)


def _entry(row: Sequence[Any]) -> SeriesEntry:
    topic_id, public_id, slug, title, excerpt, published_at, read = row[:7]
    return SeriesEntry(topic_id, public_id, slug, title or excerpt, published_at, bool(read))


def _planet_id(actor: Actor) -> int:
    return actor.planet.id if actor.planet else 0
