"""Reading the people of a planet. Nothing here holds an e-mail address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CompoundSelect, func, or_, select, union_all

from app.accounts.models import User
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.memberships.facts import has_standing, is_inside, read_facts
from app.memberships.models import Membership
from app.memberships.rows import get_terms, planet_of
from app.policy import (
    Action,
    Actor,
    MemberFacts,
    PlanetRole,
    Standing,
    derive_standing,
)
from app.policy.gate import require

# The name shown in a planet: the nickname there, else the account's.
SHOWN_NAME = func.coalesce(func.nullif(Membership.nickname, ""), User.name)


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as staff see him in lists and on his page."""

    public_id: str
    user_public_id: str
    user_id: int
    name: str
    account_name: str
    avatar: str
    role: str
    number: int | None
    joined_at: datetime | None
    requested_at: datetime | None
    request_answer: str
    expires_at: datetime | None
    grace: str
    left_at: datetime | None
    removed_at: datetime | None
    removed_reason: str
    muted_until: datetime | None
    isolated_at: datetime | None
    rules_version: int
    rules_accepted_at: datetime | None

    def standing(self, now: datetime, grace: timedelta) -> Standing:
        """Return the standing at `now`."""
        return derive_standing(read_facts(self), now=now, grace=grace)

    def facts(self, now: datetime, grace: timedelta) -> MemberFacts:
        """Return him as the policy sees another member."""
        return MemberFacts(self.user_id, PlanetRole(self.role), self.standing(now, grace))


_OTHER: dict[str, Any] = {
    "user_public_id": User.public_id,
    "name": SHOWN_NAME,
    "account_name": User.name,
    "avatar": User.avatar,
}
_ROW = select(
    *(
        _OTHER[name] if name in _OTHER else Membership.__table__.c[name]
        for name in MemberRow.__dataclass_fields__
    )
).join(User, User.id == Membership.user_id)


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """What a list of members is narrowed to; "" leaves it wide. `name` is part of a name or a number."""

    role: str = ""
    standing: str = ""
    name: str = ""


def list_members(
    actor: Actor, *, narrowed: MemberFilter, after: str = "", limit: int = 50
) -> tuple[list[MemberRow], str]:
    """Return members in the order in which they came, and the next page's cursor or "".

    Staff see every standing; others, where the directory is open, only those inside, and not who
    is isolated. `after` is the public id of the last membership seen; an unknown one is none.
    """
    require(actor, Action.MEMBER_LIST)
    planet_id = planet_of(actor)
    terms = get_terms(planet_id)
    moment, grace = terms.moment(), terms.grace
    statement = _ROW.where(Membership.planet_id == planet_id)
    if not actor.staff:
        own = Membership.user_id == actor.user_id
        statement = statement.where(
            is_inside(now=moment, grace=grace), or_(own, Membership.isolated_at.is_(None))
        )
    elif narrowed.standing in set(Standing):
        standing = Standing(narrowed.standing)
        statement = statement.where(has_standing(standing, now=moment, grace=grace))
    else:
        statement = statement.where(Membership.joined_at.is_not(None))
    if narrowed.role in set(PlanetRole):
        statement = statement.where(Membership.role == narrowed.role)
    if narrowed.name:
        statement = statement.where(_named(narrowed.name, actor))
    if last := find_membership_id(planet_id, after):
        statement = statement.where(Membership.id > last)
    rows = db.session.execute(statement.order_by(Membership.id).limit(limit + 1))
    found = [MemberRow(*row) for row in rows]
    more = len(found) > limit
    return found[:limit], found[limit - 1].public_id if more else ""


def find_membership_id(planet_id: int, public_id: str) -> int | None:
    """Return the row id of a planet's membership, the place where a page of a list begins; None when
    there is none of this public id."""
    if not public_id:
        return None
    return db.session.scalar(
        select(Membership.id).where(
            Membership.public_id == public_id, Membership.planet_id == planet_id
        )
    )


