"""Reading an order as its receipt says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.billing.models import Order, Payment
from app.billing.queries.promises import Promise, find_promise
from app.billing.queries.trials import Trial, find_trial
from app.kernel.db import db
from app.planets.models import Planet


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment of an order, and what of it was given back."""

    at: datetime
    amount: int
    refunded: int
    url: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was bought, by whom, where and for how much."""

    user_id: int
    slug: str
    public_id: str
    title: str
    currency: str
    payments: tuple[Paid, ...]
    trial: Trial | None = None
    promise: Promise | None = None


def find_receipt(order_id: int) -> Receipt | None:
    """Return the receipt of an order; None before it is paid."""
    row = db.session.execute(
        select(Order, Planet.slug)
        .join(Planet, Planet.id == Order.planet_id)
        .where(Order.id == order_id, Order.paid_at.is_not(None))
    ).one_or_none()
    if row is None:
        return None
    order, slug = row
    payments = db.session.execute(
        select(Payment.paid_at, Payment.amount, Payment.refunded, Payment.receipt_url)
        .where(Payment.order_id == order.id)
        .order_by(Payment.paid_at, Payment.id)
    )
    return Receipt(
        user_id=order.user_id,
        slug=slug,
        public_id=order.public_id,
        title=order.title,
        currency=order.currency,
        payments=tuple(Paid(*paid) for paid in payments),
        trial=find_trial(order),
        promise=find_promise(order),
    )
