"""The owner's numbers in a real browser: empty and full, narrow and wide, light and dark."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser

from app.billing.actions.funnel import STEPS, record_steps
from app.billing.ledger import book_order
from app.kernel import clock
from app.kernel.db import unit_of_work
from tests.billing.rows import write_order, write_payment, write_plan, write_refund
from tests.browser.test_planets import signed_in
from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.cast import Cast, assemble
from tests.emptying import empty_database

pytestmark = pytest.mark.browser
PAGE = "/p/orbit/numbers"


@pytest.fixture
def cast(live_app: Flask) -> Iterator[Cast]:
    """Return the cast in an empty site, within its context."""
    with live_app.app_context():
        empty_database()
        yield assemble(live_app)


def fill(cast: Cast) -> None:
    """Sell for a year in two currencies, take some of it back, and let visitors come."""
    moment = clock.now()
    year, month = write_plan(cast, currency="CNY"), write_plan(cast, name="月卡", amount=1_900)
    with unit_of_work():
        for number in range(24):
            plan = (year, month)[number % 2]
            order = write_order(
                cast,
                plan_id=plan.id,
                amount=(9_900, 1_900)[number % 2],
                currency="JPY" if number % 6 == 5 else "CNY",
            )
            paid = moment - timedelta(days=14 * number)
            payment = write_payment(order, f"ch_{number}", paid_at=paid, fee=99)
            if number % 5 == 4:
                write_refund(payment, f"re_{number}", order.amount, at=paid)
                payment.refunded = order.amount
            book_order(order)
        for number in range(40):
            record_steps(
                STEPS[: 1 + number % 8],
                planet_id=cast.planet_id,
                visitor=f"visitor-{number}",
                source=("", "weibo", "朋友圈")[number % 3],
                user_id=None,
            )


@pytest.mark.parametrize("filled", ["empty", "full"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_numbers_fit_and_pass_axe(
    cast: Cast, live_url: str, chromium: Browser, language: str, scheme: str, filled: str
) -> None:
    if filled == "full":
        fill(cast)
    context = signed_in(cast, chromium, live_url, "owner", color_scheme=scheme, locale=language)
    wrong = []
    for size in (PHONE, DESKTOP):
        page = context.new_page()
        page.set_viewport_size(size)
        page.goto(f"{live_url}{PAGE}")
        wrong += findings(page)
        if folder := os.environ.get("SHOTS"):
            name = f"{filled}-{language}-{scheme}-{size['width']}.png"
            page.screenshot(path=f"{folder}/{name}", full_page=True)
        page.close()
    context.close()
    assert wrong == []
