"""The pages on which a planet is sold: one form to the first sale, coupons, the pause, the landing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.billing.actions.pausing import pause_planet
from app.billing.models import Coupon, Plan, PlanVersion
from app.billing.queries.plans import list_steps
from app.billing.queries.wishes import waited_for
from app.kernel.db import db, unit_of_work
from app.planets.models import Planet
from tests.billing.shop import order, sell, version_of
from tests.cast import Cast
from tests.memberships.people import newcomer

FORM = {
    "name": "年度会员",
    "amount": "199",
    "currency": "CNY",
    "mode": "pass",
    "term": "year",
    "term_count": "1",
}


def text_of(client: FlaskClient, address: str) -> str:
    """Return a page that opens."""
    answer = client.get(address, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.status_code
    return answer.text


def the_plan() -> tuple[Plan, PlanVersion]:
    """Return the only plan and its terms."""
    plan = db.session.query(Plan).one()
    return plan, version_of(plan)


def test_the_first_plan_is_one_form_away_from_being_sold(cast: Cast) -> None:
    owner = cast.client("owner")
    assert "Sell membership" in text_of(owner, "/p/orbit/plans")
    form = text_of(owner, "/p/orbit/plans/new")
    typed = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', form))
    # Only the price is left to say.
    sent = {**FORM, "name": typed["name"], "amount": "¥１９９", "then": "sell"}
    assert owner.post("/p/orbit/plans/new", data=sent).location == "/p/orbit/plans"
    plan, version = the_plan()
    assert (plan.state, version.amount, version.term) == ("on_sale", 19_900, "year")
    assert db.session.get_one(Planet, cast.planet_id).paid
    page = text_of(cast.client("visitor"), "/p/orbit/about")
    assert "CN¥199" in page
    assert "/p/orbit/buy" in page
    assert "/p/orbit/join" not in page


def test_everything_of_a_plan_can_be_said_and_comes_back(cast: Cast) -> None:
    owner = cast.client("owner")
    sent = {
        **FORM,
        "description": "每周一篇",
        "compare_amount": "299",
        "seat_limit": "500",
        "trial_days": "7",
        "trial_window_days": "30",
        "step_amount_1": "249",
        "step_seats_1": "100",
        "step_amount_3": "299",
        "step_day_3": "2199-12-31",
        "then": "draft",
    }
    owner.post("/p/orbit/plans/new", data=sent)
    plan, version = the_plan()
    assert (plan.state, plan.seat_limit, version.trial_days) == ("draft", 500, 7)
    steps = list_steps(version.id)
    assert [step.amount for step in steps] == [24_900, 29_900]
    # The day begins in the reader's zone, to the minute.
    assert steps[1].from_at == datetime(2199, 12, 30, 16, tzinfo=UTC)
    form = text_of(owner, f"/p/orbit/plans/{plan.public_id}/edit")
    for value in ("每周一篇", "299", "500", "249", "100", "2199-12-31"):
        assert value in form
    again = {**sent, "step_amount_2": "299", "step_day_2": "2199-12-31", "based_on": "1"}
    del again["step_amount_3"], again["step_day_3"]
    assert owner.post(f"/p/orbit/plans/{plan.public_id}/edit", data=again).status_code == 303
    assert the_plan()[0].version == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "A plan needs a name."),
        ({"amount": ""}, "Please fill this in."),
        ({"amount": "a lot"}, "Write an amount"),
        ({"amount": "0.10"}, "Payment providers charge at least 4 CNY."),
        ({"amount": "0.49", "currency": "USD"}, "Payment providers charge at least 0.50 USD."),
        ({"amount": "49", "currency": "JPY"}, "Payment providers charge at least 50 JPY."),
        ({"amount": "500.5", "currency": "JPY"}, "JPY is written with at most 0 decimals."),
        ({"currency": "XXX"}, "Please choose one from the list."),
        ({"compare_amount": "99"}, "struck through must be higher"),
        ({"mode": "subscription", "term": "lifetime"}, "A subscription renews by months or years."),
        ({"term_count": "99"}, "A whole number from 1 to 10."),
        ({"term": "until", "until_at": "soon"}, "This is no day."),
        ({"term": "until", "until_at": "2001-01-01"}, "This day is over."),
        ({"seat_limit": "0"}, "A whole number from 1 to"),
        ({"step_amount_1": "299"}, "Each step needs a price and either"),
        ({"step_amount_1": "9", "step_seats_1": "5"}, "Each step must cost more"),
    ],
)
def test_a_form_that_is_wrong_says_what_and_keeps_what_was_typed(
    cast: Cast, changes: dict[str, str], sentence: str
) -> None:
    owner = cast.client("owner")
    sent = {**FORM, "description": "每周一篇", "then": "sell", **changes}
    answer = owner.post("/p/orbit/plans/new", data=sent, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "每周一篇" in answer.text
    assert db.session.query(Plan).count() == 0


def test_a_plan_is_changed_moved_retired_and_sold_again(cast: Cast) -> None:
    first, second = sell(cast), sell(cast, name="月度会员", term="month", amount=3_000)
    owner = cast.client("owner")
    path = f"/p/orbit/plans/{second.public_id}"
    owner.post(f"{path}/move/up")
    page = text_of(owner, "/p/orbit/plans")
    assert page.index("月度会员") < page.index("年度会员")
    assert owner.post(f"{path}/move/sideways").status_code == 404
    sent = {**FORM, "name": "月度", "term": "month", "amount": "35", "based_on": "1"}
    assert owner.post(f"{path}/edit", data=sent).location == "/p/orbit/plans"
    late = owner.post(f"{path}/edit", data={**sent, "amount": "36"})
    assert (late.status_code, "36" in late.text) == (409, True)
    owner.post(f"{path}/retire")
    assert owner.get(f"{path}/edit").status_code == 404
    assert "月度" not in text_of(cast.client("visitor"), "/p/orbit/about")
    owner.post(f"{path}/sell")
    assert "CN¥35" in text_of(cast.client("visitor"), "/p/orbit/about")
    assert owner.get("/p/orbit/plans/nowhere/edit").status_code == 404
    trail = text_of(owner, "/p/orbit/audit?kind=prices")
    for words in ("put a plan on sale:", "changed a plan:", "took a plan off sale:"):
        assert words in trail
    assert first.state == "on_sale"


def test_coupons_are_made_listed_and_ended(cast: Cast) -> None:
    plan = sell(cast)
    owner = cast.client("owner")
    assert "No coupons yet" in text_of(owner, "/p/orbit/coupons")
    sent = {"code": "spring", "kind": "percent", "percent": "20", "plan": plan.public_id,
            "purpose": "join", "uses": "5", "label": "播客", "starts_at": "2026-01-01",
            "ends_at": "2199-01-31"}  # fmt: skip
    assert owner.post("/p/orbit/coupons", data=sent).status_code == 303
    page = text_of(owner, "/p/orbit/coupons")
    for words in ("SPRING", "20%", "播客", "5 left", "Jan 31, 2199", "Valid"):
        assert words in page
    amount = {"code": "minus5", "kind": "amount", "amount": "5", "currency": "CNY"}
    assert owner.post("/p/orbit/coupons", data=amount).status_code == 303
    made = db.session.query(Coupon).filter_by(code="MINUS5").one()
    assert (made.amount, made.currency, made.percent) == (500, "CNY", 0)
    owner.post(f"/p/orbit/coupons/{made.public_id}/end")
    db.session.refresh(made)
    assert made.ended_at is not None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"code": "x"}, "Use 3 to 30 letters"),
        ({"code": "spring"}, "This planet has a coupon with this code already."),
        ({"percent": "0"}, "A whole number from 1 to 100."),
        ({"percent": ""}, "A whole number from 1 to 100."),
        ({"kind": "amount", "amount": ""}, "Please fill this in."),
        ({"kind": "amount", "amount": "x"}, "Write an amount"),
        ({"plan": "nowhere"}, "Please choose one from the list."),
        ({"uses": "many"}, "A whole number from 1 to"),
        ({"ends_at": "2001-01-01"}, "The last day must come after today"),
    ],
)
def test_a_wrong_coupon_says_why(cast: Cast, changes: dict[str, str], sentence: str) -> None:
    owner = cast.client("owner")
    good = {"code": "spring", "kind": "percent", "percent": "20", "purpose": "both",
            "currency": "CNY"}  # fmt: skip
    owner.post("/p/orbit/coupons", data=good)
    sent = {**good, "code": "autumn", **changes}
    answer = owner.post("/p/orbit/coupons", data=sent, headers={"Accept-Language": "en"})
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert db.session.query(Coupon).count() == 1


def test_pausing_asks_first_and_stops_sales(cast: Cast) -> None:
    sell(cast)
    owner = cast.client("owner")
    assert "Pause 轨道?" in text_of(owner, "/p/orbit/pause")
    assert owner.post("/p/orbit/pause").location == "/p/orbit/plans"
    assert "Let 轨道 go on?" in text_of(owner, "/p/orbit/pause")
    landing = text_of(cast.client("visitor"), "/p/orbit/about")
    assert "This planet is paused" in landing
    assert "/p/orbit/buy" not in landing
    owner.post("/p/orbit/resume")
    assert "/p/orbit/buy" in text_of(cast.client("visitor"), "/p/orbit/about")


def test_a_sold_out_plan_offers_to_wait(cast: Cast) -> None:
    plan = sell(cast, seat_limit=1)
    page = text_of(cast.client("stranger"), "/p/orbit/about")
    assert "1 seat left" in page
    order(cast, newcomer(1), plan, "open")
    stranger = cast.client("stranger")
    page = text_of(stranger, "/p/orbit/about")
    assert "Sold out" in page
    assert f"/p/orbit/plans/{plan.public_id}/wait" in page
    stranger.post(f"/p/orbit/plans/{plan.public_id}/wait")
    assert waited_for(cast.actor("stranger"), [plan.id]) == {plan.id}
    assert "You wait for a seat." in text_of(stranger, "/p/orbit/about")
    assert "1 person waits" in text_of(cast.client("owner"), "/p/orbit/plans")
    stranger.post(f"/p/orbit/plans/{plan.public_id}/wait/end")
    assert waited_for(cast.actor("stranger"), [plan.id]) == set()


def test_the_landing_shows_each_reader_his_own_way_in(noon: datetime, cast: Cast) -> None:
    sell(cast, compare_amount=29_900)
    for persona, words in (
        ("stranger", "Become a member"),
        ("expired", "Renew"),
        ("left", "Join again"),
    ):
        page = text_of(cast.client(persona), "/p/orbit/about")
        assert words in page, persona
        assert "/p/orbit/buy" in page
        assert "CN¥299" in page
    for persona in ("owner", "guest", "other"):
        assert "/p/orbit/buy" not in text_of(cast.client(persona), "/p/orbit/about"), persona
    cast.set_planet(joining="approval", join_question="为什么？")
    for persona in ("stranger", "visitor"):
        page = text_of(cast.client(persona), "/p/orbit/about")
        assert "/p/orbit/join" in page
        assert "/p/orbit/buy" not in page


def test_a_fixed_end_is_the_end_of_its_day(cast: Cast) -> None:
    sent = {**FORM, "term": "until", "until_at": "2030-06-30", "then": "sell"}
    assert cast.client("owner").post("/p/orbit/plans/new", data=sent).status_code == 303
    assert the_plan()[1].until_at == datetime(2030, 6, 30, 16, tzinfo=UTC)
    assert "until Jun 30, 2030" in text_of(cast.client("visitor"), "/p/orbit/about")


def test_the_prices_of_renewing_are_settings(cast: Cast) -> None:
    owner = cast.client("owner")
    assert "Membership and prices" in text_of(owner, "/p/orbit/settings/prices")
    sent = {"refund_hours": "24", "renewal_days": "14", "renew_early_percent": "49",
            "renew_grace_percent": "90", "renew_late_percent": "100"}  # fmt: skip
    answer = owner.post("/p/orbit/settings/prices", data=sent)
    assert answer.status_code == 422
    sent["renew_early_percent"] = "50"
    assert owner.post("/p/orbit/settings/prices", data=sent).status_code == 303
    planet = cast.entry("owner")[0]
    assert (planet.refund_hours, planet.renewal_days, planet.renew_early_percent) == (24, 14, 50)


def test_a_member_of_a_paused_planet_keeps_his_door(noon: datetime, cast: Cast) -> None:
    sell(cast)
    cast.set_membership("member", expires_at=noon - timedelta(days=1))
    with unit_of_work():
        pause_planet(cast.actor("owner"))
    assert "This planet is paused" in text_of(cast.client("expired"), "/p/orbit/about")


def chosen_currency(cast: Cast, page: str, language: str) -> str:
    """Return the currency that a form begins with, for a reader of a language."""
    client = cast.client("owner")
    client.set_cookie("language", language)
    form = client.get(page).get_data(as_text=True)
    return re.findall(r'<option value="(\w{3})" selected>', form)[0]


@pytest.mark.parametrize("reader", ["en", "zh_Hans"])
def test_the_usual_currency_is_the_planets_not_the_readers(cast: Cast, reader: str) -> None:
    forms = ("/p/orbit/plans/new", "/p/orbit/coupons")
    assert [chosen_currency(cast, form, reader) for form in forms] == ["CNY", "CNY"]
    cast.set_planet(language="en")
    assert [chosen_currency(cast, form, reader) for form in forms] == ["USD", "USD"]
    # As soon as something is sold, what it is sold in.
    sell(cast, amount=4_900, currency="EUR")
    assert [chosen_currency(cast, form, reader) for form in forms] == ["EUR", "EUR"]


@pytest.mark.parametrize(
    ("hours", "said"), [(72, "Within 72 hours you can take"), (0, "Purchases here are final.")]
)
def test_the_landing_names_the_terms_of_refunds(cast: Cast, hours: int, said: str) -> None:
    sell(cast)
    cast.set_planet(refund_hours=hours)
    assert said in text_of(cast.client("visitor"), "/p/orbit/about")


def test_where_one_is_let_in_first_the_landing_says_so(cast: Cast) -> None:
    sell(cast)
    cast.set_planet(joining="approval")
    page = text_of(cast.client("stranger"), "/p/orbit/about")
    assert "When you are let in you choose a membership and pay." in page