def _named(typed: str, actor: Actor) -> Any:
    """The shown name or the number; whose account it is behind a nickname, staff alone can search."""
    number = typed.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 10:
        return Membership.number == int(number)
    shown = SHOWN_NAME.icontains(typed, autoescape=True)
    return or_(shown, User.name.icontains(typed, autoescape=True)) if actor.staff else shown


def list_requests(actor: Actor, *, limit: int = 100) -> list[MemberRow]:
    """Return who waits to be let in, the longest waiting first."""
    require(actor, Action.MEMBER_APPROVE)
    rows = db.session.execute(
        _ROW.where(
            Membership.planet_id == planet_of(actor),
            Membership.requested_at.is_not(None),
            Membership.removed_at.is_(None),
        )
        .order_by(Membership.requested_at, Membership.id)
        .limit(limit)
    )
    return [MemberRow(*row) for row in rows]


def get_member(actor: Actor, public_id: str) -> MemberRow:
    """Return a member for staff, by the membership's public id. NotFound elsewhere."""
    require(actor, Action.MEMBER_APPROVE)
    found = db.session.execute(
        _ROW.where(Membership.planet_id == planet_of(actor), Membership.public_id == public_id)
    ).one_or_none()
    if found is None:
        raise NotFound
    return MemberRow(*found)


def list_heirs(actor: Actor, *, limit: int = 200) -> list[MemberRow]:
    """Return whom the owner may hand the planet over to: staff first, then guests and members."""
    require(actor, Action.OWNERSHIP_HAND_OVER)
    planet_id = planet_of(actor)
    terms = get_terms(planet_id)
    moment, grace = terms.moment(), terms.grace
    order = [role.value for role in PlanetRole]
    rows = db.session.execute(
        _ROW.where(
            Membership.planet_id == planet_id,
            is_inside(now=moment, grace=grace),
            Membership.isolated_at.is_(None),
            Membership.user_id != actor.user_id,
            User.deactivated_at.is_(None),
            User.email_confirmed_at.is_not(None),
        )
        .order_by(Membership.id)
        .limit(limit)
    )
    return sorted((MemberRow(*row) for row in rows), key=lambda m: order.index(m.role))


@dataclass(frozen=True, slots=True)
class Person:
    """A person of a planet as others see him. `role` is "" for who is not inside (any more)."""

    user_id: int
    user_public_id: str
    membership_id: str
    name: str
    avatar: str
    bio: str
    role: str


_PERSON = select(
    User.id,
    User.public_id,
    Membership.public_id,
    SHOWN_NAME,
    User.avatar,
    User.bio,
    Membership.role,
).join(User, User.id == Membership.user_id)


def find_person(planet_id: int, public_id: str) -> Person | None:
    """Return a person who has a row in the planet; whether he may be shown is asked by the caller.

    `public_id` is the membership's, as bylines carry it (it ties nobody's planets together), or
    the account's.
    """
    terms = get_terms(planet_id)
    moment, grace = terms.moment(), terms.grace
    row = db.session.execute(
        _PERSON.add_columns(is_inside(now=moment, grace=grace)).where(
            Membership.planet_id == planet_id,
            # Each by its own index: OR over two tables walks the whole planet.
            Membership.id.in_(_bearing(planet_id, public_id)),
        )
    ).one_or_none()
    if row is None:
        return None
    *shown, role, inside = row
    return Person(*[*shown, role if inside else ""])


def _bearing(planet_id: int, public_id: str) -> CompoundSelect[int]:
    account = select(User.id).where(User.public_id == public_id).scalar_subquery()
    return union_all(
        select(Membership.id).where(Membership.public_id == public_id),
        select(Membership.id).where(
            Membership.planet_id == planet_id, Membership.user_id == account
        ),
    )


def find_owner(planet_id: int) -> Person | None:
    """Return the planet's owner for its landing page; None only where the data is broken."""
    row = db.session.execute(
        _PERSON.where(
            Membership.planet_id == planet_id,
            Membership.role == PlanetRole.OWNER.value,
            Membership.left_at.is_(None),
            Membership.removed_at.is_(None),
        )
        .order_by(Membership.id)
        .limit(1)
    ).one_or_none()
    return Person(*row) if row else None
