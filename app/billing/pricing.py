"""The quote: what a plan costs somebody now. The rules are in `prices`; this reads the rows for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.billing.models import Coupon, Plan, PlanVersion
from app.billing.prices import (
    Pricing,
    RenewalTerms,
    Step,
    check_coupon,
    discounted,
    is_over,
    lasts,
    next_step,
    per_day,
    price_at,
    pricing_of,
    renewal_amount,
)
from app.billing.queries.coupons import count_own_uses, find_coupon
from app.billing.queries.plans import (
    count_sold,
    find_bought_end,
    get_plan,
    get_version,
    had_trial,
    list_steps,
    seats_left,
)
from app.kernel.errors import Invalid
from app.memberships.coverage import stands_still
from app.memberships.settling import list_pauses
from app.planets.queries import PlanetView
from app.policy import Actor, Standing

__all__ = ["Pricing", "Quote", "Step", "as_newcomer", "lasts", "per_day", "quote", "terms_of"]


def as_newcomer(actor: Actor) -> Actor:
    """Return the actor as if he had never been in the planet: what he gives to others costs that."""
    return replace(actor, membership_id=None, role=None, standing=Standing.VISITOR, expires_at=None)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a plan costs somebody now. `list_amount`: before renewal price and coupon; `zone` is the one
    in which the planet counts months."""

    plan: Plan
    version: PlanVersion
    list_amount: int
    amount: int
    currency: str
    pricing: Pricing
    coupon_id: int | None
    trial_days: int
    next_step: Step | None
    seats_left: int | None
    sold: int = 0
    zone: str = "UTC"


def quote(
    planet: PlanetView, actor: Actor, plan_id: int, *, coupon_code: str = "", now: datetime
) -> Quote:
    """Return what the plan costs the actor now. Who may buy is asked by the caller.

    NotFound outside the planet; Invalid("plan", …) when it is not sold (any more) or would give
    nothing beyond what is held; Invalid("coupon", …) when the coupon does not hold. A plan that is
    sold out has `seats_left` 0.
    """
    plan = get_plan(planet.id, plan_id)
    version = get_version(plan)
    _check_sold(plan, version, actor, now)
    steps = list_steps(version.id)
    sold = count_sold(plan.id)
    pricing = _pricing(planet, actor, now)
    listed = price_at(version.amount, steps, sold=sold, now=now)
    amount = _own_price(listed, version, pricing, terms_of(planet))
    coupon = _coupon(coupon_code, plan, version, pricing, now)
    if coupon is not None:
        _check_own_uses(coupon, actor)
    if coupon is not None:
        amount = discounted(amount, version.currency, percent=coupon.percent, off=coupon.amount)
    return Quote(
        plan=plan,
        version=version,
        list_amount=listed,
        amount=amount,
        currency=version.currency,
        pricing=pricing,
        coupon_id=coupon.id if coupon else None,
        trial_days=_trial_days(version, pricing, actor),
        next_step=next_step(version.amount, steps, sold=sold, now=now),
        seats_left=seats_left(plan, now=planet.moment(now), besides=actor.user_id),
        sold=sold,
        zone=planet.zone,
    )


def terms_of(planet: PlanetView) -> RenewalTerms:
    """Return a planet's prices for renewing."""
    return RenewalTerms(
        early=planet.renew_early_percent,
        grace=planet.renew_grace_percent,
        late=planet.renew_late_percent,
        days=planet.renewal_days,
    )


def _check_sold(plan: Plan, version: PlanVersion, actor: Actor, now: datetime) -> None:
    if plan.state != "on_sale":
        raise Invalid("plan", "plan_not_on_sale")
    if is_over(version, now):
        raise Invalid("plan", "plan_over")
    held = actor.expires_at if actor.inside else None
    if version.until_at is not None and held is not None and held >= version.until_at:
        raise Invalid("plan", "plan_held")


def _pricing(planet: PlanetView, actor: Actor, now: datetime) -> Pricing:
    """Return which price holds; the days to come back in stand still while the planet does."""
    ended, moment = find_bought_end(actor.membership_id), planet.moment(now)
    if ended is not None and ended <= moment:
        ended = stands_still(ended, timedelta(days=planet.renewal_days), list_pauses(planet.id))
    return pricing_of(ended, days=planet.renewal_days, now=moment)


def _own_price(listed: int, version: PlanVersion, pricing: Pricing, terms: RenewalTerms) -> int:
    """A subscription costs the same each time: a price for renewing would be taken for ever."""
    if version.mode == "subscription":
        return listed
    return renewal_amount(listed, version.currency, pricing, terms)


def _coupon(
    code: str, plan: Plan, version: PlanVersion, pricing: Pricing, now: datetime
) -> Coupon | None:
    if not code.strip():
        return None
    coupon = find_coupon(plan.planet_id, code)
    check_coupon(coupon, plan, version, pricing, now)
    return coupon


def _check_own_uses(coupon: Coupon, actor: Actor) -> None:
    if coupon.per_person is None or actor.user_id is None:
        return
    if count_own_uses(coupon.id, actor.user_id) >= coupon.per_person:
        raise Invalid("coupon", "coupon_used")


def _trial_days(version: PlanVersion, pricing: Pricing, actor: Actor) -> int:
    """One trial per person and planet (R16), and none for who has bought before."""
    if pricing is not Pricing.JOIN or had_trial(actor.membership_id):
        return 0
    return version.trial_days
