"""Writing acts on memberships into the audit trail."""

from __future__ import annotations

from typing import Any

from app.kernel.audit import record
from app.memberships.models import Invitation, Membership
from app.policy import Actor


def note(
    actor: Actor, action: str, subject: Membership | Invitation, *, reason: str = "", **data: Any
) -> None:
    """Write that the actor did `action` to a membership or an invitation of his planet."""
    record(
        action,
        actor_id=actor.user_id,
        planet_id=subject.planet_id,
        subject=("membership" if isinstance(subject, Membership) else "invitation", subject.id),
        reason=reason,
        **data,
    )
