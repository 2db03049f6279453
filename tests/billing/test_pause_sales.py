"""R35: planets have no end yet, but they can be paused. A paused one sells nothing, by no way, and charges
nothing; what came all the same waits, and reconciliation tells it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.billing.actions.checkout import close_page
from app.billing.actions.holding import follow_pause
from app.billing.actions.orders import Purchase, place_order
from app.billing.actions.pausing import pause_planet, resume_planet
from app.billing.actions.reconcile import reconcile
from app.billing.actions.sync import sync
from app.billing.actions.transfers import approve_transfer, state_transfer, write_transfer_note
from app.billing.actions.trials import start_trial
from app.billing.demo_gateway import act
from app.billing.gateway import GatewayError
from app.billing.models import Order, OrderChange, Payment
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Refused
from app.policy import Standing
from tests.billing.buying import at, do, open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.billing.test_pause_charges import MONTHLY, subscribe, subscription
from tests.cast import Cast

DAYS = timedelta(days=1)
TERMS: dict[str, Any] = MONTHLY


def pause(cast: Cast) -> None:
    with unit_of_work():
        pause_planet(cast.actor("owner"))


def resume(cast: Cast) -> None:
    with unit_of_work():
        resume_planet(cast.actor("owner"))


def state(order: Order) -> str:
    db.session.rollback()
    return db.session.get_one(Order, order.id, populate_existing=True).state


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize("lost", [False, True], ids=["told at once", "found by reconciliation"])
@pytest.mark.parametrize("kind", ["membership", "gift"])
def test_a_checkout_opened_before_a_pause_is_closed(cast: Cast, lost: bool, kind: str) -> None:
    order = open_order(cast, "stranger", sell(cast, seats=1), kind=kind)
    pause(cast)
    if lost:
        assert f"order {order.public_id}: expired (was open)" in reconcile().changes
    else:
        work()
    assert state(order) == "expired"
    with pytest.raises(GatewayError, match="not possible"):
        act(str(order.provider_ref), "pay")


@pytest.mark.usefixtures("noon")
def test_stripes_page_is_closed_too(cast: Cast, stripe: StripeDouble) -> None:
    order = open_order(cast, "stranger", sell(cast, **TERMS))
    pause(cast)
    work()
    assert [each["status"] for each in stripe.of("checkout.session")] == ["expired"]
    assert state(order) == "expired"


@pytest.mark.usefixtures("noon")
def test_a_planet_that_goes_on_at_once_closes_nothing(cast: Cast) -> None:
    order = open_order(cast, "stranger", sell(cast))
    pause(cast)
    resume(cast)
    work()
    assert do(order, "pay").state == "paid"


def test_what_was_paid_before_it_could_be_closed_waits_for_the_end(
    cast: Cast, noon: datetime
) -> None:
    order = open_order(cast, "stranger", sell(cast, term="days", term_count=10))
    pause(cast)
    assert do(order, "pay").state == "paid"
    work()
    with pytest.raises(Conflict, match="paid"):
        close_page(order.id)
    with clock.fixed(noon + 50 * DAYS):
        assert cast.actor("stranger").standing is Standing.ACTIVE
        resume(cast)
        assert at(cast, "stranger") == noon + 60 * DAYS


def test_a_subscription_begun_in_a_pause_charges_nothing_more(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = open_order(cast, "stranger", sell(cast, **TERMS))
    pause(cast)
    stripe.pay(str(order.provider_ref))
    sync(order.id, cause="webhook")
    work()
    assert subscription(stripe)["pause_collection"] == {"behavior": "void"}
    paid_until = at(cast, "stranger")
    assert paid_until is not None
    with clock.fixed(paid_until):
        assert stripe.renew(subscription(stripe)["id"])["status"] == "void"
    with clock.fixed(noon + 40 * DAYS):
        resume(cast)
        work()
        assert subscription(stripe)["trial_end"] == (paid_until + 40 * DAYS).timestamp()


@pytest.mark.parametrize("lost", [False, True], ids=["webhook", "found by reconciliation"])
def test_one_that_somebody_let_go_on_at_the_provider_is_held_again(
    cast: Cast, stripe: StripeDouble, noon: datetime, lost: bool
) -> None:
    order = subscribe(cast, stripe)
    with clock.fixed(noon + DAYS):
        pause(cast)
        work()
    subscription(stripe)["pause_collection"] = None
    with clock.fixed(noon + 3 * DAYS):
        if lost:
            assert f"order {order.public_id}: charges_held" in reconcile().changes
        else:
            sync(order.id, cause="webhook")
            work()
    assert subscription(stripe)["pause_collection"] == {"behavior": "void"}


def test_a_charge_that_came_in_a_pause_is_told_once_and_loses_no_day(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    paid_until = at(cast, "stranger")
    assert paid_until is not None
    with clock.fixed(paid_until - DAYS):
        pause(cast)
    # The worker stood still: nobody told the provider.
    with clock.fixed(paid_until):
        stripe.renew(subscription(stripe)["id"])
    with clock.fixed(paid_until + DAYS):
        report = reconcile()
        assert report.failures == []
        assert f"order {order.public_id}: charged_in_pause" in report.changes
        assert reconcile().changes == []
        assert db.session.query(Payment).count() == 2
        told = sa.select(sa.func.count()).where(OrderChange.what == "charged_in_pause")
        assert db.session.scalar(told) == 1
        before = at(cast, "stranger")
    with clock.fixed(paid_until + 9 * DAYS):
        resume(cast)
        assert before is not None
        assert at(cast, "stranger") == before + 10 * DAYS
        follow_pause({"order_id": order.id})


@pytest.mark.usefixtures("noon")
def test_no_way_to_buy_is_open_in_a_pause(cast: Cast) -> None:
    plan = sell(cast, trial_days=7)
    pause(cast)
    planet, stranger = cast.entry("stranger")
    for kind in ("membership", "gift"):
        with pytest.raises(Refused, match="paused"), unit_of_work():
            place_order(stranger, planet, Purchase(plan=plan, kind=kind))
    with pytest.raises(Refused, match="paused"), unit_of_work():
        start_trial(stranger, planet, plan=plan)
    planet, member = cast.entry("member")
    with pytest.raises(Refused, match="paused"), unit_of_work():
        place_order(member, planet, Purchase(plan=plan, kind="gift"))


def test_a_transfer_on_its_way_is_decided_in_a_pause_and_its_time_waits(
    cast: Cast, noon: datetime
) -> None:
    plan = sell(cast, term="days", term_count=10)
    with unit_of_work():
        write_transfer_note(cast.actor("owner"), note="工商银行 6222")
    order = open_order(cast, "stranger", plan, gateway="transfer")
    pause(cast)
    work()
    assert reconcile().failures == []
    assert state(order) == "open"
    state_transfer(cast.actor("stranger"), order_id=order.public_id, memo="尾号 8841")
    paid = approve_transfer(cast.actor("owner"), order_id=order.public_id)
    assert paid.state == "paid"
    with clock.fixed(noon + 5 * DAYS):
        resume(cast)
        assert at(cast, "stranger") == noon + 15 * DAYS
