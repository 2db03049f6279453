"""Taking the words of a reason out of a planet's trail, where the law asks for it."""

from __future__ import annotations

from app.kernel import audit
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require


def blank_reason(actor: Actor, *, entry_id: str, why: str) -> None:
    """Blank the reason of an entry (its public id) of the actor's planet, for a reason of its own.

    NotFound for an entry that is not there or has no reason; Invalid("reason", ...) for a bad `why`.
    """
    require(actor, Action.AUDIT_BLANK)
    audit.blank_reason(entry_id, actor_id=actor.user_id, planet_id=planet_of(actor), why=why)
