"""Selling in a real browser: a planet put on sale with one form, and what axe and the ruler say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from app.billing.actions.coupons import CouponWish, create_coupon
from app.billing.actions.plans import create_plan
from app.billing.prices import Step
from app.kernel import clock
from app.kernel.db import unit_of_work
from tests.billing.shop import YEAR, order, sell
from tests.browser.test_planets import signed_in
from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.cast import Cast, assemble
from tests.emptying import empty_database
from tests.memberships.people import newcomer

pytestmark = pytest.mark.browser

EMPTY = ("/p/orbit/plans", "/p/orbit/plans/new", "/p/orbit/coupons", "/p/orbit/pause")
VIEWS = [(PHONE, "dark", "zh-CN"), (DESKTOP, "light", "en"), (PHONE, "light", "en"),
         (DESKTOP, "dark", "zh-CN")]  # fmt: skip


@pytest.fixture
def cast(live_app: Flask) -> Iterator[Cast]:
    """Return the cast in an empty site, within its context."""
    with live_app.app_context():
        empty_database()
        yield assemble(live_app)


def stock(cast: Cast) -> str:
    """Put plans and coupons of every kind into the planet; returns a plan's form."""
    soon = clock.now() + timedelta(days=40)
    steps = (Step(24_900, after_seats=100), Step(29_900, from_at=soon))
    plan = sell(
        cast,
        description="每周一篇长文，每月一次直播答疑。\n问题 72 小时内回答。",
        compare_amount=29_900,
        seat_limit=500,
        trial_days=7,
        trial_window_days=30,
        steps=steps,
    )
    monthly = sell(cast, name="连续包月", mode="subscription", term="month", amount=2_500)
    small = sell(cast, name="首批永久会员", term="lifetime", amount=99_900, seat_limit=1)
    order(cast, newcomer(1), small, "paid")
    order(cast, newcomer(2), small, "open")
    with unit_of_work():
        create_plan(cast.actor("owner"), wish=YEAR)
        wish = CouponWish("PODCAST", percent=20, label="播客", uses=50, ends_at=soon)
        create_coupon(cast.actor("owner"), wish=wish)
        half = CouponWish("HALF", percent=50, plan=monthly.public_id, duration="once", shown=True)
        create_coupon(cast.actor("owner"), wish=half)
    return f"/p/orbit/plans/{plan.public_id}/edit"


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    VIEWS,
    ids=["phone-dark-zh", "desktop-light-en", "phone-light-en", "desktop-dark-zh"],
)
def test_nothing_is_out_of_reach(
    cast: Cast, chromium: Browser, live_url: str, size: object, theme: str, language: str
) -> None:
    context = signed_in(
        cast, chromium, live_url, "owner", viewport=size, color_scheme=theme, locale=language
    )
    page = context.new_page()
    complaints: list[str] = []
    for path in EMPTY:
        page.goto(live_url + path)
        complaints += [f"{path}: {line}" for line in findings(page)]
    form = stock(cast)
    for path in (*EMPTY, form, "/p/orbit/settings/prices"):
        page.goto(live_url + path)
        complaints += [f"{path} (stocked): {line}" for line in findings(page)]
    context.close()
    context = signed_in(
        cast, chromium, live_url, "stranger", viewport=size, color_scheme=theme, locale=language
    )
    page = context.new_page()
    page.goto(f"{live_url}/p/orbit/about")
    complaints += [f"about: {line}" for line in findings(page)]
    context.close()
    assert complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_a_planet_is_put_on_sale_with_one_form(
    cast: Cast, chromium: Browser, live_url: str, scripts: bool
) -> None:
    owner = signed_in(
        cast, chromium, live_url, "owner", java_script_enabled=scripts, locale="zh-CN"
    )
    page = owner.new_page()
    page.goto(f"{live_url}/p/orbit/plans")
    page.click(".empty a")
    page.fill("[name=amount]", "0.1")
    page.click("[name=then][value=sell]")
    expect(page.locator(".field--bad [name=amount]")).to_have_value("0.1")
    page.fill("[name=amount]", "￥199")
    page.click("[name=then][value=sell]")
    expect(page.locator(".plan-row")).to_contain_text("¥199")
    owner.close()
    stranger = signed_in(cast, chromium, live_url, "stranger", java_script_enabled=scripts)
    page = stranger.new_page()
    page.goto(f"{live_url}/p/orbit/about")
    page.click(".cover__act a")
    expect(page).to_have_url(f"{live_url}/p/orbit/buy")
    stranger.close()
