"""A thousand random orders and repetitions of one member's events end in one state and one ledger."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions.checkout import begin
from app.billing.actions.orders import Purchase
from app.billing.actions.sync import sync
from app.billing.demo_gateway import act
from app.billing.models import LedgerEntry, LedgerTransaction, Order, Payment
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict
from app.memberships.models import Entitlement, Membership
from app.memberships.queries import actor_of
from tests.billing.buying import WAYS, sell
from tests.billing.test_races import strangers
from tests.cast import Cast

TIMES = 1_000
# Test processes share the lives; each part begins with the first one, so all are held against it.
PARTS = 4
# (hours, order, what happens at the provider).
LIFE = (
    (0, 0, "order"),
    (0, 0, "pay"),
    (10, 0, "dispute"),
    (20, 0, "win"),
    (30, 1, "order"),
    (30, 1, "delay"),
    (31, 1, "arrive"),
    (40, 0, "refund"),
)
END = timedelta(hours=60)


def click(cast: Cast, plan: str, user_id: int) -> int:
    """Buy; who is told that he has paid already, and wants another year, clicks again."""
    for _click in range(2):
        entry = actor_of(user_id, cast.planet_id)
        assert entry is not None
        try:
            return begin(entry[1], entry[0], Purchase(plan=plan), WAYS).id
        except Conflict as conflict:
            assert str(conflict) == "paid"
    raise AssertionError("told twice that he has paid")


def live(cast: Cast, noon: datetime, plan: str, user_id: int, dice: random.Random) -> None:
    """Live one life; each event is told never, late, twice or out of order, and at last once."""
    orders: list[int] = []
    waiting: list[int] = []
    for hours, number, step in LIFE:
        with clock.fixed(noon + timedelta(hours=hours)):
            if step == "order":
                orders.append(click(cast, plan, user_id))
                continue
            ref = db.session.get_one(Order, orders[number]).provider_ref
            assert ref is not None
            act(ref, step)
            waiting.append(orders[number])
            for _told in range(dice.choice((0, 0, 1, 2))):
                sync(dice.choice(waiting), cause="webhook")
    with clock.fixed(noon + END):
        for order_id in dice.sample(orders, len(orders)) + dice.choices(orders, k=2):
            sync(order_id, cause="webhook")


def end_of(user_id: int) -> tuple[object, ...]:
    """What one member and his money come to."""
    orders = sa.select(Order.id).where(Order.user_id == user_id)
    money = db.session.execute(
        sa.select(LedgerEntry.account, sa.func.sum(LedgerEntry.amount))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(LedgerTransaction.order_id.in_(orders))
        .group_by(LedgerEntry.account)
        .order_by(LedgerEntry.account)
    )
    member = db.session.execute(
        sa.select(Membership.id, Membership.expires_at, Membership.grace).where(
            Membership.user_id == user_id
        )
    ).one()
    held = db.session.execute(
        sa.select(
            Entitlement.since_at,
            Entitlement.until_at,
            Entitlement.revoked_at.is_not(None),
            Entitlement.suspended_at.is_not(None),
        )
        .where(Entitlement.membership_id == member.id)
        .order_by(Entitlement.since_at, Entitlement.until_at)
    )
    paid = db.session.execute(
        sa.select(Order.state, Payment.amount, Payment.refunded, Payment.fee, Payment.dispute)
        .join(Payment, Payment.order_id == Order.id)
        .where(Order.user_id == user_id)
        .order_by(Order.id)
    )
    return (
        member.expires_at,
        member.grace,
        *[tuple(row) for row in held],
        *[tuple(row) for row in paid],
        # An account that moved and came back to nothing is as one that never moved.
        *[tuple(row) for row in money if row[1]],
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_thousand_random_orders_of_events_end_the_same(
    noon: datetime, cast: Cast, engine_name: str, part: int
) -> None:
    plan = sell(cast)
    times = TIMES if engine_name == "sqlite" else TIMES // 40
    numbers = [0, *(number for number in range(1, times) if number % PARTS == part)]
    expected: tuple[object, ...] | None = None
    for number, user_id in zip(numbers, strangers(len(numbers)), strict=True):
        live(cast, noon, plan, user_id, random.Random(number))
        found = end_of(user_id)
        expected = expected or found
        assert found == expected, f"life {number}"
    assert expected is not None
    # The first year was given back: the second begins when it was paid.
    assert expected[0] == noon + timedelta(hours=31) + timedelta(days=365)
    total = db.session.scalar(sa.select(sa.func.sum(LedgerEntry.amount)))
    assert total == 0
