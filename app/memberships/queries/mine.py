"""A person's planets: the few that every page shows, and all, page by page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)

from app.kernel import clock
from app.kernel.db import Id, UtcDateTime, db
from app.kernel.reading import Ready
from app.memberships.backing import STAFF
from app.memberships.models import Membership
from app.memberships.settling import NEVER_HELD
from app.planets.models import Planet
from app.policy import Grace, MembershipFacts, PlanetRole, Standing, derive_standing


@dataclass(frozen=True, slots=True)
class MyPlanet:
    """One of a person's planets: inside, expired, or waiting to be let in."""

    planet_id: int
    slug: str
    name: str
    tagline: str
    accent: str
    avatar: str
    role: PlanetRole
    standing: Standing
    pinned: bool
    expires_at: datetime | None
    visited_at: datetime | None = None

    @property
    def ran_until(self) -> datetime | None:
        """The end to be shown; None also when everything was given back: then he never had time."""
        return None if self.expires_at == NEVER_HELD else self.expires_at

    @property
    def staffed(self) -> bool:
        """Whether the person decides on requests there."""
        return self.role in STAFF and self.standing in (Standing.ACTIVE, Standing.GRACE)


class MinePage(NamedTuple):
    """A page of a person's planets; `after` is the slug that leads to the next one, "" on the last;
    `paged` says that planets came before it."""

    planets: list[MyPlanet]
    after: str
    paged: bool


PAGE_SIZE = 24
M = Membership.__table__.c
# Behind every moment at which something was pinned.
_NOT_PINNED = datetime(9999, 1, 1, tzinfo=UTC)
_ME = M.user_id == bindparam("user_id")
_KEPT = (M.left_at.is_(None), M.removed_at.is_(None))
_PINNED = func.coalesce(M.pinned_at, literal(_NOT_PINNED, UtcDateTime()))
_PLACE = (_PINNED, Planet.name, M.id)
_LIST = (
    select(
        Planet.id,
        Planet.slug,
        Planet.name,
        Planet.tagline,
        Planet.accent,
        Planet.avatar,
        Planet.grace_days,
        Planet.paused_at,
        Membership.grace,
        Membership.role,
        Membership.joined_at,
        Membership.requested_at,
        Membership.expires_at,
        Membership.pinned_at,
        Membership.visited_at,
    )
    .join(Planet, Planet.id == Membership.planet_id)
    .where(
        _ME,
        *_KEPT,
        or_(Membership.joined_at.is_not(None), Membership.requested_at.is_not(None)),
    )
    .order_by(*_PLACE)
)
_MINE = Ready(_LIST)
_AMONG = Ready(_LIST.where(Planet.id.in_(bindparam("planets", type_=Id, expanding=True))))
_MOST = bindparam("most", type_=Integer)
_JOINED = select(M.id).where(_ME, *_KEPT, M.joined_at.is_not(None))
_NEAR = (
    _JOINED.where(M.pinned_at.is_not(None)).order_by(M.pinned_at).limit(_MOST).subquery("pinned"),
    _JOINED.where(M.pinned_at.is_(None))
    .order_by(M.visited_at.desc().nulls_last(), M.id.desc())
    .limit(_MOST)
    .subquery("recent"),
    _JOINED.where(M.planet_id == bindparam("here", type_=Id)).subquery("here"),
)
_RAIL = Ready(_LIST.where(M.id.in_(union_all(*(select(near.c.id) for near in _NEAR)))))


def list_mine(user_id: int) -> list[MyPlanet]:
    """Return a person's planets, pinned first (the longest pinned on top), then by name.

    One query. Planets he left or was removed from are not among them.
    """
    moment = clock.now()
    return [_read(row, moment) for row in _MINE.rows(user_id=user_id)]


def list_rail(user_id: int, *, here: int | None, most: int) -> tuple[list[MyPlanet], bool]:
    """Return at most so many of the planets a person joined, and whether there are more: the one they
    are in (row id `here`), the longest pinned, those visited last. In the order of `list_mine`; one
    query, whose cost does not grow with all that were joined."""
    moment = clock.now()
    found = [_read(row, moment) for row in _RAIL.rows(user_id=user_id, here=here, most=most + 1)]
    never = datetime.min.replace(tzinfo=UTC)
    recent = sorted(
        (mine for mine in found if not mine.pinned),
        key=lambda mine: mine.visited_at or never,
        reverse=True,
    )
    near = [mine.planet_id for mine in (*(mine for mine in found if mine.pinned), *recent)]
    shown = set(sorted(near, key=lambda planet_id: planet_id != here)[:most])
    return [mine for mine in found if mine.planet_id in shown], len(found) > most


def page_mine(user_id: int, *, typed: str = "", after: str = "") -> MinePage:
    """Return a page of a person's planets in the order of `list_mine`, also of those where they wait to
    be let in: whose names contain what was `typed`, behind the planet of the slug `after`."""
    statement = _LIST.limit(PAGE_SIZE + 1)
    if typed:
        statement = statement.where(Planet.name.icontains(typed, autoescape=True))
    last = _place_of(user_id, after) if after else None
    if last is not None:
        statement = statement.where(tuple_(*_PLACE) > last)
    rows = db.session.execute(statement, {"user_id": user_id})
    moment = clock.now()
    found = [_read(row, moment) for row in rows]
    more = len(found) > PAGE_SIZE
    return MinePage(found[:PAGE_SIZE], found[PAGE_SIZE - 1].slug if more else "", last is not None)


def _place_of(user_id: int, slug: str) -> ColumnElement[Any] | None:
    """Return where one of the person's planets stands in their list."""
    at = select(*_PLACE).join(Planet, Planet.id == M.planet_id).where(_ME, Planet.slug == slug)
    row = db.session.execute(at, {"user_id": user_id}).one_or_none()
    if row is None:
        return None
    pinned_at, name, membership_id = row
    return tuple_(literal(pinned_at, UtcDateTime()), literal(name), literal(membership_id, Id))


def list_among(user_id: int, planet_ids: Collection[int]) -> list[MyPlanet]:
    """Return those of a person's planets that have these row ids."""
    if not planet_ids:
        return []
    moment = clock.now()
    return [_read(row, moment) for row in _AMONG.rows(user_id=user_id, planets=planet_ids)]


def list_owned(user_id: int) -> list[MyPlanet]:
    """Return the planets a person owns: he hands them over before he can go."""
    return [mine for mine in list_mine(user_id) if mine.role is PlanetRole.OWNER]


def _read(row: Sequence[Any], moment: datetime) -> MyPlanet:
    (
        *looks,
        grace_days,
        paused_at,
        grace,
        role,
        joined_at,
        requested_at,
        expires_at,
        pinned_at,
        visited_at,
    ) = row
    facts = MembershipFacts(
        PlanetRole(role), joined_at, requested_at, expires_at, grace=Grace(grace)
    )
    judged_at = min(moment, paused_at) if paused_at else moment
    standing = derive_standing(facts, now=judged_at, grace=timedelta(days=grace_days))
    return MyPlanet(*[*looks, facts.role, standing, pinned_at is not None, expires_at, visited_at])


def count_requests(planet_ids: list[int]) -> dict[int, int]:
    """Return planet id -> how many requests to join wait there; planets without any are left out."""
    rows = db.session.execute(
        select(Membership.planet_id, func.count())
        .where(
            Membership.planet_id.in_(planet_ids),
            Membership.requested_at.is_not(None),
            Membership.removed_at.is_(None),
        )
        .group_by(Membership.planet_id)
    )
    return {row[0]: row[1] for row in rows}
