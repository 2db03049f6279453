"""Roles and ends: another role, another end date, another owner."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.accounts.models import User
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid
from app.kernel.ids import new_public_id
from app.memberships.actions.granting import ANSWERERS
from app.memberships.backing import STAFF, revoke_unbacked
from app.memberships.events import RoleChanged
from app.memberships.models import Entitlement, Membership
from app.memberships.rows import get_own_row, read_facts
from app.memberships.settling import list_entitlements, settle
from app.memberships.trail import note
from app.outbox.events import put
from app.policy import Action, Actor, MemberFacts, PlanetRole, Standing
from app.policy.gate import require

INSIDE = (Standing.ACTIVE, Standing.GRACE)


def set_role(
    actor: Actor, *, member: Membership, role: PlanetRole, ends_at: datetime | None = None
) -> None:
    """Give somebody below the actor another role below his. `ends_at` is for guests only.

    Staff and guests cost nothing and do not expire; whoever becomes a plain member again has the
    end of what was granted to him. Refused by rank; Invalid("role", …) for ownership, which is
    handed over, and for somebody outside; Invalid("ends_at", "past").
    """
    facts = read_facts(member)
    require(actor, Action.ROLE_SET, facts)
    require(actor, Action.ROLE_SET, MemberFacts(member.user_id, role, facts.standing))
    if member.joined_at is None or facts.standing in (Standing.LEFT, Standing.REMOVED):
        raise Invalid("role", "not_inside")
    _check_end(ends_at)
    before = member.role
    if before == role and role is not PlanetRole.GUEST:
        return
    member.role = role.value
    member.expires_at = ends_at if role is PlanetRole.GUEST else None
    settle(member)
    member.takes_questions = role in ANSWERERS
    db.session.flush()
    revoke_unbacked(member.planet_id, member.user_id, role=role)
    note(actor, "member.role", member, before=before, after=role.value)
    put(RoleChanged(membership_id=member.id))


def set_end(actor: Actor, *, member: Membership, ends_at: datetime | None) -> None:
    """Set when a guest's or member's access ends; None never ends. Aware UTC, in the future.

    Invalid("ends_at", …): `past`, or `staff_never_ends`.
    """
    require(actor, Action.MEMBER_MANAGE, read_facts(member))
    _check_end(ends_at)
    if member.role in STAFF and ends_at is not None:
        raise Invalid("ends_at", "staff_never_ends")
    before = member.expires_at
    if member.role == PlanetRole.MEMBER:
        _end_at(actor, member, ends_at)
    else:
        member.expires_at = ends_at
    note(actor, "member.end", member, before=_text(before), after=_text(ends_at))


def hand_over(actor: Actor, *, member: Membership, confirmation: str, expected: str) -> None:
    """Make somebody inside the owner; the former owner becomes a partner.

    `confirmation` is what the owner typed, `expected` what he was asked to type (the slug).
    Invalid("confirmation", "mismatch"); Invalid("member", …) when the other one is outside,
    isolated or cannot sign in; Conflict when the actor stopped being the owner meanwhile.
    """
    require(actor, Action.OWNERSHIP_HAND_OVER)
    if confirmation.strip() != expected:
        raise Invalid("confirmation", "mismatch", expected=expected)
    own = get_own_row(actor)
    if own.role != PlanetRole.OWNER or own.left_at is not None or own.removed_at is not None:
        raise Conflict("owner")
    _check_heir(own, member)
    own.role = PlanetRole.PARTNER.value
    member.role = PlanetRole.OWNER.value
    member.expires_at = None
    member.muted_until = None
    member.takes_questions = True
    db.session.flush()
    revoke_unbacked(own.planet_id, own.user_id, role=PlanetRole.PARTNER)
    note(actor, "planet.hand_over", member)
    put(RoleChanged(membership_id=member.id))
    put(RoleChanged(membership_id=own.id))


def _check_heir(own: Membership, member: Membership) -> None:
    account = db.session.execute(
        select(User.email_confirmed_at, User.deactivated_at).where(User.id == member.user_id)
    ).one()
    if member.id == own.id or member.planet_id != own.planet_id:
        raise Invalid("member", "heir_self")
    if read_facts(member).standing not in INSIDE:
        raise Invalid("member", "not_inside")
    if member.isolated_at is not None:
        raise Invalid("member", "heir_isolated")
    if account.email_confirmed_at is None or account.deactivated_at is not None:
        raise Invalid("member", "heir_account")


def _check_end(ends_at: datetime | None) -> None:
    if ends_at is not None and ends_at <= clock.now():
        raise Invalid("ends_at", "past")


def _end_at(actor: Actor, member: Membership, ends_at: datetime | None) -> None:
    """Let a plain member's access end at a moment, whatever it was: shorten it, or add to it."""
    settle(member)
    rows = list_entitlements(member.id)
    for row in rows:
        if ends_at is not None and (row.until_at is None or row.until_at > ends_at):
            row.cut_at, row.cut_decided_at = ends_at, clock.now()
    settle(member)
    if member.expires_at != ends_at:
        moment = clock.now()
        db.session.add(
            Entitlement(
                membership_id=member.id,
                source="staff",
                source_ref=new_public_id(),
                starts_at=moment,
                ends_at=ends_at,
                granted_by=actor.user_id,
                created_at=moment,
                since_at=moment,
            )
        )
        settle(member)


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
