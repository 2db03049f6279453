"""Standing: a pure function of a membership's columns and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.policy.model import Grace, PlanetRole, Standing

# An auto-renewing subscription whose payment is not known yet: webhooks may be late (BILLING.md R15).
LATE_WEBHOOK = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class MembershipFacts:
    """The columns from which standing follows. All times aware UTC; None = never happened."""

    role: PlanetRole
    joined_at: datetime | None
    requested_at: datetime | None = None
    expires_at: datetime | None = None
    left_at: datetime | None = None
    removed_at: datetime | None = None
    grace: Grace = Grace.PLANET


def derive_standing(facts: MembershipFacts | None, *, now: datetime, grace: timedelta) -> Standing:
    """Return the standing at `now`. `grace` prolongs paying members only, not guests with an end.

    `grace` is the planet's; a member's own kind of grace may be shorter or none. While a planet is
    paused the caller's `now` is the pause's beginning.

    No row is `visitor`; removal outweighs leaving, leaving outweighs everything else; a request
    that nobody decided is `pending`; no `expires_at` never expires.
    """
    if facts is None:
        return Standing.VISITOR
    if facts.removed_at is not None:
        return Standing.REMOVED
    if facts.left_at is not None:
        return Standing.LEFT
    if facts.joined_at is None:
        return Standing.PENDING if facts.requested_at else Standing.VISITOR
    if facts.expires_at is None or now < facts.expires_at:
        return Standing.ACTIVE
    if facts.role is PlanetRole.MEMBER and now < facts.expires_at + grace_of(facts.grace, grace):
        return Standing.GRACE
    return Standing.EXPIRED


def grace_of(kind: Grace, planet: timedelta) -> timedelta:
    """Return how long a kind of grace lasts; `planet` is the planet's setting."""
    return {Grace.PLANET: planet, Grace.LATE: LATE_WEBHOOK, Grace.NONE: timedelta()}[kind]
