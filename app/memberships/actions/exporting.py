"""Writing down that somebody took rows of a planet away as a file."""

from __future__ import annotations

from typing import Any

from app.kernel.audit import record
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require


def note_export(actor: Actor, action: str, **what: Any) -> None:
    """Write an export ("export.members", "export.ledger", …) into the planet's trail, in the caller's unit of
    work. `what` tells which rows and how many, never whose."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    planet_id = planet_of(actor)
    record(
        action,
        actor_id=actor.user_id,
        planet_id=planet_id,
        subject=("planet", planet_id),
        **what,
    )
