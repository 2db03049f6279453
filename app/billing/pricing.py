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
    per_day,
    pricing_of,
    renewal_amount,
)
from app.billing.queries.bought import find_bought_end, may_try
from app.billing.queries.coupons import count_own_uses, find_coupon, list_offers
from app.billing.queries.plans import PlanLine, get_line
from app.billing.queries.transfers import can_be_paid
from app.kernel.errors import Invalid
from app.memberships.coverage import stands_still
from app.memberships.settling import list_pauses
from app.planets.queries import PlanetView
from app.policy import Actor, Standing

__all__ = [
    "Buyer",
    "Pricing",
    "Quote",
    "Step",
    "as_newcomer",
    "find_buyer",
    "lasts",
    "per_day",
    "quote",
    "quote_line",
    "terms_of",
]


def as_newcomer(actor: Actor) -> Actor:
    """Return the actor as if he had never been in the planet: what he gives to others costs that."""
    return replace(actor, membership_id=None, role=None, standing=Standing.VISITOR, expires_at=None)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a plan costs somebody now. `list_amount`: before renewal price and coupon, which is what a
    subscription costs after its coupon's `duration` (R31); `zone` is the one
    in which the planet counts months; `offer` is the public id of the coupon when everybody is shown
    it, and `offer_ends` when that ends."""

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
    duration: str = ""
    duration_months: int = 0
    zone: str = "UTC"
    offer: str = ""
    offer_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who asks for prices, and what of him moves all of them alike. `coupon`: what the code means here,
    `coupon_uses`: how often he used it; `offers`: what everybody is shown, each with how often he used
    it; `tried`: he is offered no trial (any more); `can_pay`: there is
    a way to pay."""

    planet: PlanetView
    actor: Actor
    now: datetime
    pricing: Pricing
    tried: bool
    can_pay: bool = True
    coupon_code: str = ""
    coupon: Coupon | None = None
    coupon_uses: int = 0
    offers: tuple[tuple[Coupon, int], ...] = ()

    def without_coupon(self) -> Buyer:
        """Return the same person before he typed a code."""
        return replace(self, coupon_code="", coupon=None, coupon_uses=0)


def find_buyer(planet: PlanetView, actor: Actor, *, coupon_code: str = "", now: datetime) -> Buyer:
    """Return the actor as one who asks for prices."""
    code = coupon_code.strip()
    coupon = find_coupon(planet.id, code) if code else None
    return Buyer(
        planet=planet,
        actor=actor,
        now=now,
        pricing=_pricing(planet, actor, now),
        tried=not may_try(actor.membership_id),
        can_pay=can_be_paid(planet.id),
        coupon_code=code,
        coupon=coupon,
        coupon_uses=_own_uses(coupon, actor),
        offers=tuple((row, _own_uses(row, actor)) for row in list_offers(planet.id, now)),
    )


def quote(
    planet: PlanetView, actor: Actor, plan_id: int, *, coupon_code: str = "", now: datetime
) -> Quote:
    """Return what the plan costs the actor now. Who may buy is asked by the caller.

    NotFound outside the planet; Invalid("plan", …) when it is not sold (any more) or would give
    nothing beyond what is held; Invalid("coupon", …) when the coupon does not hold. A plan that is
    sold out has `seats_left` 0.
    """
    line = get_line(planet, plan_id, now=now, besides=actor.user_id)
    return quote_line(find_buyer(planet, actor, coupon_code=coupon_code, now=now), line)


def quote_line(buyer: Buyer, line: PlanLine) -> Quote:
    """Return what a plan costs somebody, of rows that are read already; Invalid as `quote` has it. The
    line counts the seats left for this buyer."""
    plan, version = line.plan, line.version
    if not buyer.can_pay:
        raise Invalid("plan", "plan_not_on_sale")
    _check_sold(plan, version, buyer.actor, buyer.now)
    amount = _own_price(line.price, version, buyer.pricing, terms_of(buyer.planet))
    coupon = buyer.coupon
    offer: Coupon | None = None
    if buyer.coupon_code:
        check_coupon(coupon, plan, version, buyer.pricing, buyer.now)
        _check_own_uses(coupon, buyer.coupon_uses)
    else:
        coupon = offer = _find_offer(buyer, plan, version)
    if coupon is not None:
        amount = discounted(amount, version.currency, percent=coupon.percent, off=coupon.amount)
    return Quote(
        plan=plan,
        version=version,
        list_amount=line.price,
        amount=amount,
        currency=version.currency,
        pricing=buyer.pricing,
        coupon_id=coupon.id if coupon else None,
        # A subscription begins with its offer or with its trial: the months of an offer would run
        # while nothing is paid.
        trial_days=0 if coupon and version.mode != "pass" else _trial_days(version, buyer),
        duration=coupon.duration if coupon else "",
        duration_months=coupon.months if coupon else 0,
        next_step=line.next_step,
        seats_left=line.seats_left,
        sold=line.sold,
        zone=buyer.planet.zone,
        offer=offer.public_id if offer else "",
        offer_ends=offer.ends_at if offer else None,
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


def _own_uses(coupon: Coupon | None, actor: Actor) -> int:
    if coupon is None or coupon.per_person is None or actor.user_id is None:
        return 0
    return count_own_uses(coupon.id, actor.user_id)


def _find_offer(buyer: Buyer, plan: Plan, version: PlanVersion) -> Coupon | None:
    """Return the offer that holds for this buyer and plan; what holds not is not spoken of."""
    for coupon, uses in buyer.offers:
        try:
            check_coupon(coupon, plan, version, buyer.pricing, buyer.now)
            _check_own_uses(coupon, uses)
        except Invalid:
            continue
        return coupon
    return None


def _check_own_uses(coupon: Coupon | None, uses: int) -> None:
    most = coupon.per_person if coupon is not None else None
    if most is not None and uses >= most:
        raise Invalid("coupon", "coupon_used")


def _trial_days(version: PlanVersion, buyer: Buyer) -> int:
    """One trial per person and planet (R16), and none for who has bought before."""
    return 0 if buyer.tried or buyer.pricing is not Pricing.JOIN else version.trial_days
