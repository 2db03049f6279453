"""What a plan costs somebody: the rows behind the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.billing.actions.coupons import CouponWish, create_coupon
from app.billing.actions.plans import retire_plan
from app.billing.models import Coupon, Plan
from app.billing.prices import Pricing, Step
from app.billing.pricing import quote
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, NotFound
from app.memberships import actions
from app.memberships.actions.granting import Terms
from app.memberships.models import Entitlement
from app.memberships.periods import Duration
from app.memberships.settling import settle
from tests.billing.rows import write_payment
from tests.billing.shop import ask, order, sell
from tests.cast import Cast
from tests.memberships.people import newcomer, row


def hold(cast: Cast, persona: str, plan: Plan, days: int = 30, source: str = "order") -> None:
    """Give time, of an order with the money that was paid for it."""
    ref = f"{source}-{persona}-{clock.now().isoformat()}"
    paid = order(cast, cast.users[persona], plan) if source == "order" else None
    with unit_of_work() as session:
        if paid is not None:
            write_payment(session.merge(paid), ref=ref, entitlement_ref=f"order:{ref}")
        actions.start_membership(
            None,
            planet_id=cast.planet_id,
            user_id=cast.users[persona],
            source=source,
            source_ref=ref,
            period=Duration(days=days),
            grant=Terms(environment="demo", plan_ref=plan.public_id, trial=source == "trial"),
        )


def coupon(cast: Cast, **wish: object) -> Coupon:
    """Make a coupon, as the owner does."""
    with unit_of_work():
        return create_coupon(
            cast.actor("owner"),
            wish=CouponWish(**{"code": "SPRING", "percent": 10, **wish}),  # type: ignore[arg-type]
        )


def test_a_newcomer_pays_the_price_of_joining(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, trial_days=7)
    asked = ask(cast, "stranger", plan)
    assert (asked.amount, asked.list_amount, asked.currency) == (19_900, 19_900, "CNY")
    assert (asked.pricing, asked.trial_days, asked.seats_left) == (Pricing.JOIN, 7, None)


@pytest.mark.parametrize(
    ("days", "pricing", "amount"),
    [
        (29, Pricing.EARLY, 15_920),
        (30, Pricing.GRACE, 17_910),
        (59, Pricing.GRACE, 17_910),
        (60, Pricing.LATE, 19_900),
        (900, Pricing.LATE, 19_900),
    ],
)
def test_renewing_costs_what_the_planet_says(
    cast: Cast, noon: datetime, days: int, pricing: Pricing, amount: int
) -> None:
    plan = sell(cast, trial_days=7)
    hold(cast, "stranger", plan)
    with clock.fixed(noon + timedelta(days=days)):
        asked = ask(cast, "stranger", plan)
    assert (asked.pricing, asked.amount, asked.list_amount) == (pricing, amount, 19_900)
    assert asked.trial_days == 0


def test_the_planets_own_renewal_prices_hold(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    hold(cast, "stranger", plan)
    cast.set_planet(renew_early_percent=50, renewal_days=0)
    assert ask(cast, "stranger", plan).amount == 9_950
    with clock.fixed(noon + timedelta(days=30)):
        assert ask(cast, "stranger", plan).pricing is Pricing.LATE


def test_time_that_was_given_makes_no_renewal(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, trial_days=7)
    hold(cast, "stranger", plan, source="comp")
    assert ask(cast, "stranger", plan).pricing is Pricing.JOIN
    assert ask(cast, "stranger", plan).trial_days == 7


def test_r16_nobody_has_two_trials(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, trial_days=7)
    hold(cast, "stranger", plan, days=7, source="trial")
    asked = ask(cast, "stranger", plan)
    assert (asked.pricing, asked.trial_days) == (Pricing.JOIN, 0)


def test_money_that_was_given_back_makes_no_renewal(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    hold(cast, "stranger", plan)
    with unit_of_work() as session:
        session.query(Entitlement).filter_by(source="order").update({"revoked_at": clock.now()})
        settle(row(cast, "stranger"))
    assert ask(cast, "stranger", plan).pricing is Pricing.JOIN


def test_a_subscription_costs_the_same_each_time(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, mode="subscription")
    hold(cast, "stranger", plan)
    asked = ask(cast, "stranger", plan)
    assert (asked.pricing, asked.amount) == (Pricing.EARLY, 19_900)


def test_later_joiners_pay_more_and_see_it_coming(cast: Cast, noon: datetime) -> None:
    steps = (Step(24_900, after_seats=2), Step(29_900, from_at=noon + timedelta(days=9)))
    plan = sell(cast, steps=steps)
    asked = ask(cast, "stranger", plan)
    assert (asked.amount, asked.next_step) == (19_900, steps[0])
    first, second = newcomer(1), newcomer(2)
    # Who renews does not raise the price, and a checkout that was left does not either.
    for user_id, state in ((first, "paid"), (first, "paid"), (second, "expired")):
        order(cast, user_id, plan, state)
    assert ask(cast, "stranger", plan).amount == 19_900
    # An open checkout is no sale: who lets twenty of them lie must not make others pay more.
    order(cast, second, plan, "open")
    assert ask(cast, "stranger", plan).amount == 19_900
    assert ask(cast, "stranger", plan).sold == 1
    order(cast, second, plan, "processing")
    assert (ask(cast, "stranger", plan).amount, ask(cast, "stranger", plan).next_step) == (
        24_900,
        steps[1],
    )
    with clock.fixed(noon + timedelta(days=9)):
        assert ask(cast, "stranger", plan).amount == 29_900


def test_r9_seats_left_counts_people_once(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, seat_limit=3)
    assert ask(cast, "stranger", plan).seats_left == 3
    hold(cast, "other", plan)
    order(cast, cast.users["other"], plan, "open")
    order(cast, newcomer(1), plan, "processing")
    order(cast, newcomer(2), plan, "expired")
    assert ask(cast, "stranger", plan).seats_left == 1
    # Whoever holds a seat renews on it.
    assert ask(cast, "other", plan).seats_left == 2
    with unit_of_work() as session:
        session.query(Entitlement).filter_by(plan_ref=plan.public_id).update(
            {"suspended_at": clock.now()}
        )
    assert ask(cast, "stranger", plan).seats_left == 1
    with clock.fixed(noon + timedelta(days=31)):
        assert ask(cast, "stranger", plan).seats_left == 1


@pytest.mark.parametrize(
    ("wish", "amount"),
    [
        ({"percent": 10}, 17_910),
        ({"percent": 33}, 13_333),
        ({"percent": 99}, 400),
        ({"percent": 100}, 0),
        ({"percent": 0, "amount": 5_000, "currency": "CNY"}, 14_900),
        ({"percent": 0, "amount": 19_900, "currency": "CNY"}, 400),
    ],
)
def test_a_coupon_is_taken_off(
    cast: Cast, noon: datetime, wish: dict[str, object], amount: int
) -> None:
    plan = sell(cast)
    made = coupon(cast, **wish)
    asked = ask(cast, "stranger", plan, " ｓpring ")
    assert (asked.amount, asked.list_amount, asked.coupon_id) == (amount, 19_900, made.id)


def test_a_coupon_comes_after_the_renewal_price(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    hold(cast, "stranger", plan)
    coupon(cast, purpose="renewal")
    assert ask(cast, "stranger", plan, "SPRING").amount == 14_328


@pytest.mark.parametrize(
    ("wish", "days", "code"),
    [
        ({"code": "OTHER"}, 0, "coupon_unknown"),
        ({"starts": 1}, 0, "coupon_early"),
        ({"ends": 1}, 1, "coupon_over"),
        ({"purpose": "renewal"}, 0, "coupon_renewal_only"),
        ({"percent": 0, "amount": 500, "currency": "USD"}, 0, "coupon_other_plan"),
        ({"other_plan": True}, 0, "coupon_other_plan"),
    ],
)
def test_a_coupon_that_does_not_hold_says_why(
    cast: Cast, noon: datetime, wish: dict[str, object], days: int, code: str
) -> None:
    plan, other = sell(cast), sell(cast, name="另一种")
    for word in ("starts", "ends"):
        if word in wish:
            wish = {**wish, f"{word}_at": noon + timedelta(days=1)}
            del wish[word]
    if "other_plan" in wish:
        wish = {"plan": other.public_id}
    coupon(cast, **wish)
    with (
        clock.fixed(noon + timedelta(days=days)),
        pytest.raises(Invalid) as refused,
    ):
        ask(cast, "stranger", plan, "SPRING")
    assert (refused.value.field, refused.value.code) == ("coupon", code)


def test_coupons_are_for_passes_and_some_for_joining(cast: Cast, noon: datetime) -> None:
    coupon(cast, purpose="join")
    plan, monthly = sell(cast), sell(cast, mode="subscription", term="month")
    hold(cast, "stranger", plan)
    for chosen, code in ((plan, "coupon_join_only"), (monthly, "coupon_passes_only")):
        with pytest.raises(Invalid) as refused:
            ask(cast, "stranger", chosen, "SPRING")
        assert refused.value.code == code


def test_what_is_not_sold_has_no_price(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, term="until", until_at=noon + timedelta(days=9))
    with clock.fixed(noon + timedelta(days=9)), pytest.raises(Invalid) as over:
        ask(cast, "stranger", plan)
    assert over.value.code == "plan_over"
    cast.set_membership("member", expires_at=noon + timedelta(days=9))
    with pytest.raises(Invalid) as held:
        ask(cast, "member", plan)
    assert held.value.code == "plan_held"
    with unit_of_work():
        retire_plan(cast.actor("owner"), public_id=plan.public_id)
    with pytest.raises(Invalid) as retired:
        ask(cast, "stranger", plan)
    assert retired.value.code == "plan_not_on_sale"
    planet, actor = cast.entry("stranger")
    with pytest.raises(NotFound):
        quote(planet, actor, plan.id + 99, now=noon)


def test_r21_yen_stay_yen(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, currency="JPY", amount=1_980)
    hold(cast, "stranger", plan)
    assert ask(cast, "stranger", plan).amount == 1_584
