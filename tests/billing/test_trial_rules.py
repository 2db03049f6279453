"""R27, R30: what is free earns no price of renewing, and a trial takes no paid seat."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.billing.actions import staffing
from app.billing.actions.codes import BatchWish, issue_codes, make_batch, show_gift_code
from app.billing.actions.coupons import CouponWish, create_coupon
from app.billing.actions.redeeming import redeem
from app.billing.actions.trials import start_trial
from app.billing.models import Plan
from app.billing.prices import Pricing
from app.billing.pricing import Quote, quote
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict
from app.policy import Standing
from tests.billing.buying import buy, do, open_order, sell, work
from tests.cast import Cast
from tests.memberships.people import row

DAY = timedelta(days=1)
MONTHLY: dict[str, Any] = {"mode": "subscription", "term": "month", "term_count": 1}


def ask(cast: Cast, persona: str, plan: str) -> Quote:
    """Return what a persona would pay now."""
    planet, actor = cast.entry(persona)
    plan_id = db.session.query(Plan.id).filter_by(public_id=plan).scalar()
    return quote(planet, actor, plan_id, now=clock.now())


def try_out(cast: Cast, persona: str, plan: str) -> None:
    """Let a persona begin the free trial of a plan without an order."""
    planet, actor = cast.entry(persona)
    with unit_of_work():
        start_trial(actor, planet, plan=plan)


def test_r27_a_cancelled_trial_of_a_subscription_earns_nothing(noon: datetime, cast: Cast) -> None:
    yearly, monthly = sell(cast), sell(cast, trial_days=7, **MONTHLY)
    do(open_order(cast, "stranger", monthly), "pay", "end")
    for days in (1, 8, 30):
        with clock.fixed(noon + days * DAY):
            assert ask(cast, "stranger", yearly).pricing is Pricing.JOIN
            assert ask(cast, "stranger", yearly).amount == 19_900
            assert ask(cast, "stranger", monthly).trial_days == 0


def test_r27_a_trial_that_was_paid_for_afterwards_earns_it(noon: datetime, cast: Cast) -> None:
    yearly, monthly = sell(cast), sell(cast, trial_days=7, **MONTHLY)
    order = do(open_order(cast, "stranger", monthly), "pay")
    with clock.fixed(noon + 7 * DAY):
        do(order, "renew", "end")
        assert ask(cast, "stranger", yearly).pricing is Pricing.EARLY


def test_r27_a_code_of_staff_earns_nothing_a_gift_that_was_paid_for_does(
    noon: datetime, cast: Cast
) -> None:
    plan = sell(cast)
    with unit_of_work():
        batch = make_batch(cast.actor("owner"), wish=BatchWish(name="赠码", days=30, size=1))
        batch_id = batch.public_id
    with unit_of_work():
        [code] = issue_codes(cast.actor("owner"), batch_id=batch_id)
    redeem(cast.actor("stranger"), typed=code, address="192.0.2.1")
    assert ask(cast, "stranger", plan).pricing is Pricing.JOIN
    gift = do(open_order(cast, "member", plan, kind="gift"), "pay")
    redeem(cast.actor("stranger"), typed=show_gift_code(gift), address="192.0.2.1")
    assert ask(cast, "stranger", plan).pricing is Pricing.EARLY


def test_r27_a_price_of_nothing_and_what_was_given_back_earn_nothing(
    noon: datetime, cast: Cast
) -> None:
    plan = sell(cast)
    with unit_of_work():
        create_coupon(cast.actor("owner"), wish=CouponWish(code="FREE", percent=100))
    buy(cast, "stranger", plan, coupon="FREE")
    assert cast.actor("stranger").standing is Standing.ACTIVE
    assert ask(cast, "stranger", plan).pricing is Pricing.JOIN
    do(buy(cast, "expired", plan), "refund")
    assert ask(cast, "expired", plan).pricing is Pricing.JOIN


def test_r27_staff_who_change_the_plan_of_a_trial_sell_nothing(noon: datetime, cast: Cast) -> None:
    plan = sell(cast, trial_days=7)
    try_out(cast, "stranger", plan)
    with unit_of_work():
        staffing.change_plan(
            cast.actor("admin"),
            member_id=row(cast, "stranger").public_id,
            plan_id=plan,
            ends_at=noon + 30 * DAY,
            reason="延长体验",
            token="a-token-of-a-form-00",
        )
    assert ask(cast, "stranger", plan).pricing is Pricing.JOIN


def test_r30_a_trial_takes_no_seat_and_is_admitted_above_the_limit(
    noon: datetime, cast: Cast
) -> None:
    plan = sell(cast, seats=1, trial_days=7)
    try_out(cast, "stranger", plan)
    assert ask(cast, "expired", plan).seats_left == 1
    assert buy(cast, "expired", plan).state == "paid"
    # Sold out: for who is new, not for who tries it.
    assert ask(cast, "left", plan).seats_left == 0
    assert ask(cast, "stranger", plan).seats_left == 1
    assert buy(cast, "stranger", plan).state == "paid"
    with pytest.raises(Conflict, match="sold_out"):
        open_order(cast, "left", plan)
    with pytest.raises(Conflict, match="sold_out"):
        try_out(cast, "left", plan)


def test_r30_whoever_let_the_trial_run_out_is_new_again(noon: datetime, cast: Cast) -> None:
    plan = sell(cast, seats=1, trial_days=7)
    try_out(cast, "stranger", plan)
    buy(cast, "expired", plan)
    with clock.fixed(noon + 8 * DAY), pytest.raises(Conflict, match="sold_out"):
        open_order(cast, "stranger", plan)


def test_r30_trials_of_subscriptions_take_seats_when_they_are_paid(
    noon: datetime, cast: Cast
) -> None:
    plan = sell(cast, seats=1, trial_days=7, **MONTHLY)
    waiting = open_order(cast, "expired", plan)
    assert ask(cast, "left", plan).seats_left == 1
    trials = [do(open_order(cast, "stranger", plan), "pay"), do(waiting, "pay")]
    assert ask(cast, "left", plan).seats_left == 1
    with clock.fixed(noon + 7 * DAY):
        for order in trials:
            do(order, "renew")
        assert cast.actor("stranger").standing is Standing.ACTIVE
        assert cast.actor("expired").standing is Standing.ACTIVE
        assert ask(cast, "left", plan).seats_left == 0
        with pytest.raises(Conflict, match="sold_out"):
            open_order(cast, "left", plan)
    with clock.fixed(noon + 8 * DAY):
        do(trials[0], "refund")
        work()
        with pytest.raises(Conflict, match="sold_out"):
            open_order(cast, "left", plan)
