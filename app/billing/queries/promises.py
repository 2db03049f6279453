"""What an offer on a subscription still promises: the price now, until when, and the price after it (R31)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.billing.models import Order, Subscription
from app.billing.pricing import Quote
from app.billing.queries.plans import get_terms_of
from app.kernel.db import db
from app.memberships.models import Entitlement, Membership
from app.memberships.periods import months_later

# How far the provider's clock may be from ours.
_DRIFT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Promise:
    """An offer: `amount` for its payments, `after` for those after them. `term` and `term_count` say how
    often one pays, `duration` and `months` as coupons have them. `full_from`: when `after` is charged first,
    None where that is not known or never."""

    amount: int
    after: int
    currency: str
    term: str
    term_count: int
    duration: str
    months: int
    full_from: datetime | None = None

    @property
    def payments(self) -> int:
        """How many payments the offer holds for; 0 for all of them."""
        if self.duration == "forever":
            return 0
        return -(-self.months // self.period) if self.duration == "repeating" else 1

    @property
    def period(self) -> int:
        """How many months a payment is for."""
        return self.term_count * (12 if self.term == "year" else 1)


def promise_of(order: Order) -> Promise | None:
    """Return what an order's offer promised when it was placed; None for an order without one."""
    wish = order.wish
    if order.mode != "subscription" or not wish.get("off"):
        return None
    terms = get_terms_of(order)
    return Promise(
        amount=order.amount,
        after=order.list_amount,
        currency=order.currency,
        term=terms.term,
        term_count=terms.term_count,
        duration=wish["off_duration"],
        months=wish["off_months"],
    )


def promise_in(asked: Quote) -> Promise | None:
    """Return what the offer in a quote promises; None without one."""
    if asked.version.mode != "subscription" or not asked.duration:
        return None
    return Promise(
        amount=asked.amount,
        after=asked.list_amount,
        currency=asked.currency,
        term=asked.version.term,
        term_count=asked.version.term_count,
        duration=asked.duration,
        months=asked.duration_months,
    )


def find_promise(order: Order) -> Promise | None:
    """Return what an order's offer promises now, with the day of the first full price; None without an
    offer, when it is over, and when the subscription goes on no more."""
    promise = promise_of(order)
    if promise is None or not _goes_on(order):
        return None
    paid, until = _paid(order)
    left = promise.payments - paid
    if not promise.payments or until is None:
        return promise
    if left < 0:
        return None
    full_from = months_later(until, left * promise.period) if left else until
    return replace(promise, full_from=full_from)


def charged_next(order: Order) -> int:
    """Return what the next charge of a subscription comes to, in minor units."""
    promise = promise_of(order)
    if promise is None or not promise.payments:
        return order.amount
    paid, _until = _paid(order)
    return promise.amount if paid < promise.payments else promise.after


def _goes_on(order: Order) -> bool:
    held = db.session.scalar(select(Subscription).where(Subscription.order_id == order.id))
    if held is None or held.status not in ("active", "trialing", "past_due"):
        return False
    return not (held.cancel_at_period_end or held.cancel_at is not None or held.end_wanted)


def _paid(order: Order) -> tuple[int, datetime | None]:
    """Return how many periods of a subscription were paid, free ones of the offer too, and until when."""
    row = db.session.execute(
        select(func.count(), func.max(Entitlement.until_at))
        .join(Membership, Membership.id == Entitlement.membership_id)
        .where(
            Membership.planet_id == order.planet_id,
            Membership.user_id == order.user_id,
            Entitlement.source == "invoice",
            Entitlement.starts_at >= order.created_at - _DRIFT,
        )
    ).one()
    return int(row[0]), row[1]
