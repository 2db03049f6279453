"""R31: coupons on subscriptions, with the provider's duration; what was promised is what is paid."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions.coupons import CouponWish, create_coupon, find_problems
from app.billing.actions.reconcile import reconcile
from app.billing.actions.sync import sync
from app.billing.models import Order, Payment
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid
from tests.billing.buying import buy, do, open_order, sell
from tests.billing.stripe_double import StripeDouble
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("noon")
OFFERS = [
    pytest.param({"percent": 50, "duration": "once"}, [950, 1_900, 1_900, 1_900], id="half"),
    pytest.param(
        {"percent": 20, "duration": "repeating", "months": 3},
        [1_520, 1_520, 1_520, 1_900],
        id="three-months",
    ),
    pytest.param({"percent": 100, "duration": "once"}, [0, 1_900, 1_900, 1_900], id="free"),
    pytest.param({"amount": 400, "currency": "CNY", "duration": "forever"}, [1_500] * 4, id="ever"),
]


def offer(cast: Cast, **wish: object) -> None:
    """Make a coupon of a subscription, as the owner does."""
    with unit_of_work():
        create_coupon(cast.actor("owner"), wish=CouponWish(**{"code": "HALF", **wish}))  # type: ignore[arg-type]


def monthly(cast: Cast, **terms: object) -> str:
    values = {"mode": "subscription", "term": "month", "term_count": 1, "amount": 1_900, **terms}
    return sell(cast, **values)


def paid() -> list[int]:
    return list(db.session.scalars(sa.select(Payment.amount).order_by(Payment.paid_at, Payment.id)))


@pytest.mark.parametrize(("wish", "amounts"), OFFERS)
def test_the_demo_charges_what_was_promised(
    cast: Cast, noon: datetime, wish: dict[str, object], amounts: list[int]
) -> None:
    plan = monthly(cast)
    offer(cast, **wish)
    order = buy(cast, "stranger", plan, coupon="half")
    assert (order.amount, order.list_amount, order.state) == (amounts[0], 1_900, "paid")
    for month in range(1, 4):
        with clock.fixed(noon + timedelta(days=31 * month)):
            do(order, "renew")
    assert paid() == [amount for amount in amounts if amount]


@pytest.mark.parametrize(("wish", "amounts"), OFFERS)
def test_stripe_charges_what_was_promised(
    cast: Cast, stripe: StripeDouble, wish: dict[str, object], amounts: list[int]
) -> None:
    plan = monthly(cast)
    offer(cast, **wish)
    order = open_order(cast, "stranger", plan, coupon="half")
    made = [values for _verb, path, values in stripe.requests if path == "/v1/coupons"]
    assert [(each["duration"], each["amount_off"]) for each in made] == [
        (wish["duration"], 1_900 - amounts[0])
    ]
    # Asked again, after the answer was lost, it is the same checkout.
    stripe.pay(str(order.provider_ref))
    order = sync(order.id, cause="webhook")
    assert (order.amount, order.list_amount, order.state) == (amounts[0], 1_900, "paid")
    for _month in range(3):
        stripe.renew(str(order.subscription_ref))
    assert reconcile().failures == []
    assert paid() == [amount for amount in amounts if amount]


def test_a_lost_answer_opens_the_same_checkout(cast: Cast, stripe: StripeDouble) -> None:
    plan = monthly(cast)
    offer(cast, percent=50, duration="once")
    stripe.trouble("lost", times=1)
    order = open_order(cast, "stranger", plan, coupon="half")
    assert len(stripe.of("coupon")) == 1
    assert len(stripe.of("checkout.session")) == 1
    assert order.provider_ref is not None


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"percent": 50, "duration": "once"}, "首次 ¥9.50，之后每月 ¥19"),
        ({"percent": 20, "duration": "repeating", "months": 3}, "前 3 次每次 ¥15.20，之后每月 ¥19"),
        ({"percent": 100, "duration": "once"}, "首次 免费，之后每月 ¥19"),
        ({"percent": 50, "duration": "forever"}, "¥9.50"),
    ],
)
def test_card_and_order_show_what_comes_after(
    cast: Cast, wish: dict[str, object], said: str
) -> None:
    plan = monthly(cast)
    offer(cast, **wish)
    stranger = cast.client("stranger")
    assert said in stranger.get("/p/orbit/buy?coupon=half").text
    order = buy(cast, "stranger", plan, coupon="half")
    assert said in stranger.get(f"/p/orbit/orders/{order.public_id}").text


def test_an_offer_for_coming_back(cast: Cast, noon: datetime) -> None:
    plan = monthly(cast)
    offer(cast, percent=50, duration="once", purpose="renewal")
    with pytest.raises(Invalid, match="coupon_renewal_only"):
        open_order(cast, "stranger", plan, coupon="half")
    order = do(buy(cast, "stranger", plan), "end")
    with clock.fixed(noon + timedelta(days=40)):
        again = buy(cast, "stranger", plan, coupon="half")
    assert (again.amount, again.list_amount) == (950, 1_900)
    assert again.id != order.id


def test_an_offer_takes_the_place_of_the_trial(cast: Cast) -> None:
    plan = monthly(cast, trial_days=7)
    offer(cast, percent=50, duration="once")
    order = open_order(cast, "stranger", plan, coupon="half")
    assert (order.trial_days, order.amount) == (0, 950)


def test_coupons_made_before_stay_for_passes(cast: Cast) -> None:
    plan = monthly(cast)
    offer(cast, percent=50)
    with pytest.raises(Invalid, match="coupon_passes_only"):
        open_order(cast, "stranger", plan, coupon="half")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Order)) == 0


def test_the_form_says_what_is_wrong(cast: Cast, noon: datetime) -> None:
    wrong = CouponWish(code="HALF", percent=50, duration="repeating")
    assert [(p.field, p.code) for p in find_problems(wrong, noon)] == [("months", "amount")]
    typed = {"code": "HALF", "kind": "percent", "percent": "50", "purpose": "both"}
    owner = cast.client("owner")
    page = owner.post("/p/orbit/coupons", data={**typed, "duration": "repeating", "months": "x"})
    assert page.status_code == 422
    assert 'value="HALF"' in page.text
    good = owner.post("/p/orbit/coupons", data={**typed, "duration": "repeating", "months": "3"})
    assert good.status_code == 303
    assert "3 个月" in owner.get("/p/orbit/coupons").text
