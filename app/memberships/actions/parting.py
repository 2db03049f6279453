"""Leaving every planet at once, because the account closes."""

from __future__ import annotations

from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Refused
from app.memberships.actions.joining import give_up
from app.memberships.backing import revoke_unbacked
from app.memberships.events import MembershipEnded
from app.memberships.models import Membership
from app.memberships.rows import person_of
from app.memberships.trail import note
from app.outbox.events import put
from app.policy import Action, Actor, PlanetRole, Reason
from app.policy.gate import require


def leave_every_planet(actor: Actor) -> None:
    """End all of the actor's memberships and requests. Refused(last_owner) while he owns a planet.

    Numbers and names stay reserved, as after leaving one by one.
    """
    require(actor, Action.ACCOUNT_USE)
    rows = db.session.scalars(
        select(Membership)
        .where(
            Membership.user_id == person_of(actor),
            Membership.left_at.is_(None),
            Membership.removed_at.is_(None),
        )
        .order_by(Membership.id)
        .with_for_update()
    ).all()
    if any(member.role == PlanetRole.OWNER for member in rows):
        raise Refused(Reason.LAST_OWNER)
    for member in rows:
        member.requested_at = None
        if member.joined_at is None:
            continue
        member.left_at = clock.now()
        member.pinned_at = None
        give_up(member)
        db.session.flush()
        revoke_unbacked(member.planet_id, member.user_id, role=None)
        note(actor, "member.leave", member)
        put(MembershipEnded(membership_id=member.id))
