"""The gate: turns a verdict into the error that doors translate. First line of every action."""

from __future__ import annotations

from typing import Any

from app.kernel.errors import NotFound, Refused
from app.policy.model import Action, Actor
from app.policy.rules import can


def require(actor: Actor, action: Action, facts: Any = None) -> None:
    """Return when `actor` may do `action`; NotFound for what is hidden, Refused with the reason."""
    verdict = can(actor, action, facts)
    if verdict.kind == "hide":
        raise NotFound(action.value)
    if verdict.reason is not None:
        raise Refused(verdict.reason)
