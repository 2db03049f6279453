"""Searches that a person keeps, in one planet or in all of his."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update

from app.kernel import clock
from app.kernel.db import Id, db
from app.kernel.errors import Invalid, NotFound
from app.kernel.reading import Ready
from app.kernel.text import clean
from app.memberships.queries import actors_of
from app.notifications.post import call_back
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can, require
from app.search.models import SavedSearch as S

MOST = 30
LONGEST = 300
# What the keys of all notices about hits begin with.
HITS = "search:"
_SAME = Ready(
    select(S.public_id)
    .where(
        S.user_id == bindparam("mine"),
        S.query == bindparam("said"),
        S.planet_id.is_not_distinct_from(bindparam("place", type_=Id)),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved search. `planet` None: in all planets. `tell`: whether new hits are announced."""

    public_id: str
    query: str
    planet: PlanetView | None
    tell: bool
    created_at: datetime


def save(actor: Actor, *, query: str, planet_id: int | None) -> str:
    """Keep a search, with notices of new hits from now on; returns its public id. The same search in the
    same place is kept once. NotFound for a planet that is not there or that the actor may not read."""
    require(actor, Action.ACCOUNT_USE)
    if planet_id is not None and planet_id not in _readable(actor.user_id or 0, {planet_id}):
        raise NotFound(str(planet_id))
    query = " ".join(clean(query).split())
    if not query:
        raise Invalid("q", "empty")
    if len(query) > LONGEST:
        raise Invalid("q", "too_long", limit=LONGEST)
    user_id = actor.user_id or 0
    held = find_saved(user_id, query=query, planet_id=planet_id)
    if held is not None:
        return held
    _make_room(actor, user_id)
    moment = clock.now()
    row = S(user_id=user_id, planet_id=planet_id, query=query, created_at=moment, looked_at=moment)
    db.session.add(row)
    db.session.flush()
    return row.public_id


def _make_room(actor: Actor, user_id: int) -> None:
    """Forget the oldest search of a planet that the person reads no more, where there are too many; what
    they see in their list is never forgotten. Invalid where there is no such one."""
    held = list(db.session.scalars(select(S).where(S.user_id == user_id).order_by(S.id)))
    if len(held) < MOST:
        return
    readable = _readable(user_id, {row.planet_id for row in held if row.planet_id is not None})
    unseen = (row for row in held if row.planet_id is not None and row.planet_id not in readable)
    if (oldest := next(unseen, None)) is None:
        raise Invalid("", "too_many_searches", limit=MOST)
    drop(actor, public_id=oldest.public_id)


def _readable(user_id: int, planet_ids: Collection[int]) -> dict[int, PlanetView]:
    """Return those of some planets that a person reads."""
    return {
        planet_id: planet
        for planet_id, (planet, actor) in actors_of(user_id, planet_ids).items()
        if can(actor, Action.PLANET_READ)
    }


def find_saved(user_id: int, *, query: str, planet_id: int | None) -> str | None:
    """Return the public id of somebody's saved search of this query in this place, or None."""
    found = _SAME.first(mine=user_id, said=" ".join(query.split()), place=planet_id)
    return found[0] if found else None


def list_saved(user_id: int) -> list[Saved]:
    """Return somebody's saved searches, the latest first. Those in a planet that he may not read now are
    not among them."""
    rows = db.session.scalars(select(S).where(S.user_id == user_id).order_by(S.id.desc())).all()
    planets = _readable(user_id, {row.planet_id for row in rows if row.planet_id is not None})
    return [
        Saved(row.public_id, row.query, planet, row.tell, row.created_at)
        for row in rows
        for planet in [planets.get(row.planet_id) if row.planet_id is not None else None]
        if row.planet_id is None or planet is not None
    ]


def tell_hits(actor: Actor, *, public_id: str) -> None:
    """Announce new hits of a saved search from now on."""
    _set_telling(actor, public_id, {"tell": True, "looked_at": clock.now()})


def hush_hits(actor: Actor, *, public_id: str) -> None:
    """Announce new hits of a saved search no more."""
    _set_telling(actor, public_id, {"tell": False})
    call_back(actor.user_id or 0, notices=hits_key(public_id))


def _set_telling(actor: Actor, public_id: str, values: dict[str, object]) -> None:
    require(actor, Action.ACCOUNT_USE)
    mine = (S.user_id == actor.user_id, S.public_id == public_id)
    if db.session.scalar(update(S).where(*mine).values(**values).returning(S.id)) is None:
        raise NotFound(public_id)


def drop_all(actor: Actor) -> None:
    """Delete all of one's saved searches."""
    require(actor, Action.ACCOUNT_USE)
    db.session.execute(delete(S).where(S.user_id == actor.user_id))
    call_back(actor.user_id or 0, notices=HITS)


def drop(actor: Actor, *, public_id: str) -> None:
    """Delete a saved search; nothing happens when it is gone already."""
    require(actor, Action.ACCOUNT_USE)
    db.session.execute(delete(S).where(S.user_id == actor.user_id, S.public_id == public_id))
    call_back(actor.user_id or 0, notices=hits_key(public_id))


def hits_key(public_id: str) -> str:
    """Return what the keys of the notices about a saved search's hits begin with."""
    return f"{HITS}{public_id}:"
