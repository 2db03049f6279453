"""Searches that a person keeps, in one planet or in all of his."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, update

from app.kernel import clock
from app.kernel.db import Id, db
from app.kernel.errors import Invalid, NotFound
from app.kernel.reading import Ready
from app.kernel.text import clean
from app.memberships.queries import actors_of
from app.notifications.post import call_back
from app.planets.queries import PlanetView
from app.policy import Action, Actor, require
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
    same place is kept once."""
    require(actor, Action.ACCOUNT_USE)
    query = " ".join(clean(query).split())
    if not query:
        raise Invalid("q", "empty")
    if len(query) > LONGEST:
        raise Invalid("q", "too_long", limit=LONGEST)
    user_id = actor.user_id or 0
    held = find_saved(user_id, query=query, planet_id=planet_id)
    if held is not None:
        return held
    if (db.session.scalar(select(func.count()).where(S.user_id == user_id)) or 0) >= MOST:
        raise Invalid("", "too_many_searches", limit=MOST)
    moment = clock.now()
    row = S(user_id=user_id, planet_id=planet_id, query=query, created_at=moment, looked_at=moment)
    db.session.add(row)
    db.session.flush()
    return row.public_id


def find_saved(user_id: int, *, query: str, planet_id: int | None) -> str | None:
    """Return the public id of somebody's saved search of this query in this place, or None."""
    found = _SAME.first(mine=user_id, said=" ".join(query.split()), place=planet_id)
    return found[0] if found else None


def list_saved(user_id: int) -> list[Saved]:
    """Return somebody's saved searches, the latest first. Those in a planet that is gone for him are not
    among them."""
    rows = db.session.scalars(select(S).where(S.user_id == user_id).order_by(S.id.desc())).all()
    planets = actors_of(user_id, {row.planet_id for row in rows if row.planet_id is not None})
    return [
        Saved(row.public_id, row.query, place[0] if place else None, row.tell, row.created_at)
        for row in rows
        for place in [planets.get(row.planet_id) if row.planet_id is not None else None]
        if row.planet_id is None or place is not None
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
