"""Many orders at once end as each by itself would, and are asked about once (R4, R23)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from app.billing.actions import applying
from app.billing.actions.checkout import begin
from app.billing.actions.orders import Purchase
from app.billing.actions.reconcile import reconcile
from app.billing.actions.sync import sync
from app.billing.actions.sync_many import sync_many
from app.billing.gateway import CheckoutFact, gateways
from app.billing.models import LedgerEntry, Order, WebhookEvent
from app.kernel.db import db, unit_of_work
from app.memberships.models import Membership
from app.memberships.queries import actor_of
from tests.billing.buying import WAYS, sell
from tests.billing.stripe_double import StripeDouble
from tests.billing.test_races import strangers
from tests.cast import Cast

BUYERS = 30


@pytest.fixture
def orders(cast: Cast, stripe: StripeDouble, noon: datetime) -> list[int]:
    """Let strangers pay while no webhook comes; returns their orders."""
    plan = sell(cast)
    bought = []
    for user_id in strangers(BUYERS):
        entry = actor_of(user_id, cast.planet_id)
        assert entry is not None
        order = begin(entry[1], entry[0], Purchase(plan=plan), WAYS)
        stripe.pay(str(order.provider_ref))
        bought.append(order.id)
    stripe.requests.clear()
    return bought


def states() -> dict[int, str]:
    db.session.rollback()
    return {row.id: row.state for row in db.session.execute(select(Order.id, Order.state))}


def members() -> int:
    db.session.rollback()
    inside = select(func.count()).where(
        Membership.expires_at.is_not(None), Membership.role == "member"
    )
    return db.session.scalar(inside) or 0


def paths(stripe: StripeDouble) -> list[str]:
    return [path for _method, path, _values in stripe.requests]


def test_r23_lost_payments_are_asked_about_once_and_by_the_page(
    cast: Cast, stripe: StripeDouble, orders: list[int]
) -> None:
    before = members()
    report = reconcile()
    assert (report.asked, len(report.changes), report.failures) == (BUYERS, BUYERS, [])
    assert set(states().values()) == {"paid"}
    assert members() == before + BUYERS
    # Whatever was told of them before is covered, though it is as new as they are.
    assert paths(stripe) == ["/v1/events", "/v1/checkout/sessions"]
    assert db.session.scalar(select(func.count()).select_from(WebhookEvent)) == 0
    assert db.session.scalar(select(func.sum(LedgerEntry.amount))) == 0
    again = reconcile()
    assert (again.asked, again.changes, again.failures) == (BUYERS, [], [])


def test_a_key_that_may_not_list_asks_for_each(
    cast: Cast, stripe: StripeDouble, orders: list[int]
) -> None:
    stripe.forbidden.add("/v1/checkout/sessions")
    assert sync_many(orders, cause="reconcile").orders == set(orders)
    assert set(states().values()) == {"paid"}
    assert len(paths(stripe)) == 1 + BUYERS


def test_r4_strangers_in_the_list_are_passed_over(
    cast: Cast, stripe: StripeDouble, orders: list[int]
) -> None:
    few = orders[:12]
    synced = sync_many(few, cause="reconcile")
    assert (synced.orders, synced.failures) == (set(few), [])
    assert {order for order, state in states().items() if state == "paid"} == set(few)


def test_what_is_wrong_with_one_order_stops_no_other(
    cast: Cast, stripe: StripeDouble, orders: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, real = orders[3], applying.book_order

    def book(order: Order, *args: Any) -> Any:
        if order.id == bad:
            raise RuntimeError("boom")
        return real(order, *args)

    monkeypatch.setattr(applying, "book_order", book)
    synced = sync_many(orders, cause="reconcile")
    assert synced.orders == set(orders) - {bad}
    [told] = synced.failures
    assert told.startswith(f"order {bad}: RuntimeError: boom")
    found = states()
    assert found.pop(bad) == "open"
    assert set(found.values()) == {"paid"}


def test_what_the_provider_refuses_for_one_order_stops_no_other(
    cast: Cast, stripe: StripeDouble, orders: list[int]
) -> None:
    with unit_of_work() as session:
        session.get_one(Order, orders[0]).provider_ref = "cs_test_gone"
    synced = sync_many(orders, cause="reconcile")
    assert synced.orders == set(orders[1:])
    assert len(synced.failures) == 1


def test_the_answer_to_a_later_question_stands(
    cast: Cast, stripe: StripeDouble, orders: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = gateways.of("stripe")
    real = gateway.fetch_many

    def slow(refs: Any, **more: Any) -> Any:
        told = list(real(refs, **more))
        # Meanwhile the money goes back, and somebody else asks and hears of it.
        stripe.refund_by_hand(stripe.of("charge")[-1]["id"], 19_900)
        assert sync(orders[0], cause="return").state == "refunded"
        yield from told

    monkeypatch.setattr(gateway, "fetch_many", slow)
    assert sync_many(orders, cause="reconcile").orders == set(orders)
    assert states()[orders[0]] == "refunded"


def test_nothing_is_locked_while_the_provider_is_asked(
    cast: Cast, stripe: StripeDouble, orders: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stripe.request

    def asked(*args: Any, **more: Any) -> Any:
        assert not db.session().in_transaction()
        return real(*args, **more)

    monkeypatch.setattr(stripe, "request", asked)
    report = reconcile()
    assert (len(report.changes), report.failures) == (BUYERS, [])


def fact_of(order_id: int) -> CheckoutFact:
    order = db.session.get_one(Order, order_id)
    return gateways.of("stripe").fetch(str(order.provider_ref), account="")


def test_the_list_says_what_the_single_answer_says(
    cast: Cast, stripe: StripeDouble, orders: list[int]
) -> None:
    stripe.refund_by_hand(stripe.of("charge")[0]["id"], 500)
    stripe.dispute(stripe.of("charge")[1]["id"])
    refs = {str(db.session.get_one(Order, each).provider_ref): each for each in orders}
    first = db.session.get_one(Order, orders[0]).created_at
    listed = {
        ref: fact
        for page in gateways.of("stripe").fetch_many(refs, account="", since=first)
        for ref, fact in page.items()
    }
    assert "/v1/checkout/sessions" in paths(stripe)
    assert listed == {ref: fact_of(order_id) for ref, order_id in refs.items()}
