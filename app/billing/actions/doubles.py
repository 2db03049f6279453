"""Paid twice by one person for one planet from two open checkouts: the first is kept (R11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select

from app.billing.actions.asking import ask_everything_back
from app.billing.models import Order, Subscription
from app.billing.states import FINAL, SETTLED, OrderState
from app.kernel.db import db

_UNDONE = (OrderState.REFUNDED.value, OrderState.CHARGED_BACK.value)


def give_back_doubles(orders: Sequence[Order]) -> None:
    """Give back every order that was open while an earlier one of the same person was paid.

    A renewal that is bought after the first was paid is no double: it stacks.
    """
    paid = _paid_by_buyers_of(orders)
    doubles: dict[int, Order] = {}
    for order in orders:
        if order.paid_at is None:
            continue
        others = [other for other in paid[order.planet_id, order.user_id] if other is not order]
        together = [other for other in others if _overlap(order, other)]
        first = min([order, *together], key=lambda o: (o.paid_at, o.id))
        doubles |= {other.id: other for other in (order, *together) if other is not first}
    for other in doubles.values():
        if other.state not in _UNDONE and _gives_anything(other):
            ask_everything_back(other, reason="double")


def _paid_by_buyers_of(orders: Sequence[Order]) -> dict[tuple[int, int], list[Order]]:
    """Return what the buyers of these orders paid for, by planet and buyer."""
    paid: dict[tuple[int, int], list[Order]] = defaultdict(list)
    for order in db.session.scalars(
        select(Order).where(
            Order.planet_id.in_({order.planet_id for order in orders}),
            Order.user_id.in_({order.user_id for order in orders}),
            Order.kind == "membership",
            Order.paid_at.is_not(None),
            Order.state.in_([state.value for state in SETTLED]),
        )
    ):
        paid[order.planet_id, order.user_id].append(order)
    return paid


def _overlap(one: Order, other: Order) -> bool:
    """Whether each was opened before the other was paid."""
    assert one.paid_at is not None
    assert other.paid_at is not None
    return one.created_at < other.paid_at and other.created_at < one.paid_at


def _gives_anything(order: Order) -> bool:
    """Whether there is a subscription to end or money to give back."""
    running = select(Subscription.id).where(
        Subscription.order_id == order.id, Subscription.status.not_in(FINAL)
    )
    return order.amount > 0 or db.session.scalar(running) is not None
