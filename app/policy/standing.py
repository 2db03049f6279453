"""Standing: a pure function of a membership's columns and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.policy.model import PlanetRole, Standing


@dataclass(frozen=True, slots=True)
class MembershipFacts:
    """The columns from which standing follows. All times aware UTC; None = never happened."""

    role: PlanetRole
    joined_at: datetime | None
    requested_at: datetime | None = None
    expires_at: datetime | None = None
    left_at: datetime | None = None
    removed_at: datetime | None = None


def derive_standing(facts: MembershipFacts | None, *, now: datetime, grace: timedelta) -> Standing:
    """Return the standing at `now`. `grace` prolongs paying members only, not guests with an end.

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
    if facts.role is PlanetRole.MEMBER and now < facts.expires_at + grace:
        return Standing.GRACE
    return Standing.EXPIRED
