"""A planet's tags."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from app.discussion.models import Tag, TopicTag
from app.discussion.queries.visible import (
    T,
    not_deleted,
    published,
    topic_is_visible,
    topics_with_questions,
)
from app.kernel.db import db
from app.kernel.reading import Ready
from app.policy import Actor

G = Tag.__table__.c
TT = TopicTag.__table__.c
_TAGS = Ready(
    select(G.id, G.name, G.key, G.in_menu)
    .where(G.planet_id == bindparam("planet"))
    .order_by(G.position, G.id)
)


class TagRow(NamedTuple):
    """A tag in the planet's order. `topics` counts those the actor may read, where it was asked."""

    id: int
    name: str
    key: str
    in_menu: bool
    topics: int = 0


def list_tags(actor: Actor) -> list[TagRow]:
    """Return the planet's tags in their order, without counts: for suggestions."""
    return [TagRow(*row) for row in _TAGS.rows(planet=_planet_id(actor))]


def list_menu_tags(actor: Actor) -> list[TagRow]:
    """Return the tags by which the actor may narrow the feed. Whose time is over has those of what is
    left to him: the others may be newer."""
    if actor.inside:
        return list_tags(actor)
    return [tag for tag in count_tags(actor) if tag.topics]


def count_tags(actor: Actor) -> list[TagRow]:
    """Return the planet's tags in their order, with how many topics each has for the actor."""
    readable = topics_with_questions().join(TopicTag.__table__, TT.topic_id == T.id)
    statement = (
        select(TT.tag_id, func.count())
        .select_from(readable)
        .where(topic_is_visible(actor), published(actor), not_deleted())
        .group_by(TT.tag_id)
    )
    counts: dict[int, int] = dict(db.session.execute(statement).all())
    return [
        TagRow(tag.id, tag.name, tag.key, tag.in_menu, counts.get(tag.id, 0))
        for tag in list_tags(actor)
    ]


def _planet_id(actor: Actor) -> int:
    return actor.planet.id if actor.planet else 0
