"""What members paid in all: the columns of money in the list of members as a file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from app.billing.gateway import gateways
from app.billing.models import Order, Payment
from app.billing.queries.orders import shown_to
from app.kernel.db import db
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require


@dataclass(slots=True)
class PaidBy:
    """A member's payments: `orders` of them, the last one's number, moment and way, and by currency
    what was paid and what was given back, in minor units."""

    orders: set[str] = field(default_factory=set)
    last_order: str = ""
    last_paid_at: datetime | None = None
    method: str = ""
    paid: dict[str, int] = field(default_factory=dict)
    refunded: dict[str, int] = field(default_factory=dict)


def list_currencies_paid(actor: Actor) -> list[str]:
    """Return the currencies that were ever paid in, of the orders the actor is shown."""
    require(actor, Action.INCOME_READ)
    paid = _ours(actor, select(Payment.currency)).distinct().order_by(Payment.currency)
    return list(db.session.scalars(paid))


def read_paid_by(actor: Actor, user_ids: Collection[int]) -> dict[int, PaidBy]:
    """Return user id -> what they paid, of the orders the actor is shown. One query."""
    require(actor, Action.INCOME_READ)
    rows = db.session.execute(
        _ours(
            actor,
            select(
                Order.user_id,
                Order.public_id,
                Payment.paid_at,
                Payment.method,
                Payment.currency,
                Payment.amount,
                Payment.refunded,
            ),
        )
        .where(Order.user_id.in_(user_ids))
        .order_by(Payment.paid_at, Payment.id)
    )
    found: dict[int, PaidBy] = {}
    for user_id, order, paid_at, method, currency, amount, refunded in rows:
        money = found.setdefault(user_id, PaidBy())
        money.orders.add(order)
        money.last_order, money.last_paid_at, money.method = order, paid_at, method
        money.paid[currency] = money.paid.get(currency, 0) + amount
        money.refunded[currency] = money.refunded.get(currency, 0) + refunded
    return found


def _ours(actor: Actor, statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Narrow a select over payments to what was paid in the actor's planet, and the actor is shown."""
    return statement.join(Order, Order.id == Payment.order_id).where(
        Order.planet_id == planet_of(actor),
        Order.environment == gateways.environment,
        shown_to(actor),
        Payment.amount > 0,
    )
