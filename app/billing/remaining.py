"""What remains of somebody's access after refunds: those that are asked for, and those thought of.

The page that asks before a refund, the word after it, the mail and the story say what is told here (R34).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select

from app.billing.models import Order, Payment, Refund, Subscription
from app.billing.states import FINAL, GivenBack, fate_of
from app.kernel import clock
from app.kernel.db import db
from app.memberships.coverage import Fate
from app.memberships.models import Entitlement, Membership
from app.memberships.queries.covered import Cause, Covered, read_covered


@dataclass(frozen=True, slots=True)
class Thought:
    """A refund that may be asked for: so much of a payment, and what of the access `ends` then."""

    payment: Payment
    amount: int
    ends: str


def read_remaining(
    planet_id: int, user_id: int, thoughts: Sequence[Thought] = (), *, ending: Iterable[int] = ()
) -> Covered:
    """Return how a person's access in a planet stands once what is asked for is done: refunds that the
    provider has not heard of yet, and those of `thoughts`. `ending` are orders (row ids) whose
    subscriptions are about to end with them."""
    coming: dict[Cause, Fate] = {}
    over = set(ending)
    asked, known = _refunds(planet_id, user_id)
    for thought in thoughts:
        asked[thought.payment].append((thought.amount, GivenBack(thought.ends, clock.now())))
    for payment, given in asked.items():
        fate = fate_of(
            payment.amount,
            payment.refunded + sum(amount for amount, _each in given),
            payment.dispute,
            [*known[payment.id], *(each for _amount, each in given)],
        )
        source, _, ref = payment.entitlement_ref.partition(":")
        coming[source, ref] = fate
        if any(each.ends == "now" for _amount, each in given):
            over.add(payment.order_id)
    for cause in _subscribed(planet_id, user_id, over):
        coming[cause] = replace(coming.get(cause, Fate()), cut_at=clock.now())
    return read_covered(planet_id, user_id, coming)


_Known = dict[int, list[GivenBack]]


def _refunds(
    planet_id: int, user_id: int
) -> tuple[dict[Payment, list[tuple[int, GivenBack]]], _Known]:
    """Return a person's refunds: by payment what is asked for, and, by its id, what the provider has heard
    of, the oldest first."""
    asked: dict[Payment, list[tuple[int, GivenBack]]] = defaultdict(list)
    known: _Known = defaultdict(list)
    rows = db.session.execute(
        select(Payment, Refund, Order.kind)
        .join(Refund, Refund.payment_id == Payment.id)
        .join(Order, Order.id == Payment.order_id)
        .where(
            Order.planet_id == planet_id,
            Order.user_id == user_id,
            Refund.state.in_(("asked", "pending", "succeeded")),
        )
        .order_by(Refund.asked_at, Refund.id)
    )
    for payment, refund, kind in rows:
        if refund.state == "asked" and kind == "membership":
            asked[payment].append((refund.amount, GivenBack(refund.ends, refund.asked_at)))
        elif refund.state != "asked":
            ours = refund.token != refund.provider_ref
            known[payment.id].append(GivenBack(refund.ends, refund.asked_at, ours=ours))
    return asked, known


def _subscribed(planet_id: int, user_id: int, order_ids: set[int]) -> list[Cause]:
    """Return what a person's subscriptions that still run have granted: it ends when they do (R14)."""
    if not order_ids:
        return []
    since = (
        select(func.min(Order.created_at))
        .join(Subscription, Subscription.order_id == Order.id)
        .where(Order.id.in_(order_ids), Subscription.status.not_in(FINAL))
    )
    rows = db.session.execute(
        select(Entitlement.source, Entitlement.source_ref)
        .join(Membership, Membership.id == Entitlement.membership_id)
        .where(
            Membership.planet_id == planet_id,
            Membership.user_id == user_id,
            Entitlement.source == "invoice",
            Entitlement.created_at >= since.scalar_subquery(),
        )
    )
    return [(source, ref) for source, ref in rows]
