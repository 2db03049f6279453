"""R31: offers are coupons that everybody is shown on the plan card, and takes without a code."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.billing.actions.checkout import begin
from app.billing.actions.coupons import CouponWish, create_coupon, end_coupon
from app.billing.actions.offers import hide_coupon, show_coupon
from app.billing.actions.orders import Purchase
from app.billing.models import Coupon, Order, Payment
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, Refused
from tests.billing.buying import WAYS, buy, do, open_order, sell
from tests.billing.stripe_double import StripeDouble
from tests.billing.test_offers import monthly
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("noon")
HALF: dict[str, Any] = {"percent": 50, "duration": "once"}
DAYS = timedelta(days=1)


def offer(cast: Cast, code: str = "HALF", **wish: Any) -> Coupon:
    """Show a coupon to everybody, as the owner does."""
    values = {**HALF, "shown": True, **wish}
    with unit_of_work():
        return create_coupon(cast.actor("owner"), wish=CouponWish(code=code, **values))


def click(cast: Cast, plan: str, shown: Coupon | None, persona: str = "stranger") -> Order:
    """Let somebody press the button of a card that showed an offer, or none."""
    planet, actor = cast.entry(persona)
    seen = shown.public_id if shown is not None else ""
    return begin(actor, planet, Purchase(plan=plan, offer=seen), WAYS)


@pytest.mark.parametrize(
    ("wish", "said", "amount"),
    [
        (HALF, "首次 ¥9.50，之后每月 ¥19", 950),
        ({"percent": 20, "duration": "repeating", "months": 3}, "前 3 次每次 ¥15.20", 1_520),
        ({"percent": 100, "duration": "once"}, "首次 免费，之后每月 ¥19", 0),
    ],
)
def test_everybody_reads_it_on_the_card_and_pays_it_without_a_code(
    cast: Cast, wish: dict[str, Any], said: str, amount: int
) -> None:
    plan = monthly(cast)
    for page in ("/p/orbit", "/p/orbit/buy"):
        assert said not in cast.client("stranger").get(page).text
    offer(cast, **{"percent": 0, **wish})
    assert said in cast.client("stranger").get("/p/orbit").text
    page = cast.client("stranger").get("/p/orbit/buy").text
    assert said in page
    assert "HALF" not in page
    order = buy(cast, "stranger", plan)
    assert (order.amount, order.list_amount, order.state) == (amount, 1_900, "paid")
    assert said in cast.client("stranger").get(f"/p/orbit/orders/{order.public_id}").text
    do(order, "renew")
    last = db.session.query(Payment).order_by(Payment.id.desc()).first()
    assert last is not None
    assert last.amount == (1_520 if amount == 1_520 else 1_900)


def test_stripe_is_asked_for_it(cast: Cast, stripe: StripeDouble) -> None:
    plan = monthly(cast)
    offer(cast)
    open_order(cast, "stranger", plan)
    made = [values for _verb, path, values in stripe.requests if path == "/v1/coupons"]
    assert [(each["duration"], each["amount_off"]) for each in made] == [("once", 950)]


def test_a_coupon_is_shown_only_when_its_planet_says_so(cast: Cast) -> None:
    plan = monthly(cast)
    offer(cast, shown=False)
    assert buy(cast, "stranger", plan).amount == 1_900


def test_a_pass_shows_until_when_and_gifts_cost_the_same(cast: Cast, noon: datetime) -> None:
    plan = sell(cast)
    offer(cast, duration="", ends_at=noon + 3 * DAYS)
    page = cast.client("stranger").get("/p/orbit/buy").text
    assert "优惠" in page
    assert "¥99.50" in page
    assert "¥99.50" in cast.client("member").get("/p/orbit/gift").text
    assert open_order(cast, "member", plan, kind="gift").amount == 9_950
    with clock.fixed(noon + 4 * DAYS):
        assert open_order(cast, "stranger", plan).amount == 19_900


def test_whom_it_does_not_hold_for_sees_the_usual_price(cast: Cast) -> None:
    plan = monthly(cast)
    offer(cast, purpose="renewal")
    page = cast.client("stranger").get("/p/orbit/buy")
    assert page.status_code == 200
    assert "¥9.50" not in page.text
    assert open_order(cast, "stranger", plan).amount == 1_900


def test_a_typed_code_takes_its_place_and_a_wrong_one_leaves_it(cast: Cast) -> None:
    plan = monthly(cast)
    offer(cast)
    offer(cast, "FRIEND", percent=75, shown=False)
    stranger = cast.client("stranger")
    assert "首次 ¥4.75" in stranger.get("/p/orbit/buy?coupon=friend").text
    wrong = stranger.get("/p/orbit/buy?coupon=nope").text
    assert "首次 ¥9.50" in wrong
    assert open_order(cast, "stranger", plan, coupon="friend").amount == 475


def test_it_is_used_once_by_one_person(cast: Cast, noon: datetime) -> None:
    plan = monthly(cast)
    offer(cast)
    order = do(buy(cast, "stranger", plan), "end")
    assert order.amount == 950
    with clock.fixed(noon + 40 * DAYS):
        assert open_order(cast, "stranger", plan).amount == 1_900


def test_what_was_shown_is_paid_or_said_to_be_over(cast: Cast) -> None:
    plan = monthly(cast)
    shown = offer(cast)
    with unit_of_work():
        end_coupon(cast.actor("owner"), public_id=shown.public_id)
    with pytest.raises(Invalid, match="offer_over"):
        click(cast, plan, shown)
    stranger = cast.client("stranger")
    page = stranger.post(f"/p/orbit/buy/{plan}?offer={shown.public_id}", data={"coupon": ""})
    assert page.status_code == 422
    assert "你看到的优惠已经结束" in page.text
    assert click(cast, plan, None).amount == 1_900


def test_an_open_order_keeps_its_price_and_takes_a_new_offer(cast: Cast) -> None:
    plan = monthly(cast)
    full = click(cast, plan, None)
    shown = offer(cast)
    cheap = click(cast, plan, shown)
    assert (cheap.amount, cheap.id != full.id) == (950, True)
    assert click(cast, plan, shown).id == cheap.id
    with unit_of_work():
        hide_coupon(cast.actor("owner"), public_id=shown.public_id)
    assert click(cast, plan, None).id == cheap.id


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ("", "", True),
        ("", "plan", True),
        ("plan", "", True),
        ("plan", "plan", True),
        ("plan", "other", False),
    ],
)
def test_one_offer_per_plan_at_a_time(cast: Cast, first: str, second: str, refused: bool) -> None:
    plans = {"": "", "plan": monthly(cast), "other": monthly(cast)}
    offer(cast, "ONE", plan=plans[first])
    if refused:
        with pytest.raises(Invalid, match="offer_second"):
            offer(cast, "TWO", plan=plans[second])
    else:
        assert offer(cast, "TWO", plan=plans[second]).shown


def test_one_after_the_other_is_no_second(cast: Cast, noon: datetime) -> None:
    monthly(cast)
    offer(cast, "ONE", ends_at=noon + 5 * DAYS)
    offer(cast, "TWO", starts_at=noon + 5 * DAYS, ends_at=noon + 9 * DAYS)
    with pytest.raises(Invalid, match="offer_second"):
        offer(cast, "THREE", starts_at=noon + 8 * DAYS)


def test_showing_and_hiding_are_refused_and_written_down(cast: Cast) -> None:
    monthly(cast)
    first, second = offer(cast, "ONE"), offer(cast, "TWO", shown=False)
    with pytest.raises(Invalid, match="offer_second"), unit_of_work():
        show_coupon(cast.actor("owner"), public_id=second.public_id)
    for act in (show_coupon, hide_coupon):
        with pytest.raises(Refused), unit_of_work():
            act(cast.actor("admin"), public_id=second.public_id)
    with unit_of_work():
        end_coupon(cast.actor("owner"), public_id=first.public_id)
        show_coupon(cast.actor("owner"), public_id=second.public_id)
        hide_coupon(cast.actor("owner"), public_id=second.public_id)
    with pytest.raises(Invalid, match="offer_over"), unit_of_work():
        hide_coupon(cast.actor("owner"), public_id=first.public_id)
        show_coupon(cast.actor("owner"), public_id=first.public_id)
    told = [row.action for row in db.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert told[-3:] == ["coupon.end", "coupon.show", "coupon.hide"]


def test_the_page_of_coupons_has_the_choice(cast: Cast) -> None:
    monthly(cast)
    owner = cast.client("owner")
    typed = {"code": "ONE", "kind": "percent", "percent": "50", "purpose": "both", "shown": "1"}
    assert owner.post("/p/orbit/coupons", data={**typed, "duration": "once"}).status_code == 303
    assert "对所有人展示" in owner.get("/p/orbit/coupons").text
    again = owner.post("/p/orbit/coupons", data={**typed, "code": "TWO", "duration": "once"})
    assert again.status_code == 422
    assert "ONE" in again.text
    assert 'value="TWO"' in again.text
    one = db.session.query(Coupon).one()
    assert owner.post(f"/p/orbit/coupons/{one.public_id}/hide").status_code == 303
    assert owner.post(f"/p/orbit/coupons/{one.public_id}/show").status_code == 303
    assert db.session.query(Coupon).populate_existing().one().shown
