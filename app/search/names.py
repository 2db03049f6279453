"""Names in a query become ids: of people, planets and tags, as far as the reader may know of them.

A name is found only where the reader may read something of it, and one that stands for nothing looks like
one that is hidden: a hint and no results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, tuple_

from app.accounts.models import User
from app.accounts.names import name_key
from app.discussion.actions.composing import tag_key
from app.discussion.models import Bookmark, Tag
from app.discussion.queries.found import find_shown_tags
from app.discussion.queries.people import has_readable_words
from app.discussion.queries.visible import (
    T,
    not_deleted,
    topic_is_visible,
    topics_with_questions,
)
from app.kernel.db import db
from app.memberships.models import Membership
from app.memberships.queries.people import SHOWN_NAME
from app.policy import PlanetRole
from app.search import port
from app.search.language import Hint, Query, Trouble
from app.search.operators import fold
from app.search.readers import Searcher

M = Membership.__table__.c
_TAGS_AT_ONCE = 100


def resolve(searcher: Searcher, query: Query) -> tuple[port.Filters, Query]:
    """Return all filters of a query, and the query with hints about names that mean nothing to him."""
    filters = query.filters(now=searcher.now, zone=searcher.zone)
    hints: list[Hint] = []
    if names := query.values("planet"):
        filters = replace(filters, planet_ids=_planets(searcher, names, hints))
    if names := query.values("tag"):
        filters = replace(filters, tag_ids=_tags(searcher, names, hints))
    if names := query.values("from"):
        filters = _with_authors(filters, searcher, names, hints)
    if names := query.values("starter"):
        filters = replace(filters, starters=_starters(searcher, names, hints))
    if "bookmarks" in query.values("in"):
        filters = replace(filters, topic_ids=_bookmarks(searcher, hints))
    return filters, query.hinting(*hints)


def _planets(searcher: Searcher, names: Iterable[str], hints: list[Hint]) -> frozenset[int]:
    found: set[int] = set()
    for name in names:
        asked = fold(name)
        called = {
            planet.id: (fold(planet.slug), fold(planet.name))
            for planet, _actor in searcher.places.values()
        }
        exact = {id_ for id_, both in called.items() if asked in both}
        near = {id_ for id_, (_slug, shown) in called.items() if asked in shown}
        if not (exact or near):
            trouble = Trouble.OTHER_PLANET if searcher.planet else Trouble.UNKNOWN_PLANET
            hints.append(Hint(trouble, name, "planet"))
        found |= exact or near
    return frozenset(found)


def _tags(searcher: Searcher, names: Iterable[str], hints: list[Hint]) -> frozenset[int]:
    keys = {tag_key(name): name for name in names}
    found = list(_shown_tags(searcher, Tag.key.in_(keys)))
    known = {tag.key for tag in found}
    hints += [
        Hint(Trouble.UNKNOWN_TAG, name, "tag") for key, name in keys.items() if key not in known
    ]
    return frozenset(tag.id for tag in found)


def readable_tags(searcher: Searcher, begun: str, keys: Iterable[str], *, limit: int) -> list[str]:
    """Return the names of tags that begin so or have one of the keys, where the searcher may open a topic
    that bears it."""
    like = or_(Tag.key.startswith(begun, autoescape=True), Tag.key.in_(list(keys)))
    found: dict[str, None] = {}
    for tag in _shown_tags(searcher, like):
        found[tag.name] = None
        if len(found) >= limit:
            break
    return list(found)


def _shown_tags(searcher: Searcher, which: ColumnElement[bool]) -> Iterator[Any]:
    """Yield tags of topics that he may open, as rows of id, planet, name and key, by name. Those that he may
    not know take no place of others, however many they are."""
    rows = db.session.execute(
        select(Tag.id, Tag.planet_id, Tag.name, Tag.key)
        .where(Tag.planet_id.in_(searcher.places), which)
        .order_by(Tag.name, Tag.id)
    ).all()
    for start in range(0, len(rows), _TAGS_AT_ONCE):
        some = rows[start : start + _TAGS_AT_ONCE]
        there = searcher.actors_in(row.planet_id for row in some)
        shown = find_shown_tags(there, [row.id for row in some])
        yield from (row for row in some if row.id in shown)


def _with_authors(
    filters: port.Filters, searcher: Searcher, names: Iterable[str], hints: list[Hint]
) -> port.Filters:
    pairs: set[tuple[int, int]] = set()
    for name in names:
        if name == "me":
            if searcher.user_id is None:
                hints.append(Hint(Trouble.SIGN_IN, name, "from"))
            filters = replace(filters, mine=searcher.user_id is not None)
        elif name == "owner":
            pairs |= _owners(searcher)
        else:
            found = _authors(searcher, name)
            if not found:
                hints.append(Hint(Trouble.UNKNOWN_AUTHOR, name, "from"))
            pairs |= found
    # "me" beside others: both in one filter the port does not know, and nobody asks for it.
    return filters if filters.mine else replace(filters, authors=frozenset(pairs))


def _starters(
    searcher: Searcher, names: Iterable[str], hints: list[Hint]
) -> frozenset[tuple[int, int]]:
    pairs: set[tuple[int, int]] = set()
    for name in names:
        if name == "owner":
            pairs |= _owners(searcher)
            continue
        called = _called(searcher, name) if name != "me" else _myself(searcher, hints)
        found = _who_started(searcher, called)
        if not found and name != "me":
            hints.append(Hint(Trouble.UNKNOWN_AUTHOR, name, "starter"))
        pairs |= found
    return frozenset(pairs)


def _myself(searcher: Searcher, hints: list[Hint]) -> set[tuple[int, int]]:
    """Return himself in each planet. What he began anonymously is found by `from:me` alone."""
    if searcher.user_id is None:
        hints.append(Hint(Trouble.SIGN_IN, "me", "starter"))
        return set()
    return {(planet_id, searcher.user_id) for planet_id in searcher.places}


def _who_started(searcher: Searcher, pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of the pairs who began a topic there that the searcher may open."""
    if not pairs:
        return set()
    there = searcher.actors_in(planet_id for planet_id, _user in pairs)
    readable = [topic_is_visible(actor) for actor in there.values()]
    statement = (
        select(T.planet_id, T.author_id)
        .distinct()
        .select_from(topics_with_questions())
        .where(tuple_(T.planet_id, T.author_id).in_(pairs), or_(false(), *readable), not_deleted())
    )
    return {(planet_id, user_id) for planet_id, user_id in db.session.execute(statement)}


