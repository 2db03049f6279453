"""Many orders at once end as each by itself would, and are asked about once (R4, R23)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from app.accounts.models import User
from app.billing.actions import applying
from app.billing.actions import sync_many as syncing
from app.billing.actions.checkout import begin
from app.billing.actions.orders import Purchase
from app.billing.actions.reconcile import reconcile
from app.billing.actions.sync import sync
from app.billing.actions.sync_many import sync_many
from app.billing.gateway import CheckoutFact, gateways
from app.billing.models import LedgerEntry, Order, Refund, WebhookEvent
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Entitlement, Membership
from app.memberships.queries import actor_of
from app.memberships.rows import make_row
from tests.billing.buying import WAYS, sell
from tests.billing.stripe_double import StripeDouble
from tests.billing.test_races import strangers
from tests.cast import Cast

BUYERS = 30


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the buyers be more than are brought up to date in one transaction."""
    monkeypatch.setattr(syncing, "TOGETHER", 25)


@pytest.fixture
def orders(cast: Cast, stripe: StripeDouble, noon: datetime) -> list[int]:
    """Let strangers pay while no webhook comes; returns their orders."""
    plan = sell(cast)
    bought = [open_at(cast, user_id, plan) for user_id in strangers(BUYERS)]
    for order in bought:
        stripe.pay(str(order.provider_ref))
    stripe.requests.clear()
    return [order.id for order in bought]


def open_at(cast: Cast, user_id: int, plan: str) -> Order:
    entry = actor_of(user_id, cast.planet_id)
    assert entry is not None
    return begin(entry[1], entry[0], Purchase(plan=plan), WAYS)


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
    assert paths(stripe) == ["/v1/events", "/v1/checkout/sessions", "/v1/payouts"]
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
    bad, real = orders[3], applying.book_orders

    def book(orders: list[Order]) -> Any:
        if any(order.id == bad for order in orders):
            raise RuntimeError("boom")
        return real(orders)

    monkeypatch.setattr(applying, "book_orders", book)
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


def reads_of(order_ids: list[int]) -> int:
    """Bring orders up to date; returns how many questions that put to the database."""
    reads: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        reads.extend([statement] if statement.startswith("SELECT") else [])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert sync_many(order_ids, cause="reconcile").orders == set(order_ids)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(reads)


def test_many_orders_are_read_for_as_one_is(
    cast: Cast, stripe: StripeDouble, orders: list[int]
) -> None:
    # The first one fills caches of what is read once.
    sync(orders[0], cause="return")
    assert reads_of(orders[2:20]) == reads_of(orders[1:2])


def granted() -> dict[int, int]:
    """How many passes each buyer has."""
    db.session.rollback()
    counted = (
        select(Membership.user_id, func.count())
        .join(Entitlement, Entitlement.membership_id == Membership.id)
        .where(Entitlement.source == "order")
        .group_by(Membership.user_id)
    )
    return dict(db.session.execute(counted).all())


def test_r11_both_of_one_person_in_one_transaction_are_one_double(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    plan, other = sell(cast), sell(cast)
    buyer, bystander = strangers(2)
    first = open_at(cast, buyer, plan)
    with unit_of_work() as session:
        # A second tab that the first one knew nothing of.
        session.get_one(Order, first.id).state = "processing"
    second, third = open_at(cast, buyer, other), open_at(cast, bystander, plan)
    with clock.fixed(noon + timedelta(hours=1)):
        for order in (first, second, third):
            stripe.pay(str(order.provider_ref))
    ids = [first.id, second.id, third.id]
    assert sync_many(ids, cause="reconcile").orders == set(ids)
    refund = db.session.scalars(select(Refund)).one()
    assert (refund.order_id, refund.amount, refund.reason) == (second.id, 19_900, "double")
    assert granted() == {buyer: 2, bystander: 1}


def test_namesakes_of_one_transaction_are_told_apart(
    cast: Cast, stripe: StripeDouble, orders: list[int]
) -> None:
    with unit_of_work() as session:
        for number in (2, 3, 4):
            order = session.get_one(Order, orders[number])
            session.get_one(User, order.user_id).name = "Same"
    assert sync_many(orders, cause="reconcile").orders == set(orders)
    rows = db.session.scalars(
        select(Membership)
        .join(Order, Order.user_id == Membership.user_id)
        .where(Order.id.in_(orders))
        .order_by(Order.id)
    ).all()
    assert [row.nickname for row in rows[2:5]] == ["", *(f"Same {r.number}" for r in rows[3:5])]
    assert len({row.name_key for row in rows}) == len({row.number for row in rows}) == BUYERS


def test_who_was_removed_gets_his_money_back_and_the_others_their_access(
    cast: Cast, stripe: StripeDouble, orders: list[int], noon: datetime
) -> None:
    with unit_of_work() as session:
        gone = session.get_one(Order, orders[5]).user_id
        member = make_row(cast.planet_id, gone)
        member.joined_at = member.removed_at = noon
    assert sync_many(orders, cause="reconcile").orders == set(orders)
    refund = db.session.scalars(select(Refund)).one()
    assert (refund.order_id, refund.reason) == (orders[5], "removed")
    found = granted()
    assert gone not in found
    assert len(found) == BUYERS - 1


def test_what_was_given_back_meanwhile_gives_nothing(
    cast: Cast, stripe: StripeDouble, orders: list[int], noon: datetime
) -> None:
    stripe.refund_by_hand(stripe.of("charge")[-5]["id"], 19_900)
    stripe.dispute(stripe.of("charge")[-7]["id"])
    before = members()
    assert sync_many(orders, cause="reconcile").orders == set(orders)
    found = states()
    assert (found[orders[4]], found[orders[6]]) == ("refunded", "disputed")
    assert members() == before + BUYERS
    held = (
        select(func.count(Membership.id))
        .join(Order, Order.user_id == Membership.user_id)
        .where(Membership.expires_at > noon)
    )
    assert db.session.scalar(held) == BUYERS - 2


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
