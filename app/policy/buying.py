"""Rules of buying membership, and of taking it up with a code."""

from __future__ import annotations

from app.policy.model import (
    ALLOW,
    Actor,
    Joining,
    OrderFacts,
    PlanetRole,
    Reason,
    Standing,
    Verdict,
    deny,
)
from app.policy.reading import first, outside


def plan_buy(actor: Actor, _facts: None) -> Verdict:
    """Buy or renew: whoever could join, and members whose time ends. Roles above cost nothing."""
    if (stopped := _nobody_who_could(actor)) is not None:
        return stopped
    if actor.planet is not None and actor.planet.paused:
        return deny(Reason.PAUSED)
    if not actor.confirmed:
        return deny(Reason.CONFIRM_EMAIL)
    if actor.inside:
        return _ends(actor)
    if actor.standing is Standing.EXPIRED or actor.approved:
        return ALLOW
    if actor.standing is Standing.PENDING:
        return deny(Reason.PENDING)
    joining = actor.planet.joining if actor.planet else Joining.INVITATION
    refused = {
        Joining.APPROVAL: Reason.NOT_APPROVED,
        Joining.INVITATION: Reason.INVITATION_ONLY,
    }
    return deny(refused[joining]) if joining in refused else ALLOW


def gift_buy(actor: Actor, facts: None) -> Verdict:
    """Buy a membership for somebody else: everybody inside, and whoever could buy his own. A stranger to
    a planet that asks for approval could let himself in by it."""
    if not actor.inside:
        return plan_buy(actor, facts)
    if actor.planet is not None and actor.planet.paused:
        return deny(Reason.PAUSED)
    return ALLOW if actor.confirmed else deny(Reason.CONFIRM_EMAIL)


def code_redeem(actor: Actor, _facts: None) -> Verdict:
    """Take membership up with a code, or what staff offered: they made it, so nobody is asked again.

    Also while the planet is paused: nothing is sold, and the time waits.
    """
    if (stopped := _nobody_who_could(actor)) is not None:
        return stopped
    if not actor.confirmed:
        return deny(Reason.CONFIRM_EMAIL)
    return _ends(actor) if actor.inside else ALLOW


def order_decide(actor: Actor, facts: OrderFacts) -> Verdict:
    """Say as staff that an order's money is there, or give it back. Of what he paid himself nobody
    decides but the owner, whose money it is."""
    if not actor.staff:
        return first(outside(actor), deny(Reason.STAFF_ONLY))
    own = facts.buyer_id == actor.user_id
    return deny(Reason.OWN_MONEY) if own and not actor.owns else ALLOW


def _nobody_who_could(actor: Actor) -> Verdict | None:
    if actor.user_id is None:
        return deny(Reason.SIGN_IN)
    return deny(Reason.REMOVED) if actor.standing is Standing.REMOVED else None


def _ends(actor: Actor) -> Verdict:
    never = actor.role is not PlanetRole.MEMBER or actor.expires_at is None
    return deny(Reason.NEVER_ENDS) if never else ALLOW
