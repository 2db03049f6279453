"""Settling: what a membership's entitlements come to is written beside the role, for fast reading.

The entitlement rows are the truth; `flask rebuild access` settles every membership again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.kernel.db import db
from app.memberships.coverage import (
    Grant,
    Pause,
    Placed,
    held_until,
    place,
    stands_still,
)
from app.memberships.models import Entitlement, Membership
from app.memberships.periods import Duration
from app.planets.models import Planet, PlanetPause
from app.policy import Grace, PlanetRole, grace_of

# The end of a membership that nothing holds any more: before all that was ever published.
NEVER_HELD = datetime(1970, 1, 1, tzinfo=UTC)
TRIAL = "trial"


class _House:
    """What kind of money this installation deals in; entitlements of another kind hold nothing."""

    environment = "demo"


def deal_in(environment: str) -> None:
    """Say what kind of money counts here: demo, test or live. Called once, by the factory."""
    _House.environment = environment


def settle(member: Membership) -> None:
    """Derive end, grace and reading limit of a plain member from his entitlements, in the caller's
    transaction; `member` is locked. Roles above have no end but a guest's own, which stays."""
    settle_all([member])


def settle_all(members: Iterable[Membership]) -> None:
    """Settle several; see `settle`."""
    db.session.flush()
    members = list(members)
    rows = list_entitlements_of([member.id for member in members])
    still = {planet_id: read_stillness(planet_id) for planet_id in {m.planet_id for m in members}}
    for member in members:
        settle_by(member, rows[member.id], still[member.planet_id])


@dataclass(frozen=True, slots=True)
class Stillness:
    """When a planet stood still, and the days of grace that did too."""

    pauses: Sequence[Pause]
    grace: timedelta


def read_stillness(planet_id: int) -> Stillness:
    """Return a planet's pauses and its grace, as they are now."""
    days = db.session.scalar(select(Planet.grace_days).where(Planet.id == planet_id))
    return Stillness(list_pauses(planet_id), timedelta(days=days or 0))


def settle_by(member: Membership, rows: Sequence[Entitlement], still: Stillness) -> None:
    """Settle with rows that are at hand, the oldest first; they need not be written yet."""
    pauses = still.pauses
    placed = place(as_grants(rows), pauses)
    for row, lot in zip(rows, placed, strict=True):
        row.since_at, row.until_at = lot.since, lot.until
    if member.role != PlanetRole.MEMBER.value or member.joined_at is None:
        return
    held, until = held_until(placed)
    graces = [(Grace(row.grace), lot) for row, lot in zip(rows, placed, strict=True)]
    grace = grace_at(graces, until) if held else Grace.NONE
    if until is not None:
        until = stands_still(until, grace_of(grace, still.grace), pauses)
    member.expires_at = until if held else NEVER_HELD
    member.grace = grace.value
    member.reads_from = _reads_from(rows, placed)


def list_entitlements(membership_id: int) -> list[Entitlement]:
    """Return a membership's entitlements, the oldest first."""
    return list_entitlements_of([membership_id])[membership_id]


def list_entitlements_of(membership_ids: Collection[int]) -> dict[int, list[Entitlement]]:
    """Return the entitlements of each of these memberships, the oldest first."""
    rows: dict[int, list[Entitlement]] = {member_id: [] for member_id in membership_ids}
    for row in db.session.scalars(
        select(Entitlement)
        .where(Entitlement.membership_id.in_(rows))
        .order_by(Entitlement.id)
        .execution_options(populate_existing=False)
    ):
        rows[row.membership_id].append(row)
    return rows


def list_pauses(planet_id: int) -> list[Pause]:
    """Return a planet's pauses, the oldest first."""
    rows = db.session.execute(
        select(PlanetPause.starts_at, PlanetPause.ends_at)
        .where(PlanetPause.planet_id == planet_id)
        .order_by(PlanetPause.starts_at)
    )
    return [Pause(*row) for row in rows]


def as_grants(rows: Sequence[Entitlement]) -> list[Grant]:
    """Return entitlements as coverage sees them, each by its place in the list."""
    return [_grant(key, row) for key, row in enumerate(rows)]


def _grant(key: int, row: Entitlement) -> Grant:
    lasts = Duration(months=row.months, days=row.days) if row.months or row.days else None
    return Grant(
        key=key,
        starts=row.starts_at,
        ends=row.ends_at,
        lasts=lasts,
        cut=row.cut_at,
        cut_decided=row.cut_decided_at,
        zone=row.zone,
        holds=row.revoked_at is None
        and row.suspended_at is None
        and row.environment in ("", _House.environment),
    )


def grace_at(graces: Sequence[tuple[Grace, Placed]], until: datetime | None) -> Grace:
    """Return the grace of what ends last, `until`; of several that end together the longest."""
    last = {grace for grace, lot in graces if _ends(lot, until)}
    return next(kind for kind in Grace if kind in last)


def _ends(lot: Placed, until: datetime | None) -> bool:
    return lot.holds and not lot.empty and lot.until == until


def _reads_from(rows: Sequence[Entitlement], placed: Sequence[Placed]) -> datetime | None:
    """A trial's limit counts only while nothing else was ever held."""
    pairs = zip(rows, placed, strict=True)
    held = [row for row, lot in pairs if lot.holds and not lot.empty]
    limits = [row.reads_from for row in held]
    return min((at for at in limits if at), default=None) if held and all(limits) else None
