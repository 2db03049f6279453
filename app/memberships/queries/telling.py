"""What notices must know of planets and people: many actors and names at once, whom to tell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, func, or_, select, tuple_

from app.accounts.models import User
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db
from app.kernel.reading import Ready
from app.memberships.backing import STAFF
from app.memberships.models import Entitlement, Invitation, Membership
from app.memberships.queries.people import SHOWN_NAME
from app.policy import PlanetRole


@dataclass(frozen=True, slots=True)
class MemberIds:
    """Whose membership a row is, where, and when he last asked to join, was declined or approved."""

    planet_id: int
    user_id: int
    requested_at: datetime | None
    declined_at: datetime | None
    approved_at: datetime | None


_MEMBER_IDS = Ready(
    select(
        Membership.planet_id,
        Membership.user_id,
        Membership.requested_at,
        Membership.declined_at,
        Membership.approved_at,
    ).where(Membership.id == bindparam("membership_id"))
)


def find_member_ids(membership_id: int) -> MemberIds | None:
    """Return whose a membership is; None when the row is gone."""
    row = _MEMBER_IDS.first(membership_id=membership_id)
    return MemberIds(*row) if row else None


def find_period_source(period_id: int) -> str:
    """Return where a period of access came from (`approval`, `open` …), "" when it is gone."""
    source = select(Entitlement.source).where(Entitlement.id == period_id)
    return db.session.scalar(source) or ""


def last_role_change(planet_id: int) -> int:
    """Return the trail's number of the planet's newest change of roles, 0 before the first."""
    newest = select(func.max(AuditEntry.id)).where(
        AuditEntry.planet_id == planet_id,
        AuditEntry.action.in_(("member.role", "planet.hand_over")),
    )
    return db.session.scalar(newest) or 0


def list_staff_ids(planet_id: int) -> list[int]:
    """Return the user ids of those who hold a staff role; whether it counts now, the policy says."""
    return _holders(planet_id, STAFF)


def list_owner_ids(planet_id: int) -> list[int]:
    """Return the user ids of the planet's owners."""
    return _holders(planet_id, (PlanetRole.OWNER,))


def list_leader_ids(planet_id: int) -> list[int]:
    """Return the user ids of owner and partners: who answers for the planet's money."""
    return _holders(planet_id, (PlanetRole.OWNER, PlanetRole.PARTNER))


def member_ids_in(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Return (planet id, user id) -> the public id of that membership. One query, none for no pairs."""
    if not pairs:
        return {}
    rows = db.session.execute(
        select(Membership.planet_id, Membership.user_id, Membership.public_id).where(
            tuple_(Membership.planet_id, Membership.user_id).in_(list(pairs))
        )
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _holders(planet_id: int, roles: Collection[PlanetRole]) -> list[int]:
    statement = (
        select(Membership.user_id)
        .where(
            Membership.planet_id == planet_id,
            Membership.role.in_(roles),
            Membership.joined_at.is_not(None),
            Membership.left_at.is_(None),
            Membership.removed_at.is_(None),
        )
        .order_by(Membership.id)
    )
    return list(db.session.scalars(statement))


def names_in(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Return (planet id, user id) -> the name shown there; for everybody with an account, also for
    who is no member. One query."""
    if not pairs:
        return {}
    planets = {planet_id for planet_id, _user in pairs}
    people = {user_id for _planet, user_id in pairs}
    own = {
        row.id: row.name
        for row in db.session.execute(select(User.id, User.name).where(User.id.in_(people)))
    }
    shown = (
        select(Membership.planet_id, Membership.user_id, SHOWN_NAME)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.planet_id.in_(planets),
            tuple_(Membership.planet_id, Membership.user_id).in_(list(pairs)),
        )
    )
    names = {(row[0], row[1]): row[2] for row in db.session.execute(shown)}
    return {pair: names.get(pair) or own[pair[1]] for pair in pairs if pair[1] in own}


def valid_invitation_ids(ids: Collection[int]) -> set[int]:
    """Return which of these invitations can still be taken up, or were."""
    if not ids:
        return set()
    statement = select(Invitation.id).where(
        and_(
            Invitation.id.in_(ids),
            Invitation.revoked_at.is_(None),
            or_(Invitation.accepted_at.is_not(None), Invitation.expires_at > clock.now()),
        )
    )
    return set(db.session.scalars(statement))
