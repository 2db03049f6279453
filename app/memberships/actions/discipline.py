"""Keeping the peace: mute, isolate, remove, and taking each back."""

from __future__ import annotations

from datetime import datetime

from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid
from app.kernel.text import tidy
from app.memberships.actions.joining import REASON_MAX
from app.memberships.backing import revoke_unbacked
from app.memberships.events import MembershipEnded
from app.memberships.models import Membership
from app.memberships.rows import read_facts
from app.memberships.trail import note
from app.outbox.events import put
from app.policy import Action, Actor, PlanetRole
from app.policy.gate import require


def mute(actor: Actor, *, member: Membership, until: datetime, reason: str) -> None:
    """Take somebody's voice until a moment (aware UTC, in the future): he reads, but writes nothing."""
    require(actor, Action.MEMBER_MANAGE, read_facts(member))
    if until <= clock.now():
        raise Invalid("until", "past")
    reason = _check_reason(reason)
    member.muted_until = until
    note(actor, "member.mute", member, reason=reason, until=until.isoformat())


def unmute(actor: Actor, *, member: Membership) -> None:
    """Give a voice back before its time."""
    require(actor, Action.MEMBER_MANAGE, read_facts(member))
    if member.muted_until is None:
        return
    member.muted_until = None
    note(actor, "member.unmute", member)


def isolate(actor: Actor, *, member: Membership, reason: str) -> None:
    """Let somebody write from now on for himself alone; he is not told."""
    require(actor, Action.MEMBER_MANAGE, read_facts(member))
    reason = _check_reason(reason)
    if member.isolated_at is not None:
        return
    member.isolated_at = clock.now()
    note(actor, "member.isolate", member, reason=reason)


def release(actor: Actor, *, member: Membership) -> None:
    """End an isolation: what he writes from now on is seen again; what he wrote inside stays his."""
    require(actor, Action.MEMBER_MANAGE, read_facts(member))
    if member.isolated_at is None:
        return
    member.isolated_at = None
    note(actor, "member.release", member)


def remove(actor: Actor, *, member: Membership, reason: str) -> None:
    """Put somebody out, at once and until staff readmit him. Invalid("reason", "required")."""
    require(actor, Action.MEMBER_REMOVE, read_facts(member))
    reason = _check_reason(reason)
    if not reason:
        raise Invalid("reason", "required")
    if member.removed_at is not None:
        raise Conflict("removed")
    member.removed_at = clock.now()
    member.removed_reason = reason
    member.requested_at = None
    member.pinned_at = None
    db.session.flush()
    revoke_unbacked(member.planet_id, member.user_id, role=None)
    note(actor, "member.remove", member, reason=reason)
    put(MembershipEnded(membership_id=member.id))


def readmit(actor: Actor, *, member: Membership) -> None:
    """Take a removal back: he is where he was before, but as a plain member."""
    require(actor, Action.MEMBER_MANAGE, read_facts(member))
    if member.removed_at is None:
        raise Conflict("removed")
    before = member.role
    member.removed_at = None
    member.removed_reason = ""
    member.role = PlanetRole.MEMBER.value
    member.takes_questions = False
    note(actor, "member.readmit", member, before=before, after=member.role)


def _check_reason(reason: str) -> str:
    reason = tidy(reason)
    if len(reason) > REASON_MAX:
        raise Invalid("reason", "too_long", high=REASON_MAX)
    return reason
