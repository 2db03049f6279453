"""Verbs on columns (series): making them, their order, and which topics stand in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from app.discussion.models import Series, SeriesTopic, Topic
from app.discussion.queries.facts import get_topic
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid
from app.kernel.text import tidy, tidy_line
from app.memberships.rows import lock_here, planet_of
from app.policy import Action, Actor, require

MAX_TITLE = 60
MAX_INTRO = 500
MAX_SERIES = 100


@dataclass(frozen=True, slots=True)
class SeriesWish:
    """What a column should be called and say. `cover` is an attachment's public id, "" for none,
    None to keep the present one."""

    title: str
    intro: str = ""
    cover: str | None = None


def create_series(actor: Actor, *, wish: SeriesWish) -> str:
    """Make a column at the end of the list; returns its public id. Invalid names the field."""
    require(actor, Action.SERIES_EDIT)
    planet_id = planet_of(actor)
    title, intro = _checked(wish)
    count, last = db.session.execute(
        select(func.count(Series.id), func.max(Series.position)).where(
            Series.planet_id == planet_id
        )
    ).one()
    if count >= MAX_SERIES:
        raise Invalid("", "too_many_series", limit=MAX_SERIES)
    series = Series(
        planet_id=planet_id,
        title=title,
        intro=intro,
        cover=wish.cover or "",
        position=(last or 0) + 1,
        created_at=clock.now(),
    )
    db.session.add(series)
    db.session.flush()
    _record(actor, "series.create", series)
    return series.public_id


def change_series(actor: Actor, *, public_id: str, wish: SeriesWish) -> None:
    """Give a column another name, intro or cover."""
    require(actor, Action.SERIES_EDIT)
    series = _get(actor, public_id)
    series.title, series.intro = _checked(wish)
    if wish.cover is not None:
        series.cover = wish.cover
    _record(actor, "series.change", series)


def delete_series(actor: Actor, *, public_id: str) -> None:
    """Remove a column; its topics stay in the feed."""
    require(actor, Action.SERIES_EDIT)
    series = _get(actor, public_id)
    _record(actor, "series.delete", series)
    db.session.execute(delete(SeriesTopic).where(SeriesTopic.series_id == series.id))
    db.session.delete(series)


def order_series(actor: Actor, *, public_ids: Sequence[str]) -> None:
    """Put the planet's columns into this order. Conflict when the list is not the present one."""
    require(actor, Action.SERIES_EDIT)
    rows = {
        series.public_id: series
        for series in db.session.scalars(
            select(Series).where(Series.planet_id == planet_of(actor)).with_for_update()
        )
    }
    if sorted(public_ids) != sorted(rows):
        raise Conflict("series")
    for position, public_id in enumerate(public_ids, start=1):
        rows[public_id].position = position


def order_topics(actor: Actor, *, public_id: str, topics: Sequence[str]) -> None:
    """Put a column's topics (public ids) into this order. Conflict when one does not stand in it."""
    require(actor, Action.SERIES_EDIT)
    series = _get(actor, public_id)
    statement = (
        select(Topic.public_id, SeriesTopic)
        .join(Topic, Topic.id == SeriesTopic.topic_id)
        .where(SeriesTopic.series_id == series.id)
        .order_by(SeriesTopic.position)
    )
    places = dict(db.session.execute(statement).all())
    if not set(topics) <= set(places):
        raise Conflict(public_id)
    # What is not shown to whoever orders (deleted, isolated) keeps its order behind the rest.
    hidden = [place for place in places if place not in set(topics)]
    for position, topic in enumerate([*topics, *hidden], start=1):
        places[topic].position = position


def choose_series(actor: Actor, *, topic: str, public_ids: Sequence[str]) -> None:
    """Make these the columns a topic stands in. Invalid("series", "missing") for one that is gone."""
    require(actor, Action.SERIES_EDIT)
    row, _facts = get_topic(actor, topic)
    put_into_series(planet_id=row.planet_id, topic_id=row.id, public_ids=public_ids)


def take_from_series(actor: Actor, *, public_id: str, topic: str) -> None:
    """Take a topic out of a column; it stays in the feed."""
    require(actor, Action.SERIES_EDIT)
    series = _get(actor, public_id)
    row, _facts = get_topic(actor, topic)
    db.session.execute(
        delete(SeriesTopic).where(
            SeriesTopic.series_id == series.id, SeriesTopic.topic_id == row.id
        )
    )


def put_into_series(*, planet_id: int, topic_id: int, public_ids: Sequence[str]) -> None:
    """Make these the columns the topic stands in: at the end of each new one, in place where it was.

    Called by the actions that publish and edit, which have asked the policy. Invalid("series",
    "missing") when one is not the planet's.
    """
    known = list(
        db.session.scalars(
            select(Series.id).where(Series.planet_id == planet_id, Series.public_id.in_(public_ids))
        )
    )
    if len(known) != len(set(public_ids)):
        raise Invalid("series", "missing")
    mine = SeriesTopic.topic_id == topic_id
    db.session.execute(delete(SeriesTopic).where(mine, SeriesTopic.series_id.not_in(known)))
    present = set(db.session.scalars(select(SeriesTopic.series_id).where(mine)))
    for series_id in known:
        if series_id not in present:
            place = SeriesTopic(
                series_id=series_id, topic_id=topic_id, position=_next_position(series_id)
            )
            db.session.add(place)


def _next_position(series_id: int) -> int:
    last = db.session.scalar(
        select(func.max(SeriesTopic.position)).where(SeriesTopic.series_id == series_id)
    )
    return (last or 0) + 1


def _checked(wish: SeriesWish) -> tuple[str, str]:
    title, intro = tidy_line(wish.title), tidy(wish.intro)
    if not title:
        raise Invalid("title", "empty")
    if len(title) > MAX_TITLE:
        raise Invalid("title", "too_long", limit=MAX_TITLE, length=len(title))
    if len(intro) > MAX_INTRO:
        raise Invalid("intro", "too_long", limit=MAX_INTRO, length=len(intro))
    return title, intro


def _get(actor: Actor, public_id: str) -> Series:
    return lock_here(Series, actor, public_id)


def _record(actor: Actor, act: str, series: Series) -> None:
    record(
        act,
        actor_id=actor.user_id,
        planet_id=series.planet_id,
        subject=("series", series.id),
        title=series.title,
    )
