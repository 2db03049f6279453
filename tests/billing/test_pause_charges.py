"""A pause stops what subscriptions charge, and moves the next charge to the end that it moved."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.billing.actions.holding import follow_pause
from app.billing.actions.pausing import pause_planet, resume_planet
from app.billing.actions.reconcile import reconcile
from app.billing.actions.sync import sync
from app.billing.demo_gateway import act, find_state
from app.billing.demo_machine import possible
from app.billing.gateway import GatewayError
from app.billing.models import Order, OrderChange, Payment, Plan
from app.billing.pricing import Pricing
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.policy import Standing
from tests.billing.buying import at, do, open_order, sell, work
from tests.billing.shop import ask
from tests.billing.stripe_double import StripeDouble
from tests.billing.stripe_shapes import Thing
from tests.cast import Cast
from tests.memberships.people import row

DAYS = timedelta(days=1)
MONTHLY = {"mode": "subscription", "term": "month", "term_count": 1, "amount": 2_900}


def pause(cast: Cast, start: datetime, days: int) -> None:
    """Let the planet stand still for some days; nothing is told to the provider meanwhile."""
    with clock.fixed(start), unit_of_work():
        pause_planet(cast.actor("owner"))
    with clock.fixed(start + days * DAYS), unit_of_work():
        resume_planet(cast.actor("owner"))


def subscribe(cast: Cast, stripe: StripeDouble, persona: str = "stranger") -> Order:
    """Let somebody subscribe for a month at a time, by Stripe."""
    order = open_order(cast, persona, sell(cast, **MONTHLY))
    stripe.pay(str(order.provider_ref))
    return sync(order.id, cause="return")


def subscription(stripe: StripeDouble) -> Thing:
    """Return what Stripe knows of the only subscription."""
    [found] = stripe.of("subscription")
    return found


def told(stripe: StripeDouble) -> list[Thing]:
    """Return what Stripe was told of subscriptions."""
    return [
        sent for verb, path, sent in stripe.requests if verb == "post" and "/subscriptions/" in path
    ]


@pytest.mark.parametrize("lost", [False, True], ids=["told at once", "found by reconciliation"])
def test_nothing_is_charged_in_a_pause_and_the_next_charge_comes_at_the_moved_end(
    cast: Cast, stripe: StripeDouble, noon: datetime, lost: bool
) -> None:
    order = subscribe(cast, stripe)
    learn = reconcile if lost else work
    paid_until = at(cast, "stranger")
    assert paid_until is not None
    begins, ends = noon + 10 * DAYS, noon + 55 * DAYS
    with clock.fixed(begins):
        with unit_of_work():
            pause_planet(cast.actor("owner"))
        learn()
        assert subscription(stripe)["pause_collection"] == {"behavior": "void"}
    with clock.fixed(paid_until):
        assert stripe.renew(subscription(stripe)["id"])["status"] == "void"
        sync(order.id, cause="webhook")
    with clock.fixed(ends):
        with unit_of_work():
            resume_planet(cast.actor("owner"))
        learn()
        assert subscription(stripe)["pause_collection"] is None
        assert at(cast, "stranger") == paid_until + 45 * DAYS
        assert subscription(stripe)["trial_end"] == (paid_until + 45 * DAYS).timestamp()
        assert db.session.query(Payment).count() == 1
        calls = len(told(stripe))
        work()
        reconcile()
        follow_pause({"order_id": order.id})
        assert len(told(stripe)) == calls
    with clock.fixed(paid_until + 45 * DAYS):
        stripe.renew(subscription(stripe)["id"])
        sync(order.id, cause="webhook")
        assert db.session.query(Payment).count() == 2
        held = at(cast, "stranger")
        assert held is not None
        assert timedelta(days=28) <= held - (paid_until + 45 * DAYS) <= timedelta(days=31)
    assert [line.what for line in db.session.query(OrderChange).order_by(OrderChange.id)][-2:] == [
        "charges_held",
        "charges_released",
    ]


def test_a_pause_that_the_provider_never_heard_of_moves_the_next_charge_all_the_same(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    subscribe(cast, stripe)
    paid_until = at(cast, "stranger")
    assert paid_until is not None
    pause(cast, noon + 3 * DAYS, 5)
    with clock.fixed(noon + 9 * DAYS):
        work()
    assert subscription(stripe)["trial_end"] == (paid_until + 5 * DAYS).timestamp()
    pause(cast, noon + 12 * DAYS, 2)
    with clock.fixed(noon + 15 * DAYS):
        reconcile()
    assert subscription(stripe)["trial_end"] == (paid_until + 7 * DAYS).timestamp()
    assert at(cast, "stranger") == paid_until + 7 * DAYS


def test_a_provider_that_is_down_is_told_later(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    with unit_of_work():
        pause_planet(cast.actor("owner"))
    stripe.trouble("500", times=3)
    with pytest.raises(GatewayError):
        follow_pause({"order_id": order.id})
    assert subscription(stripe)["pause_collection"] is None
    stripe.trouble("lost")
    follow_pause({"order_id": order.id})
    assert subscription(stripe)["pause_collection"]
    assert reconcile().failures == []


def test_a_subscription_that_is_to_end_or_has_ended_is_left_alone(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    stripe.cancel_in_portal(subscription(stripe)["id"])
    sync(order.id, cause="webhook")
    pause(cast, noon + DAYS, 5)
    with clock.fixed(noon + 7 * DAYS):
        work()
        assert subscription(stripe)["trial_end"] is None
        stripe.end(subscription(stripe)["id"])
        with unit_of_work():
            pause_planet(cast.actor("owner"))
        # Nothing told us that it ended: Stripe refuses, and that is well.
        work()
        with unit_of_work():
            resume_planet(cast.actor("owner"))
        work()
    assert reconcile().failures == []
    assert db.session.get_one(Order, order.id).state == "paid"


def test_the_demo_charges_nothing_in_a_pause_either(cast: Cast, noon: datetime) -> None:
    order = do(open_order(cast, "stranger", sell(cast, **MONTHLY)), "pay")
    ref, paid_until = str(order.provider_ref), at(cast, "stranger")
    assert paid_until is not None
    with clock.fixed(noon + DAYS):
        with unit_of_work():
            pause_planet(cast.actor("owner"))
        work()
        state = find_state(ref)
        assert state is not None
        assert "renew" not in possible(state)
    with clock.fixed(noon + 11 * DAYS):
        with unit_of_work():
            resume_planet(cast.actor("owner"))
        work()
        act(ref, "renew")
        sync(order.id, cause="webhook")
    state = find_state(ref)
    assert state is not None
    starts = state["subscription"]["invoices"][-1]["starts"]
    assert datetime.fromisoformat(starts) == paid_until + 10 * DAYS


def test_days_of_grace_stand_still_too(cast: Cast, noon: datetime) -> None:
    cast.set_planet(grace_days=7)
    order = do(open_order(cast, "stranger", sell(cast, term="days", term_count=10)), "pay")
    assert order.state == "paid"
    ended = noon + 10 * DAYS
    pause(cast, ended + 2 * DAYS, 30)
    pause(cast, ended + 36 * DAYS, 4)
    last = ended + (7 + 34) * DAYS
    with clock.fixed(last - timedelta(seconds=1)):
        assert cast.actor("stranger").standing is Standing.GRACE
    with clock.fixed(last):
        assert cast.actor("stranger").standing is Standing.EXPIRED
    # What was over before a pause stays over.
    expired = row(cast, "stranger").expires_at
    pause(cast, last + DAYS, 30)
    assert row(cast, "stranger").expires_at == expired


def test_the_time_to_come_back_at_a_good_price_stands_still_too(cast: Cast, noon: datetime) -> None:
    cast.set_planet(renewal_days=30)
    plan = sell(cast, term="days", term_count=10)
    do(open_order(cast, "stranger", plan), "pay")
    ended = noon + 10 * DAYS
    pause(cast, ended + 20 * DAYS, 100)
    for days, pricing in ((129, Pricing.GRACE), (131, Pricing.LATE)):
        with clock.fixed(ended + days * DAYS):
            assert ask(cast, "stranger", db.session.query(Plan).one()).pricing is pricing
