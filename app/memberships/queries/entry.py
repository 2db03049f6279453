"""Who somebody is when he enters a planet, or acts outside any."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, select

from app.accounts.queries import Viewer, find_viewer_by_id
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.reading import Ready
from app.memberships.models import Membership
from app.planets.models import Planet
from app.planets.queries import PLANET_VIEW_COLUMNS, PlanetView, read_planet_view
from app.policy import (
    Actor,
    Grace,
    MembershipFacts,
    PlanetRole,
    PlanetSettings,
    Standing,
    derive_standing,
)

_MEMBERSHIP_COLUMNS = tuple(
    Membership.__table__.c[name]
    for name in (
        "id",
        "role",
        "joined_at",
        "requested_at",
        "expires_at",
        "left_at",
        "removed_at",
        "muted_until",
        "isolated_at",
        "rules_version",
        "number",
        "grace",
        "reads_from",
        "approved_at",
    )
)

INSIDE = (Standing.ACTIVE, Standing.GRACE)


def _select(which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    joined = and_(Membership.planet_id == Planet.id, Membership.user_id == bindparam("user_id"))
    columns = (*PLANET_VIEW_COLUMNS, *_MEMBERSHIP_COLUMNS)
    return select(*columns).outerjoin(Membership, joined).where(which)


_JOINED = Ready(
    _select(
        and_(
            Membership.joined_at.is_not(None),
            Membership.left_at.is_(None),
            Membership.removed_at.is_(None),
        )
    ).order_by(Planet.id)
)
_BY_SLUG = Ready(_select(Planet.slug == bindparam("slug")))
_BY_ID = Ready(_select(Planet.id == bindparam("planet_id")))
_BY_IDS = Ready(_select(Planet.id.in_(bindparam("planet_ids", expanding=True))))


def enter_planet(
    slug: str, viewer: Viewer | None, *, may_create: bool = False
) -> tuple[PlanetView, Actor]:
    """Return the planet of this slug and the viewer as an actor in it, in one query.

    NotFound when no planet has the slug now (former slugs: `planets.queries.find_former_slug`).
    """
    row = _BY_SLUG.first(user_id=viewer.user_id if viewer else None, slug=slug)
    if row is None:
        raise NotFound(slug)
    return _read(row, viewer, may_create=may_create)


def visit_planet(planet_id: int, viewer: Viewer | None) -> tuple[PlanetView, Actor]:
    """Return the planet of this row id and the viewer as an actor in it; NotFound when it is gone.

    For what is reached by an id of its own (an attachment) instead of a planet's address.
    """
    row = _BY_ID.first(user_id=viewer.user_id if viewer else None, planet_id=planet_id)
    if row is None:
        raise NotFound(str(planet_id))
    return _read(row, viewer)


def _actor(
    planet: PlanetView,
    settings: PlanetSettings,
    viewer: Viewer | None,
    membership: Sequence[Any],
    *,
    may_create: bool,
) -> Actor:
    moment = clock.now()
    if viewer is None:
        return Actor(now=moment, planet=settings)
    identity, role, joined, requested, expires, left, removed = membership[:7]
    muted, isolated, rules, number, grace, reads_from, approved = membership[7:]
    facts = (
        MembershipFacts(
            role=PlanetRole(role),
            joined_at=joined,
            requested_at=requested,
            expires_at=expires,
            left_at=left,
            removed_at=removed,
            grace=Grace(grace),
        )
        if identity is not None
        else None
    )
    standing = derive_standing(facts, now=planet.moment(moment), grace=planet.grace)
    return Actor(
        now=moment,
        user_id=viewer.user_id,
        confirmed=viewer.confirmed,
        site_admin=viewer.site_admin,
        may_create=may_create,
        planet=settings,
        membership_id=identity,
        role=facts.role if facts and standing is not Standing.VISITOR else None,
        standing=standing,
        expires_at=facts.expires_at if facts else None,
        muted_until=muted,
        isolated=isolated is not None,
        rules_due=standing in INSIDE and rules != planet.rules_version,
        number=number,
        reads_from=reads_from if facts and facts.role is PlanetRole.MEMBER else None,
        approved=approved is not None,
    )


def site_actor(viewer: Viewer | None, *, may_create: bool) -> Actor:
    """Return the viewer as an actor outside any planet: for the account, discovery, creation."""
    if viewer is None:
        return Actor(now=clock.now())
    return Actor(
        now=clock.now(),
        user_id=viewer.user_id,
        confirmed=viewer.confirmed,
        site_admin=viewer.site_admin,
        may_create=may_create,
    )


def actor_of(user_id: int, planet_id: int) -> tuple[PlanetView, Actor] | None:
    """Return somebody as an actor where no request is: handlers use it to check rights again.

    None when the planet is gone or the account is closed.
    """
    viewer = find_viewer_by_id(user_id)
    row = _BY_ID.first(user_id=user_id, planet_id=planet_id) if viewer else None
    return _read(row, viewer) if row is not None else None


def actors_of(user_id: int, planet_ids: Collection[int]) -> dict[int, tuple[PlanetView, Actor]]:
    """Return planet id -> the same as `actor_of`, for many planets in two queries."""
    viewer = find_viewer_by_id(user_id) if planet_ids else None
    if viewer is None:
        return {}
    rows = _BY_IDS.rows(user_id=user_id, planet_ids=planet_ids)
    entries = (_read(row, viewer) for row in rows)
    return {planet.id: (planet, actor) for planet, actor in entries}


def enter_all(viewer: Viewer) -> dict[int, tuple[PlanetView, Actor]]:
    """Return planet id -> the planet and the viewer as an actor in it, for all planets that he joined and
    did not leave, expired ones too. One query."""
    entries = (_read(row, viewer) for row in _JOINED.rows(user_id=viewer.user_id))
    return {planet.id: (planet, actor) for planet, actor in entries}


def _read(
    row: Sequence[Any], viewer: Viewer | None, *, may_create: bool = False
) -> tuple[PlanetView, Actor]:
    planet, settings = read_planet_view(row)
    membership = row[len(PLANET_VIEW_COLUMNS) :]
    return planet, _actor(planet, settings, viewer, membership, may_create=may_create)
