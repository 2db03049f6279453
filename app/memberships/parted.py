"""Who is gone from a planet, how, and since when: for what outlives a membership, as a subscription."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import case, or_, select

from app.accounts.models import User
from app.kernel.db import db
from app.memberships.models import Membership
from app.memberships.rows import Whose


class Way(StrEnum):
    """How somebody went. A guest's or a member's time that ran out is no way out, nor is isolation."""

    LEFT = "left"
    REMOVED = "removed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Parted:
    """That somebody is gone: by which way, and since when (aware UTC)."""

    way: Way
    at: datetime

    @property
    def returns(self) -> bool:
        """Whether they may come back by themselves, to the time that they bought before."""
        return self.way is Way.LEFT


# Of several ways the one that lets nobody come back counts.
GONE_AT = case(
    (User.deactivated_at.is_not(None), User.deactivated_at),
    (Membership.removed_at.is_not(None), Membership.removed_at),
    else_=Membership.left_at,
)
IS_GONE = or_(
    User.deactivated_at.is_not(None),
    Membership.removed_at.is_not(None),
    Membership.left_at.is_not(None),
)


def read_parted(whose: Collection[Whose]) -> dict[Whose, Parted]:
    """Return those of these people in these planets who are gone; the others are left out."""
    if not whose:
        return {}
    rows = db.session.execute(
        select(
            Membership.planet_id,
            Membership.user_id,
            User.deactivated_at,
            Membership.removed_at,
            Membership.left_at,
        )
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.planet_id.in_({planet_id for planet_id, _user_id in whose}),
            Membership.user_id.in_({user_id for _planet_id, user_id in whose}),
            IS_GONE,
        )
    )
    return {(row[0], row[1]): _parted(*row[2:]) for row in rows if (row[0], row[1]) in whose}


def _parted(
    closed_at: datetime | None, removed_at: datetime | None, left_at: datetime | None
) -> Parted:
    if closed_at is not None:
        return Parted(Way.CLOSED, closed_at)
    if removed_at is not None:
        return Parted(Way.REMOVED, removed_at)
    assert left_at is not None
    return Parted(Way.LEFT, left_at)
