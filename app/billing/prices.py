"""What a plan costs: whom, at which moment, with which coupon. Pure; `pricing` reads the rows.

The price of new terms rises by steps; whoever renews pays a part of it, and a coupon is taken off that. Every
result is rounded down to what can be charged (R21) and is never below the provider's least, except 0
by a coupon of 100 %.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.billing.models import Coupon, Plan, PlanVersion
from app.billing.money import get_currency, round_down
from app.kernel import clock
from app.kernel.errors import Invalid
from app.memberships.periods import Duration, Period


class Pricing(StrEnum):
    """Which price somebody pays: that of joining, or one of three for renewing."""

    JOIN = "join"
    EARLY = "early"
    GRACE = "grace"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Step:
    """A later price: from so many seats sold, or from a moment. Exactly one is set."""

    amount: int
    after_seats: int | None = None
    from_at: datetime | None = None

    def reached(self, *, sold: int, now: datetime) -> bool:
        """Whether it holds when so many seats are sold, now."""
        if self.after_seats is not None:
            return sold >= self.after_seats
        return self.from_at is not None and now >= self.from_at


@dataclass(frozen=True, slots=True)
class RenewalTerms:
    """A planet's prices for renewing, in percent, and the days after the end in which `grace` holds."""

    early: int = 80
    grace: int = 90
    late: int = 100
    days: int = 30


def price_at(amount: int, steps: Iterable[Step], *, sold: int, now: datetime) -> int:
    """Return the price when so many seats are sold, now: the highest step that is reached."""
    reached = [step.amount for step in steps if step.reached(sold=sold, now=now)]
    return max([amount, *reached])


def next_step(amount: int, steps: Iterable[Step], *, sold: int, now: datetime) -> Step | None:
    """Return the step that raises the price next; None when it stays. Of several the smallest rise."""
    price = price_at(amount, steps := list(steps), sold=sold, now=now)
    ahead = [s for s in steps if not s.reached(sold=sold, now=now) and s.amount > price]
    return min(ahead, key=lambda step: step.amount, default=None)


def pricing_of(ended_at: datetime | None, *, days: int, now: datetime) -> Pricing:
    """Return which price holds for somebody whose bought time ends or ended then; None never bought."""
    if ended_at is None:
        return Pricing.JOIN
    if now < ended_at:
        return Pricing.EARLY
    return Pricing.GRACE if now < ended_at + timedelta(days=days) else Pricing.LATE


def renewal_amount(amount: int, currency: str, pricing: Pricing, terms: RenewalTerms) -> int:
    """Return the part of a price that is paid for renewing."""
    percent = {
        Pricing.JOIN: 100,
        Pricing.EARLY: terms.early,
        Pricing.GRACE: terms.grace,
        Pricing.LATE: terms.late,
    }[pricing]
    return _bounded(amount * percent // 100, currency, most=amount)


def discounted(amount: int, currency: str, *, percent: int = 0, off: int = 0) -> int:
    """Return a price after a coupon of so many percent, or of an amount. 0 only for 100 %."""
    if percent == 100:
        return 0
    return _bounded(amount * (100 - percent) // 100 - off, currency, most=amount)


def _bounded(amount: int, currency: str, *, most: int) -> int:
    """Round down to what can be charged, not below the least, and never above the price before."""
    return min(most, max(round_down(amount, currency), get_currency(currency).least))


def per_day(version: PlanVersion, amount: int, now: datetime, *, zone: str = "UTC") -> int | None:
    """Return what a day costs, rounded up to what can be written; None for a lifetime. `zone` is the
    planet's, in which months are counted."""
    held = lasts(version)
    ends = held.after(now, zone) if isinstance(held, Duration) else held.ends
    if ends is None or ends <= now:
        return None
    days = max(1, round((ends - now) / timedelta(days=1)))
    step = get_currency(version.currency).step
    return -(-amount // (days * step)) * step


def lasts(version: PlanVersion) -> Duration | Period:
    """Return how long the terms give access: a duration that stacks, or a fixed stretch from now."""
    match version.term:
        case "days":
            return Duration(days=version.term_count)
        case "month":
            return Duration(months=version.term_count)
        case "year":
            return Duration(months=12 * version.term_count)
        case "until":
            return Period(clock.now(), version.until_at)
        case _lifetime:
            return Period(clock.now())


def is_over(version: PlanVersion, now: datetime) -> bool:
    """Whether terms with a fixed end have nothing left to sell."""
    return version.until_at is not None and version.until_at <= now


def check_coupon(
    coupon: Coupon | None, plan: Plan, version: PlanVersion, pricing: Pricing, now: datetime
) -> None:
    """Return when the coupon may be used for this; Invalid("coupon", …) says why it may not."""
    if coupon is None or coupon.planet_id != plan.planet_id:
        raise Invalid("coupon", "coupon_unknown")
    if coupon.starts_at is not None and now < coupon.starts_at:
        raise Invalid("coupon", "coupon_early")
    if coupon.ended_at is not None or (coupon.ends_at is not None and now >= coupon.ends_at):
        raise Invalid("coupon", "coupon_over")
    if coupon.uses_left is not None and coupon.uses_left < 1:
        raise Invalid("coupon", "coupon_used_up")
    if coupon.plan_id not in (None, plan.id):
        raise Invalid("coupon", "coupon_other_plan")
    if version.mode != "pass" and not coupon.duration:
        raise Invalid("coupon", "coupon_passes_only")
    if coupon.purpose == "join" and pricing is not Pricing.JOIN:
        raise Invalid("coupon", "coupon_join_only")
    if coupon.purpose == "renewal" and pricing is Pricing.JOIN:
        raise Invalid("coupon", "coupon_renewal_only")
    if coupon.amount and coupon.currency != version.currency:
        raise Invalid("coupon", "coupon_other_plan")
