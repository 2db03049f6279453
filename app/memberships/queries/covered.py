"""What somebody's access comes to now, or would come to: what every sentence about it is made from (R34)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db
from app.memberships.coverage import (
    Fate,
    Grant,
    Pause,
    Placed,
    held_until,
    place,
    stands_still,
)
from app.memberships.facts import HAS_BY_ROLE
from app.memberships.models import Entitlement, Membership
from app.memberships.rows import get_terms
from app.memberships.settling import (
    Stillness,
    as_grants,
    grace_at,
    list_entitlements,
    list_pauses,
)
from app.policy import Grace, PlanetRole, grace_of

# What an entitlement was granted for: source and reference.
Cause = tuple[str, str]


class Cover(StrEnum):
    """How somebody's access stands.

    `none`: nothing to speak of, as before he came and after he left. `role`: it comes with a role.
    `runs`: time is held. `grace`: that is over, and the days after it run. `rests`: only what a bank
    still has to decide on. `ends`: it is held now and what is coming takes it. `ended`: nothing is held.
    """

    NONE = "none"
    ROLE = "role"
    RUNS = "runs"
    GRACE = "grace"
    RESTS = "rests"
    ENDS = "ends"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Covered:
    """How access stands and until when: `until` None never ends (`runs`), or was given back whole
    (`ended`). `last` is when the days of grace after it are over (`grace`). `paused`: the planet stands
    still, and every end moves by the length of that."""

    cover: Cover
    until: datetime | None = None
    last: datetime | None = None
    paused: bool = False


def read_covered(planet_id: int, user_id: int, coming: Mapping[Cause, Fate]) -> Covered:
    """Return how a person's access in a planet stands. `coming` is what is decided and not applied yet,
    by what it was granted for; empty for what holds now."""
    member = db.session.scalar(
        select(Membership).where(Membership.planet_id == planet_id, Membership.user_id == user_id)
    )
    if member is None or member.joined_at is None or member.left_at or member.removed_at:
        return Covered(Cover.NONE)
    if member.role != PlanetRole.MEMBER.value:
        return Covered(Cover.ROLE)
    rows = list_entitlements(member.id)
    terms, pauses = get_terms(planet_id), list_pauses(planet_id)
    still, moment = Stillness(pauses, terms.grace), terms.moment()
    now = as_grants(rows)
    then = [_after(grant, row, coming) for grant, row in zip(now, rows, strict=True)]
    lots = place(then, pauses)
    held, until = held_until(lots)
    if held and (until is None or until > moment):
        return Covered(Cover.RUNS, until, paused=any(pause.ends is None for pause in pauses))
    last = _last_moment(rows, lots, until, coming, still)
    if last is not None and last > moment:
        return Covered(Cover.GRACE, until, last)
    lifted = [_lifted(grant, row, coming) for grant, row in zip(then, rows, strict=True)]
    if _holds(lifted, pauses, moment):
        return Covered(Cover.RESTS)
    if _holds(now, pauses, moment):
        return Covered(Cover.ENDS)
    return Covered(Cover.ENDED, until if held else None)


def has_by_role(planet_id: int, user_id: int) -> bool:
    """Whether a person has the access to a planet by a role, and pays for nothing there."""
    found = select(Membership.id).where(
        Membership.planet_id == planet_id, Membership.user_id == user_id, HAS_BY_ROLE
    )
    return db.session.scalar(found) is not None


def _last_moment(
    rows: Sequence[Entitlement],
    lots: Sequence[Placed],
    until: datetime | None,
    coming: Mapping[Cause, Fate],
    still: Stillness,
) -> datetime | None:
    """Return when the grace after the time that was held is over; None where nothing was held."""
    if until is None:
        return None
    pairs = zip(rows, lots, strict=True)
    grace = grace_at([(_grace_after(row, coming), lot) for row, lot in pairs], until)
    span = grace_of(grace, still.grace)
    return stands_still(until, span, still.pauses) + span


def _grace_after(row: Entitlement, coming: Mapping[Cause, Fate]) -> Grace:
    """Return the grace of a row; what is cut has none."""
    fate = coming.get((row.source, row.source_ref), Fate())
    return Grace.NONE if fate.cut_at is not None else Grace(row.grace)


def _after(grant: Grant, row: Entitlement, coming: Mapping[Cause, Fate]) -> Grant:
    fate = coming.get((row.source, row.source_ref))
    if fate is None:
        return grant
    if fate.revoked or fate.suspended:
        return replace(grant, holds=False)
    if fate.cut_at is not None and (grant.cut is None or fate.cut_at < grant.cut):
        return replace(grant, cut=fate.cut_at, cut_decided=min(fate.cut_at, clock.now()))
    return grant


def _lifted(grant: Grant, row: Entitlement, coming: Mapping[Cause, Fate]) -> Grant:
    """Return what a grant gives once the bank has decided for it."""
    fate = coming.get((row.source, row.source_ref), Fate())
    waits = (row.suspended_at is not None or fate.suspended) and not fate.revoked
    return replace(grant, holds=True) if waits and row.revoked_at is None else grant


def _holds(grants: Sequence[Grant], pauses: Sequence[Pause], moment: datetime) -> bool:
    held, until = held_until(place(grants, pauses))
    return held and (until is None or until > moment)
