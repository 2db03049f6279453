"""Accepting a planet's rules."""

from __future__ import annotations

from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.memberships.models import Membership, RulesAcceptance
from app.memberships.rows import get_own_row, get_terms
from app.policy import Action, Actor
from app.policy.gate import require


def accept_rules(actor: Actor, *, version: int) -> None:
    """Accept the present rules. Invalid("rules", "rules_changed") when `version` is not the present."""
    require(actor, Action.PLANET_READ)
    accept_present_rules(get_own_row(actor), version=version)


def accept_present_rules(member: Membership, *, version: int) -> None:
    """Store that a row's person accepted `version`, which must be the newest; 0 where none is.

    Invalid("rules", …): `rules_needed` when nothing was accepted, `rules_changed` when a newer
    version was published since the page was shown.
    """
    present = get_terms(member.planet_id).rules_version
    if present == 0 or member.rules_version == present:
        return
    if version != present:
        raise Invalid("rules", "rules_changed" if version else "rules_needed")
    moment = clock.now()
    member.rules_version = present
    member.rules_accepted_at = moment
    db.session.flush()
    if db.session.get(RulesAcceptance, (member.id, present)) is None:
        db.session.add(
            RulesAcceptance(membership_id=member.id, version=present, accepted_at=moment)
        )
        db.session.flush()
