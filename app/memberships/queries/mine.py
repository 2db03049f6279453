"""A person's planets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, or_, select

from app.kernel import clock
from app.kernel.db import db
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

    @property
    def ran_until(self) -> datetime | None:
        """The end to be shown; None also when everything was given back: then he never had time."""
        return None if self.expires_at == NEVER_HELD else self.expires_at

    @property
    def staffed(self) -> bool:
        """Whether the person decides on requests there."""
        return self.role in STAFF and self.standing in (Standing.ACTIVE, Standing.GRACE)


_MINE = Ready(
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
    )
    .join(Planet, Planet.id == Membership.planet_id)
    .where(
        Membership.user_id == bindparam("user_id"),
        Membership.left_at.is_(None),
        Membership.removed_at.is_(None),
        or_(Membership.joined_at.is_not(None), Membership.requested_at.is_not(None)),
    )
    .order_by(Membership.pinned_at.is_(None), Membership.pinned_at, Planet.name, Membership.id)
)


def list_mine(user_id: int) -> list[MyPlanet]:
    """Return a person's planets, pinned first (the longest pinned on top), then by name.

    One query. Planets he left or was removed from are not among them.
    """
    moment = clock.now()
    return [_read(row, moment) for row in _MINE.rows(user_id=user_id)]


def list_owned(user_id: int) -> list[MyPlanet]:
    """Return the planets a person owns: he hands them over before he can go."""
    return [mine for mine in list_mine(user_id) if mine.role is PlanetRole.OWNER]


def _read(row: Sequence[Any], moment: datetime) -> MyPlanet:
    *looks, grace_days, paused_at, grace, role, joined_at, requested_at, expires_at, pinned_at = row
    facts = MembershipFacts(
        PlanetRole(role), joined_at, requested_at, expires_at, grace=Grace(grace)
    )
    judged_at = min(moment, paused_at) if paused_at else moment
    standing = derive_standing(facts, now=judged_at, grace=timedelta(days=grace_days))
    return MyPlanet(*[*looks, facts.role, standing, pinned_at is not None, expires_at])


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
