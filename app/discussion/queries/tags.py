"""A planet's tags."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Integer, ScalarSelect, Select, bindparam, func, select, tuple_

from app.discussion.models import Tag, TopicTag
from app.discussion.queries.visible import (
    T,
    not_deleted,
    topic_is_visible,
    topics_with_questions,
)
from app.kernel.db import db, unindexed
from app.kernel.reading import Ready
from app.memberships.rows import planet_of
from app.policy import Actor

TAGS = Tag.__table__
G = TAGS.c
TT = TopicTag.__table__.c
# In the menu above the feed; the others are a page away.
MENU = 30
PAGE_SIZE = 50
# Topics of one tag are counted up to here: a number that says "many". Each costs as much as a row of the
# feed, for each reader may read others, and a page has fifty tags.
COUNTED = 300
_COLUMNS = (G.id, G.name, G.key, G.in_menu)
_TAGS = Ready(
    select(*_COLUMNS)
    .where(G.planet_id == bindparam("planet"))
    .order_by(G.position, G.id)
    .limit(bindparam("most", type_=Integer))
)
_MENU = Ready(
    select(*_COLUMNS)
    .where(G.planet_id == bindparam("planet"), G.in_menu.is_(True))
    .order_by(G.position, G.id)
    .limit(bindparam("most", type_=Integer))
)


class TagRow(NamedTuple):
    """A tag in the planet's order. `topics` counts those the actor may read, up to COUNTED, where it
    was asked."""

    id: int
    name: str
    key: str
    in_menu: bool
    topics: int = 0


class TagPage(NamedTuple):
    """A page of a planet's tags; `after` is the key that leads to the next one, "" on the last;
    `behind` the key that led here, "" on the first."""

    tags: list[TagRow]
    after: str
    behind: str


def list_tags(actor: Actor, *, limit: int) -> list[TagRow]:
    """Return the first of the planet's tags in their order, without counts: for suggestions."""
    return [TagRow(*row) for row in _TAGS.rows(planet=planet_of(actor), most=limit)]


def list_menu_tags(actor: Actor) -> list[TagRow]:
    """Return the first MENU tags by which the actor may narrow the feed, and one more if there are
    more. Whose time is over has those of what is left to him: the others may be newer."""
    if actor.inside:
        return [TagRow(*row) for row in _MENU.rows(planet=planet_of(actor), most=MENU + 1)]
    statement = _tags(actor).where(G.in_menu.is_(True)).limit(MENU + 1)
    return [TagRow(*row) for row in db.session.execute(statement)]


def find_tag(actor: Actor, key: str) -> TagRow | None:
    """Return a tag by which the actor may narrow the feed; None when there is none of that key."""
    row = db.session.execute(_tags(actor).where(G.key == key)).one_or_none()
    return TagRow(*row) if row else None


def count_tag(actor: Actor, key: str) -> TagRow | None:
    """Return a tag with its number of topics; None when there is none of that key."""
    statement = _tags(actor).add_columns(_count(actor)).where(G.key == key)
    row = db.session.execute(statement).one_or_none()
    return TagRow(*row) if row else None


def page_tags(actor: Actor, *, typed: str = "", after: str = "") -> TagPage:
    """Return a page of the tags by which the actor may narrow the feed, with counts: those that contain
    what was `typed`, behind the tag of the key `after`. A key that leads nowhere begins at the first."""
    statement = _tags(actor).add_columns(_count(actor)).limit(PAGE_SIZE + 1)
    if typed:
        statement = statement.where(G.name.icontains(typed, autoescape=True))
    place = _place_of(actor, after)
    if place is not None:
        statement = statement.where(tuple_(G.position, G.id) > place)
    found = [TagRow(*row) for row in db.session.execute(statement)]
    more = len(found) > PAGE_SIZE
    return TagPage(
        found[:PAGE_SIZE],
        after=found[PAGE_SIZE - 1].key if more else "",
        behind=after if place is not None else "",
    )


def _place_of(actor: Actor, key: str) -> tuple[int, int] | None:
    """Return where a tag stands among those the actor may narrow by; None when it is none of them."""
    if not key:
        return None
    found = _tags(actor).with_only_columns(G.position, G.id).where(G.key == key)
    row = db.session.execute(found).one_or_none()
    return (row[0], row[1]) if row else None


def _tags(actor: Actor) -> Select[Any]:
    statement = select(*_COLUMNS).where(G.planet_id == planet_of(actor)).order_by(G.position, G.id)
    return statement if actor.inside else statement.where(_topics(actor).exists())


def _topics(actor: Actor) -> Select[Any]:
    """Return a select of what the actor may read under a tag of the enclosing statement."""
    readable = TopicTag.__table__.join(topics_with_questions(), T.id == TT.topic_id)
    return (
        select(TT.topic_id)
        .select_from(readable)
        .where(TT.tag_id == G.id, topic_is_visible(actor), TT.published_at <= actor.now)
        .where(unindexed(T.published_at) <= actor.now, not_deleted())
        .correlate(TAGS)
    )


def _count(actor: Actor) -> ScalarSelect[int]:
    some = _topics(actor).limit(COUNTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
