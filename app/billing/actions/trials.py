"""Free trials: some days of access, once per person and planet (R16)."""

from __future__ import annotations

from datetime import timedelta

from app.billing.actions.orders import find_renewing, get_sold_plan
from app.billing.actions.seats import take_seat
from app.billing.gateway import gateways
from app.billing.pricing import quote
from app.kernel import clock
from app.kernel.errors import Conflict
from app.memberships.actions.granting import Terms, start_membership
from app.memberships.actions.rules import accept_present_rules
from app.memberships.models import Membership
from app.memberships.periods import Duration
from app.memberships.rows import make_row, person_of
from app.planets.queries import PlanetView
from app.policy import Action, Actor, Grace
from app.policy.gate import require


def start_trial(
    actor: Actor, planet: PlanetView, *, plan: str, rules_version: int = 0
) -> Membership:
    """Let the actor try a plan for its days, without an order. In the caller's unit of work.

    The planet may let a trial read the last days only. Refused by the policy; Conflict: `trial_used`
    (also by somebody who bought before, or when the plan has no trial), `sold_out`; Invalid("rules").
    """
    require(actor, Action.PLAN_BUY)
    user_id = person_of(actor)
    accept_present_rules(make_row(planet.id, user_id), version=rules_version)
    sold, version = get_sold_plan(planet.id, plan)
    days = quote(planet, actor, sold.id, now=clock.now()).trial_days
    if not days or version.mode != "pass" or find_renewing(planet.id, user_id) is not None:
        raise Conflict("trial_used")
    take_seat(sold, user_id=user_id)
    moment = clock.now()
    window = version.trial_window_days
    return start_membership(
        actor,
        planet_id=planet.id,
        user_id=user_id,
        source="trial",
        source_ref=f"{planet.id}-{user_id}",
        period=Duration(days=days),
        grant=Terms(
            environment=gateways.environment,
            plan_ref=sold.public_id,
            grace=Grace.NONE,
            trial=True,
            reads_from=moment - timedelta(days=window) if window else None,
        ),
    )
