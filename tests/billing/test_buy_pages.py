"""The pages of buying over HTTP: what peers got wrong is tried here."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.billing.actions.coupons import CouponWish, create_coupon
from app.billing.gateway import GatewayError, gateways
from app.billing.models import Order
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.policy import Standing
from tests.billing.buying import buy, open_order, sell
from tests.cast import Cast


def click(client: FlaskClient, plan: str, **form: str) -> str:
    """Click on a plan; returns the path of the payment page."""
    answer = client.post(f"/p/orbit/buy/{plan}", data=form)
    assert answer.status_code == 303, answer.status_code
    return urlsplit(answer.headers["Location"]).path


def test_a_stranger_buys_by_clicks(noon: datetime, cast: Cast) -> None:
    plan, client = sell(cast), cast.client("stranger")
    page = client.get("/p/orbit/buy")
    assert page.status_code == 200
    assert "¥199" in page.text
    checkout = click(client, plan)
    assert client.get(checkout).status_code == 200
    back = client.post(f"{checkout}/pay")
    order = urlsplit(back.headers["Location"]).path
    page = client.get(order)
    assert "付款成功" in page.text
    assert "Refresh" not in page.headers
    assert client.get("/p/orbit").status_code == 200
    assert "年度" in client.get("/p/orbit/purchases").text


def test_r22_the_page_after_the_checkout_grants_nothing_by_itself(
    noon: datetime, cast: Cast
) -> None:
    client = cast.client("stranger")
    order = open_order(cast, "stranger", sell(cast))
    # Nor does it ask again and again before its reader comes back from the provider.
    assert "Refresh" not in client.get(f"/p/orbit/orders/{order.public_id}").headers
    page = client.get(f"/p/orbit/orders/{order.public_id}?returned=1")
    assert page.headers["Refresh"]
    assert cast.actor("stranger").standing is Standing.VISITOR
    for persona in ("member", "owner", "admin"):
        assert cast.client(persona).get(f"/p/orbit/orders/{order.public_id}").status_code == 404


def test_the_price_is_never_taken_from_the_form(noon: datetime, cast: Cast) -> None:
    plan = sell(cast)
    click(cast.client("stranger"), plan, amount="1", price="1", currency="JPY", version="7")
    order = db.session.scalars(sa.select(Order)).one()
    assert (order.amount, order.currency) == (19_900, "CNY")
    assert cast.client("stranger").post("/p/orbit/buy/nosuchplan11").status_code == 404


def test_a_plan_of_another_planet_is_not_sold_here(noon: datetime, cast: Cast) -> None:
    plan = sell(cast)
    other = cast.client("owner").post(
        "/planets/new", data={"name": "另一个", "slug": "another", "language": "zh_Hans"}
    )
    assert other.status_code in (303, 422)
    assert cast.client("stranger").post(f"/p/another/buy/{plan}").status_code == 404


def test_others_checkouts_are_not_found(noon: datetime, cast: Cast) -> None:
    order = open_order(cast, "stranger", sell(cast))
    checkout = f"/demo-checkout/{order.provider_ref}"
    assert cast.client("member").get(checkout).status_code == 404
    assert cast.client("member").post(f"{checkout}/pay").status_code == 404
    assert cast.client("stranger").post(f"{checkout}/explode").status_code == 303


def test_where_money_is_real_the_demo_page_is_gone(noon: datetime, cast: Cast) -> None:
    order = open_order(cast, "stranger", sell(cast))
    gateways.environment = "live"
    try:
        client = cast.client("stranger")
        assert client.get(f"/demo-checkout/{order.provider_ref}").status_code == 404
        assert client.post(f"/demo-checkout/{order.provider_ref}/pay").status_code == 404
    finally:
        gateways.environment = "demo"


def test_a_provider_that_is_silent_loses_nothing(
    noon: datetime, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, client = sell(cast), cast.client("stranger")

    def silent(*_args: object, **_more: object) -> None:
        raise GatewayError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(type(gateways.of("demo")), "open_checkout", silent)
        answer = client.post(f"/p/orbit/buy/{plan}", data={"coupon": ""})
        assert answer.status_code == 503
        assert "没有扣款" in answer.text
    checkout = click(client, plan)
    with monkeypatch.context() as patch:
        patch.setattr(type(gateways.of("demo")), "fetch", silent)
        order = db.session.scalars(sa.select(Order)).one()
        page = client.get(f"/p/orbit/orders/{order.public_id}")
        assert page.status_code == 200
        assert "什么都不会丢" in page.text
    assert client.post(f"{checkout}/pay").status_code == 303


def test_r18_the_form_of_a_refund_sent_twice(noon: datetime, cast: Cast) -> None:
    order, client = buy(cast, "stranger", sell(cast)), cast.client("stranger")
    address = f"/p/orbit/orders/{order.public_id}"
    token = re.search(r'name="token" value="([^"]+)"', client.get(f"{address}/refund").text)
    assert token
    for _click in range(2):
        answer = client.post(f"{address}/refund", data={"token": token[1], "reason": "不合适"})
        assert answer.status_code == 303
    assert len(db.session.execute(sa.text("SELECT 1 FROM refunds")).all()) == 1
    with clock.fixed(noon + timedelta(hours=73)):
        assert f"{address}/refund" not in client.get(address).text
        assert client.get(f"{address}/refund").status_code == 303


def test_what_cannot_be_bought_is_said(noon: datetime, cast: Cast) -> None:
    plan = sell(cast, seats=1)
    open_order(cast, "expired", plan)
    answer = cast.client("stranger").post(f"/p/orbit/buy/{plan}")
    assert answer.status_code == 409
    answer = cast.client("stranger").post(f"/p/orbit/buy/{sell(cast)}", data={"coupon": "NOPE"})
    assert answer.status_code == 422
    assert "NOPE" in answer.text


def test_a_coupon_that_nobody_has_is_refused_once(noon: datetime, cast: Cast) -> None:
    sell(cast)
    sell(cast, name="半年", term_count=180)
    client = cast.client("stranger")
    client.set_cookie("language", "en")
    page = client.get("/p/orbit/buy?coupon=NOPE")
    assert page.status_code == 200
    # Above the page, and at the field; not at each of the plans.
    assert page.text.count("This planet has no such coupon.") == 2
    assert 'aria-invalid="true"' in page.text


def test_who_comes_to_a_sold_out_plan_can_wait_there(noon: datetime, cast: Cast) -> None:
    plan, client = sell(cast, seats=1), cast.client("stranger")
    buy(cast, "expired", plan)
    client.set_cookie("language", "en")
    page = client.get("/p/orbit/buy").text
    act = f"/p/orbit/plans/{plan}/wait?at=buy"
    assert f'formaction="{act}"' in page
    assert client.post(act).headers["Location"].endswith("/p/orbit/buy")
    assert "You wait for a seat." in client.get("/p/orbit/buy").text


def test_a_subscription_does_not_promise_to_begin_behind_what_is_held(
    noon: datetime, cast: Cast
) -> None:
    buy(cast, "stranger", sell(cast))
    client = cast.client("stranger")
    client.set_cookie("language", "en")
    assert "What you buy now begins then." in client.get("/p/orbit/buy").text
    sell(cast, mode="subscription", term="month", term_count=1)
    page = client.get("/p/orbit/buy").text
    assert "a subscription begins today" in page and "What you buy now begins then." not in page


def test_what_is_on_its_way_back_is_not_thanked_for_nor_given_back_again(
    noon: datetime, cast: Cast
) -> None:
    order = buy(cast, "stranger", sell(cast))
    client, page = cast.client("stranger"), f"/p/orbit/orders/{order.public_id}"
    client.set_cookie("language", "en")
    assert "Give me my money back" in client.get(page).text
    client.post(f"{page}/refund", data={"token": "a" * 20})
    shown = client.get(page).text
    assert "Being refunded" in shown
    assert "Thank you: it is paid." not in shown and "Give me my money back" not in shown


def test_a_coupon_that_does_not_hold_for_a_plan_is_no_dead_end(noon: datetime, cast: Cast) -> None:
    monthly = sell(cast, mode="subscription", term="month", term_count=1, amount=2_900)
    sell(cast)
    with unit_of_work():
        create_coupon(cast.actor("owner"), wish=CouponWish("WELCOME", percent=20))
    client = cast.client("stranger")
    page = client.get("/p/orbit/buy?coupon=WELCOME", headers={"Accept-Language": "en"}).text
    assert "The usual price holds here." in page
    path = re.search(rf'formaction="(/p/orbit/buy/{monthly}[^"]*)"', page)
    assert path is not None
    answer = client.post(path[1].replace("&amp;", "&"), data={"coupon": "WELCOME"})
    assert answer.status_code == 303
    placed = db.session.scalars(sa.select(Order)).one()
    assert (placed.amount, placed.coupon) == (2_900, "")
