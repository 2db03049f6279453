"""What rows say about a membership: its standing, and the facts the policy asks for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from app.memberships.models import Membership
from app.policy import (
    Grace,
    MemberFacts,
    MembershipFacts,
    PlanetRole,
    Standing,
    derive_standing,
    grace_of,
)

# Who has the access by a role, which costs nothing and does not end: staff and guests.
HAS_BY_ROLE = and_(
    Membership.role != PlanetRole.MEMBER.value,
    Membership.joined_at.is_not(None),
    Membership.left_at.is_(None),
    Membership.removed_at.is_(None),
)


def read_facts(row: Any) -> MembershipFacts:
    """Return what the policy derives a standing from; `row` has a membership's columns by their names."""
    return MembershipFacts(
        role=PlanetRole(row.role),
        joined_at=row.joined_at,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        left_at=row.left_at,
        removed_at=row.removed_at,
        grace=Grace(row.grace),
    )


def standing_of(member: Membership, *, now: datetime, grace: timedelta) -> Standing:
    """Return the standing of a row at `now`."""
    return derive_standing(read_facts(member), now=now, grace=grace)


def facts_of(
    member: Membership, *, now: datetime, grace: timedelta, only_owner: bool = False
) -> MemberFacts:
    """Return a row as the policy sees another member. `only_owner` matters for leaving alone."""
    return MemberFacts(
        user_id=member.user_id,
        role=PlanetRole(member.role),
        standing=standing_of(member, now=now, grace=grace),
        only_owner=only_owner,
    )


def is_inside(*, now: datetime, grace: timedelta) -> ColumnElement[bool]:
    """Return the SQL for standing active or grace; agrees with `derive_standing`."""
    return and_(
        Membership.joined_at.is_not(None),
        Membership.left_at.is_(None),
        Membership.removed_at.is_(None),
        or_(
            Membership.expires_at.is_(None),
            Membership.expires_at > now,
            and_(
                Membership.role == PlanetRole.MEMBER.value,
                or_(
                    *(
                        and_(
                            Membership.grace == kind.value,
                            Membership.expires_at > now - grace_of(kind, grace),
                        )
                        for kind in Grace
                    )
                ),
            ),
        ),
    )


def has_standing(standing: Standing, *, now: datetime, grace: timedelta) -> ColumnElement[bool]:
    """Return the SQL for one standing of rows; agrees with `derive_standing`."""
    stays = and_(Membership.left_at.is_(None), Membership.removed_at.is_(None))
    joined = and_(Membership.joined_at.is_not(None), stays)
    current = or_(Membership.expires_at.is_(None), Membership.expires_at > now)
    inside = is_inside(now=now, grace=grace)
    return {
        Standing.VISITOR: and_(
            Membership.joined_at.is_(None), Membership.requested_at.is_(None), stays
        ),
        Standing.PENDING: and_(
            Membership.joined_at.is_(None), Membership.requested_at.is_not(None), stays
        ),
        Standing.ACTIVE: and_(joined, current),
        Standing.GRACE: and_(inside, Membership.expires_at <= now),
        Standing.EXPIRED: and_(joined, Membership.expires_at <= now, ~inside),
        Standing.LEFT: and_(Membership.left_at.is_not(None), Membership.removed_at.is_(None)),
        Standing.REMOVED: Membership.removed_at.is_not(None),
    }[standing]
