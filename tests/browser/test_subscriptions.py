"""The pages of who bought and of those who look after him, in a real browser: what axe and the ruler say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from app.billing.models import Order, Subscription, WebhookEvent
from app.kernel import clock
from app.kernel.db import unit_of_work
from tests.billing.asking import cost, go_to_pay
from tests.billing.buying import buy, do, open_order, sell, work
from tests.browser.test_planets import signed_in
from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.cast import Cast, assemble
from tests.discussion.threads import member_id
from tests.emptying import empty_database

pytestmark = pytest.mark.browser

P = "/p/orbit"
VIEWS = [(PHONE, "dark", "zh-CN"), (DESKTOP, "light", "en")]


@pytest.fixture
def cast(live_app: Flask) -> Iterator[Cast]:
    """Return the cast in an empty site, within its context."""
    with live_app.app_context():
        empty_database()
        yield assemble(live_app)


def fill(cast: Cast) -> dict[str, Order]:
    """Let people buy: a year of a costly plan with a long name, a subscription, a gift, a question."""
    long = "首批永久会员，含全部专栏、直播回放与线下读书会优先报名资格"
    year = sell(cast, name=long, amount=88_888_800)
    month = sell(cast, name="连续包月", mode="subscription", term="month", term_count=1)
    cost(cast)
    found = {
        "year": buy(cast, "stranger", year),
        "lost": do(buy(cast, "expired", year), "dispute", "lose"),
        "month": buy(cast, "left", month),
        "gift": buy(cast, "other", year, kind="gift"),
        "waits": open_order(cast, "grace", year),
        "question": go_to_pay(cast, "member"),
    }
    with unit_of_work() as session:
        failed = WebhookEvent(
            provider_ref="evt_failed",
            kind="charge.refunded",
            planet_id=cast.planet_id,
            state="failed",
            tries=3,
            error="the provider did not answer within fifteen seconds",
            received_at=clock.now(),
        )
        session.add(failed)
    work()
    return found


def look(page: Page, url: str, paths: list[str]) -> list[str]:
    """Open each page, unfold what is folded, and return what is wrong."""
    complaints = []
    for path in paths:
        answer = page.goto(url + path)
        assert answer is not None
        if not answer.ok:
            complaints.append(f"{path}: {answer.status}")
        page.evaluate("document.querySelectorAll('main details').forEach((e) => { e.open = true })")
        complaints += [f"{path}: {line}" for line in findings(page)]
    return complaints


def staff_paths(cast: Cast, orders: dict[str, Order]) -> list[str]:
    """Return the pages of those who look after subscriptions."""
    one = f"{P}/subscriptions/{member_id(cast, 'stranger')}"
    lost = f"{P}/subscriptions/{member_id(cast, 'expired')}"
    filters = ("", "?all=1", "?name=nobody", "?standing=active&source=paid")
    lists = [f"{P}/subscriptions{query}" for query in filters]
    forms = [f"{one}/orders/{orders['year'].public_id}/refund", f"{one}/remove"]
    return [*lists, one, lost, *forms, f"{P}/subscriptions/provider", f"{P}/members"]


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    VIEWS,
    ids=["phone-dark-zh", "desktop-light-en"],
)
def test_nothing_is_out_of_reach(
    cast: Cast, chromium: Browser, live_url: str, size: object, theme: str, language: str
) -> None:
    orders = fill(cast)
    own = [f"{P}/me", f"{P}/purchases", f"{P}/buy"]
    price = f"{P}/members/{member_id(cast, 'guest')}/question-price"
    seen = {
        "admin": staff_paths(cast, orders),
        "guest": [f"{P}/me", price],
        "stranger": [
            *own,
            *(f"{P}/orders/{orders['year'].public_id}{more}" for more in ("", "/refund")),
        ],
        "expired": [f"{P}/me", f"{P}/orders/{orders['lost'].public_id}"],
        "left": [*own[:2], f"{P}/orders/{orders['month'].public_id}"],
        "other": [
            f"{P}/orders/{orders['gift'].public_id}",
            f"{P}/ask",
            f"{P}/gift",
            f"{P}/gift?coupon=NOPE",
        ],
        "grace": [
            *own,
            f"{P}/orders/{orders['waits'].public_id}",
            f"{P}/buy?coupon=NOPE",
            f"{P}/redeem",
        ],
        "member": [
            f"{P}/orders/{orders['question'].public_id}",
            f"/demo-checkout/{orders['question'].provider_ref}",
        ],
        "visitor": [f"{P}/about"],
    }
    complaints: list[str] = []
    for persona, paths in seen.items():
        context = signed_in(
            cast, chromium, live_url, persona, viewport=size, color_scheme=theme, locale=language
        )
        complaints += [f"{persona} {line}" for line in look(context.new_page(), live_url, paths)]
        context.close()
    assert complaints == []


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    VIEWS,
    ids=["phone-dark-zh", "desktop-light-en"],
)
def test_the_ways_out_say_what_they_end(
    cast: Cast, chromium: Browser, live_url: str, size: object, theme: str, language: str
) -> None:
    orders = fill(cast)
    with unit_of_work() as session:
        held = session.query(Subscription).filter_by(order_id=orders["month"].id).one()
        held.end_wanted, held.end_asked_at = "now", clock.now()
        held.end_tries, held.end_error = 12, "no way to Stripe"
    member = member_id(cast, "left")
    waits = f"{P}/orders/{orders['waits'].public_id}"
    seen = {
        "left": [f"{P}/leave", "/account/close", f"{P}/orders/{orders['month'].public_id}"],
        "admin": [
            f"{P}/members/{member}/remove",
            f"{P}/subscriptions/{member}/remove",
            f"{P}/subscriptions/provider",
        ],
        "grace": [waits, f"{waits}?returned=1"],
    }
    complaints: list[str] = []
    for persona, paths in seen.items():
        context = signed_in(
            cast, chromium, live_url, persona, viewport=size, color_scheme=theme, locale=language
        )
        complaints += [f"{persona} {line}" for line in look(context.new_page(), live_url, paths)]
        context.close()
    assert complaints == []
