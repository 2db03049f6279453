"""Order, repetition and loss of pokes change nothing: access and ledger end the same (R3, R23)."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions.checkout import open_page
from app.billing.actions.reconcile import reconcile
from app.billing.actions.sync import sync
from app.billing.demo_gateway import act
from app.billing.models import LedgerEntry, Order, Payment
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Entitlement
from tests.billing.buying import at, open_order, sell, work
from tests.cast import Cast

Step = tuple[str, str, str]
# (hours, persona, what happens): a life with every turn.
STORY = [
    (0, "stranger", "order year"),
    (0, "stranger", "pay"),
    (1, "expired", "order month"),
    (1, "expired", "pay"),
    (24, "stranger", "dispute"),
    (30, "stranger", "win"),
    (48, "expired", "renew"),
    (50, "expired", "miss"),
    (60, "expired", "renew"),
    (70, "grace", "order year"),
    (70, "grace", "delay"),
    (71, "grace", "arrive"),
    (80, "expired", "end"),
    (90, "grace", "refund"),
    (95, "left", "order year"),
    (96, "left", "cancel"),
]
PEOPLE = ("stranger", "expired", "grace", "left")


def live(cast: Cast, noon: datetime, after: Callable[[Order], None]) -> dict[str, Order]:
    """Play the story at the provider; `after` each step our side may look, or not."""
    plans = {
        "year": sell(cast),
        "month": sell(cast, term="month", term_count=1, mode="subscription", amount=2_900),
    }
    orders: dict[str, Order] = {}
    for hours, persona, step in STORY:
        with clock.fixed(noon + timedelta(hours=hours)):
            if step.startswith("order "):
                orders[persona] = open_order(cast, persona, plans[step.removeprefix("order ")])
            else:
                ref = orders[persona].provider_ref
                assert ref is not None
                act(ref, step)
                after(orders[persona])
    return orders


def outcome(cast: Cast) -> dict[str, object]:
    """What is to be the same whatever happened to the pokes."""
    db.session.rollback()
    rows = db.session.execute(
        sa.select(
            Entitlement.source,
            Entitlement.since_at,
            Entitlement.until_at,
            Entitlement.revoked_at.is_not(None),
            Entitlement.suspended_at.is_not(None),
            Entitlement.cut_at,
            Entitlement.grace,
        ).where(Entitlement.environment != "")
    )
    book = db.session.execute(
        sa.select(LedgerEntry.account, LedgerEntry.currency, sa.func.sum(LedgerEntry.amount))
        .group_by(LedgerEntry.account, LedgerEntry.currency)
        .order_by(LedgerEntry.account)
    )
    return {
        "ends": {p: at(cast, p) for p in PEOPLE},
        "entitlements": sorted(map(repr, rows)),
        "orders": sorted(map(repr, db.session.execute(sa.select(Order.user_id, Order.state)))),
        "payments": sorted(
            map(repr, db.session.execute(sa.select(Payment.amount, Payment.refunded, Payment.fee)))
        ),
        "ledger": [tuple(row) for row in book if row[2]],
    }


def play(cast: Cast, noon: datetime, way: str) -> dict[str, object]:
    """Live the story with its pokes delivered in one of several ways; returns how it ends."""
    late: list[int] = []
    if way == "webhooks":
        orders = live(cast, noon, lambda order: sync(order.id, cause="webhook") and None)
    elif way == "lost":
        orders = live(cast, noon, lambda _order: None)
    else:
        orders = live(cast, noon, lambda order: late.append(order.id))
    with clock.fixed(noon + timedelta(hours=100)):
        if way.startswith("shuffled"):
            random.Random(way).shuffle(late)
            for order_id in late:
                sync(order_id, cause="webhook")
        work()
        reconcile()
        end = outcome(cast)
        for order in orders.values():
            sync(order.id, cause="webhook")
        work()
        assert outcome(cast) == end, "everything again changes nothing"
        assert reconcile().changes == []
    return end


EXPECTED: dict[str, dict[str, object]] = {}


@pytest.mark.parametrize("way", ["webhooks", "lost", "shuffled 1", "shuffled 2", "shuffled 3"])
def test_r23_however_the_pokes_came_the_end_is_the_same(
    noon: datetime, cast: Cast, way: str, engine_name: str
) -> None:
    end = play(cast, noon, way)
    assert end["ends"] == {
        "stranger": noon + timedelta(days=365),
        "expired": datetime.fromisoformat("2026-12-16T13:00:00+00:00"),
        "grace": noon - timedelta(days=2),
        "left": None,
    }
    # The first way to run says what the others must come to, ids of rows included.
    assert EXPECTED.setdefault(engine_name, end) == end


def test_a_checkout_whose_answer_we_never_heard_is_found_again(cast: Cast, noon: datetime) -> None:
    order = open_order(cast, "stranger", sell(cast))
    ref = order.provider_ref
    assert ref is not None
    with unit_of_work() as session:
        session.execute(sa.update(Order).values(provider_ref=None, provider_url=""))
    act(ref, "pay")
    report = reconcile()
    assert report.failures == []
    assert db.session.get_one(Order, order.id).state == "paid"
    assert any("paid" in line for line in report.lines())
    open_page(order.id)
    assert cast.actor("stranger").inside
