"""PLANETARIUM_PAYMENTS=none: no provider, in earnest. Codes, transfers and free planets count."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from app.billing.actions.codes import BatchWish, issue_codes, make_batch
from app.billing.actions.question_prices import set_price
from app.billing.actions.reconcile import reconcile
from app.billing.actions.redeeming import redeem
from app.billing.actions.transfers import approve_transfer, state_transfer
from app.billing.gateway import gateways
from app.billing.models import LedgerTransaction, Order, Payment
from app.billing.queries.questions import list_prices
from app.billing.terms import PlanWish, find_problems
from app.factory import create_app
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid
from app.memberships.models import Entitlement
from app.memberships.settling import deal_in
from app.policy import Standing
from tests.billing.buying import open_order, sell
from tests.billing.test_coupons import make
from tests.cast import Cast
from tests.conftest import make_settings
from tests.memberships.people import row

pytestmark = pytest.mark.usefixtures("noon", "by_hand")
BUYS = 'formaction="/p/orbit/buy/'
NOTE = "招商银行 6225 8801，备注写昵称"


def test_the_settings_make_an_installation_without_a_provider(tmp_path: Path) -> None:
    held = (dict(gateways.by_name), gateways.default, gateways.environment)
    try:
        app = create_app(make_settings(tmp_path, payments="none"))
        assert sorted(gateways.by_name) == ["transfer"]
        assert (gateways.default, gateways.environment) == ("transfer", "none")
        assert app.jinja_env.globals["demo_payments"] is False
    finally:
        gateways.by_name, gateways.default, gateways.environment = held
        deal_in(held[2])


def test_a_transfer_is_the_way_to_pay_and_counts(cast: Cast) -> None:
    plan = sell(cast)
    cast.set_planet(transfer_note=NOTE)
    page = cast.client("stranger").get("/p/orbit/buy").text
    assert page.count(BUYS) == 1
    assert f'name="transfer" value="1" {BUYS}' in page
    # Also a form that says nothing of a way.
    answer = cast.client("stranger").post(f"/p/orbit/buy/{plan}", data={})
    order = db.session.scalars(sa.select(Order)).one()
    assert order.provider_url == f"http://planet.test{answer.location}"
    assert (order.gateway, order.environment, order.mode) == ("transfer", "none", "pass")
    state_transfer(cast.actor("stranger"), order_id=order.public_id, memo="冯远 尾号 01")
    approve_transfer(cast.actor("admin"), order_id=order.public_id)
    assert cast.actor("stranger").standing is Standing.ACTIVE
    assert db.session.scalars(sa.select(LedgerTransaction.environment)).all() == ["none"]
    assert db.session.scalars(
        sa.select(Entitlement.environment).filter_by(source="order")
    ).all() == ["none"]
    assert "199" in cast.client("owner").get("/p/orbit/numbers").text
    assert reconcile().failures == []


def test_gifts_are_paid_by_transfer_too(cast: Cast) -> None:
    plan = sell(cast)
    cast.set_planet(transfer_note=NOTE)
    page = cast.client("member").get("/p/orbit/gift").text
    assert page.count('formaction="/p/orbit/gift/') == 1
    answer = cast.client("member").post(f"/p/orbit/gift/{plan}", data={"transfer": "1"})
    assert "/orders/" in answer.location


def test_codes_let_in_and_count(cast: Cast) -> None:
    sell(cast)
    with unit_of_work():
        batch = make_batch(cast.actor("owner"), wish=BatchWish(name="读书会", size=1, days=30))
        codes = issue_codes(cast.actor("owner"), batch_id=batch.public_id)
    redeem(cast.actor("stranger"), typed=codes[0], address="127.0.0.1")
    assert cast.actor("stranger").standing is Standing.ACTIVE


def test_nothing_is_sold_before_the_owner_says_how_one_pays(cast: Cast) -> None:
    plan = sell(cast)
    stranger = cast.client("stranger")
    assert BUYS not in stranger.get("/p/orbit/buy").text
    assert stranger.post(f"/p/orbit/buy/{plan}", data={}).status_code == 422
    assert stranger.post(f"/p/orbit/buy/{plan}/try", data={}).status_code == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Order)) == 0
    told = cast.client("owner").get("/p/orbit/plans").text
    assert "/p/orbit/transfers" in told
    cast.set_planet(transfer_note=NOTE)
    assert BUYS in stranger.get("/p/orbit/buy").text


def test_what_costs_nothing_waits_for_nobody(cast: Cast) -> None:
    plan = sell(cast)
    cast.set_planet(transfer_note=NOTE)
    make(cast, code="ALL", percent=100)
    order = open_order(cast, "stranger", plan, coupon="ALL")
    cast.client("stranger").get(order.provider_url.removeprefix("http://planet.test"))
    cast.client("stranger").get(f"/p/orbit/orders/{order.public_id}")
    assert cast.actor("stranger").standing is Standing.ACTIVE
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Payment)) == 0


def test_nothing_is_charged_by_itself(cast: Cast) -> None:
    wish = PlanWish(name="月度", amount=1_900, currency="CNY", term="month", mode="subscription")
    problems = [(p.field, p.code) for p in find_problems(wish, clock.now())]
    assert ("mode", "needs_provider") in problems
    page = cast.client("owner").get("/p/orbit/plans/new").text
    assert 'value="subscription"' not in page
    posted = {"name": "月度", "amount": "19", "currency": "CNY", "term": "month", "term_count": "1"}
    answer = cast.client("owner").post(
        "/p/orbit/plans/new", data={**posted, "mode": "subscription"}
    )
    assert answer.status_code == 422
    assert "本站没有接入支付平台" in answer.text


def test_questions_cannot_be_paid_for(cast: Cast) -> None:
    member = row(cast, "guest").public_id
    with pytest.raises(Invalid, match="needs_provider"), unit_of_work():
        set_price(cast.actor("guest"), member=member, amount=1_900, currency="CNY", free_per_week=0)


def test_an_old_price_for_questions_asks_for_nothing(cast: Cast) -> None:
    member = row(cast, "guest")
    gateways.default = "demo"
    with unit_of_work():
        set_price(
            cast.actor("guest"),
            member=member.public_id,
            amount=1_900,
            currency="CNY",
            free_per_week=0,
        )
    assert list_prices(cast.planet_id)
    gateways.default = "transfer"
    assert list_prices(cast.planet_id) == []


def test_a_plan_with_a_trial_is_tried(cast: Cast) -> None:
    plan = sell(cast, trial_days=7)
    cast.set_planet(transfer_note=NOTE)
    assert cast.client("stranger").post(f"/p/orbit/buy/{plan}/try", data={}).status_code == 303
    assert cast.actor("stranger").standing is Standing.ACTIVE