def _owners(searcher: Searcher) -> set[tuple[int, int]]:
    rows = db.session.execute(
        select(M.planet_id, M.user_id).where(
            M.planet_id.in_(searcher.places),
            M.role == PlanetRole.OWNER.value,
            M.left_at.is_(None),
            M.removed_at.is_(None),
        )
    )
    return {(planet_id, user_id) for planet_id, user_id in rows}


def _authors(searcher: Searcher, name: str) -> set[tuple[int, int]]:
    """Return who bears this name in a planet and wrote something there that the searcher may read."""
    actors = searcher.actors
    # Nobody has the row id 0: an unknown name takes as long as one that must not be known.
    called = _called(searcher, name) or {(planet_id, 0) for planet_id in list(actors)[:1]}
    return {
        (planet_id, user_id)
        for planet_id, user_id in called
        if has_readable_words(actors[planet_id], user_id)
    }


def readable_authors(searcher: Searcher, names: Iterable[str]) -> list[str]:
    """Return those names under which somebody wrote what the searcher may read."""
    return [name for name in names if _authors(searcher, name)]


def _called(searcher: Searcher, name: str) -> set[tuple[int, int]]:
    """Return who bears this name, whatever he wrote: for looking further only."""
    called = or_(Membership.name_key == name_key(name), SHOWN_NAME.is_not_distinct_from(name))
    rows = db.session.execute(
        select(Membership.planet_id, Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.planet_id.in_(searcher.places), called)
    )
    return {(planet_id, user_id) for planet_id, user_id in rows}


def _bookmarks(searcher: Searcher, hints: list[Hint]) -> frozenset[int]:
    if searcher.user_id is None:
        hints.append(Hint(Trouble.SIGN_IN, "bookmarks", "in"))
        return frozenset()
    rows = select(Bookmark.topic_id).where(
        Bookmark.user_id == searcher.user_id, Bookmark.planet_id.in_(searcher.places)
    )
    return frozenset(db.session.scalars(rows))
