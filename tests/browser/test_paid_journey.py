"""A planet that is paid for, lived through in the browser: bought, given back, lapsed, renewed late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.billing.demo_gateway import DemoGateway
from app.billing.gateway import gateways
from app.discussion.models import Topic
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.memberships.models import Entitlement, Membership
from app.memberships.settling import settle
from tests.billing.buying import work
from tests.browser.test_planets import signed_in
from tests.cast import Cast, assemble
from tests.conftest import empty_database
from tests.discussion.writing import post

pytestmark = pytest.mark.browser


@pytest.fixture
def cast(live_app: Flask, live_url: str) -> Iterator[Cast]:
    """Return the cast in an empty site whose payments lead back to it."""
    site, demo = live_app.extensions["planetarium.site"], gateways.by_name["demo"]
    live_app.extensions["planetarium.site"] = replace(site, base_url=live_url)
    gateways.by_name["demo"] = DemoGateway(f"{live_url}/demo-checkout/{{ref}}")
    with live_app.app_context():
        empty_database()
        yield assemble(live_app)
    live_app.extensions["planetarium.site"] = site
    gateways.by_name["demo"] = demo


def test_a_paid_planet_from_its_price_to_a_late_renewal(
    cast: Cast, chromium: Browser, live_url: str
) -> None:
    post(cast, "owner", title="旧文", text="付费时写下的。")
    with unit_of_work() as session:
        session.query(Topic).update({"published_at": clock.now() - timedelta(days=90)})
    with signed_in(cast, chromium, live_url, "owner", locale="zh-CN") as context:
        make_it_paid(context.new_page(), live_url)
    with signed_in(cast, chromium, live_url, "stranger", locale="zh-CN") as context:
        context.set_default_timeout(8_000)
        buyer = context.new_page()
        buyer.on("dialog", lambda dialog: dialog.accept())
        buy(buyer, live_url)
        buyer.goto(f"{live_url}/p/orbit")
        expect(buyer.locator("main")).to_contain_text("旧文")
        ask(buyer, live_url)
        give_back(buyer, live_url)
        work()
        # The next click already finds the door closed.
        buyer.goto(f"{live_url}/p/orbit")
        expect(buyer.locator("main")).not_to_contain_text("旧文")
        buy(buyer, live_url)
        renew_early(buyer, live_url)
        lapse(cast, "stranger")
        post(cast, "owner", title="新文", text="到期以后写下的。")
        buyer.goto(f"{live_url}/p/orbit")
        expect(buyer.locator("main")).to_contain_text("旧文")
        expect(buyer.locator("main")).not_to_contain_text("新文")
        buyer.goto(f"{live_url}/p/orbit/buy")
        # Renewing late costs the whole price again.
        expect(buyer.locator(".plan__amount")).to_have_text("¥199")
        buy(buyer, live_url)
        buyer.goto(f"{live_url}/p/orbit")
        expect(buyer.locator("main")).to_contain_text("新文")


def make_it_paid(owner: Page, url: str) -> None:
    """Put the planet on sale: one form away."""
    owner.goto(f"{url}/p/orbit/plans/new")
    owner.fill("[name=name]", "年度会员")
    owner.fill("[name=amount]", "199")
    owner.locator("main form button.btn--primary").first.click()
    owner.wait_for_load_state()


def buy(page: Page, url: str) -> None:
    """Choose the only plan and pay in the demo's checkout."""
    page.goto(f"{url}/p/orbit/buy")
    page.locator(".plan .btn--primary").first.click()
    page.wait_for_url("**/demo-checkout/**")
    page.locator("main button.btn--primary").first.click()
    page.wait_for_url("**/orders/**")
    expect(page.locator(".notice--ok")).to_be_visible()


def ask(page: Page, url: str) -> None:
    """Ask the guest something."""
    page.goto(f"{url}/p/orbit/ask")
    page.locator("[name=addressee]").first.check()
    page.fill("[name=text]", "怎么才算读懂一本书？")
    page.locator("main .form-actions button.btn--primary").first.click()
    page.wait_for_url("**/t/**")


def give_back(page: Page, url: str) -> None:
    """Take the purchase back, from one's own membership page."""
    page.goto(f"{url}/p/orbit/me")
    page.get_by_role("link", name="退款", exact=False).first.click()
    page.locator("main .btn--danger").click()
    page.wait_for_load_state()
    confirm = page.locator("dialog[open] button.btn--danger, dialog[open] button.btn--primary")
    if confirm.count():
        confirm.first.click()
        page.wait_for_load_state()


def renew_early(page: Page, url: str) -> None:
    """Renew while one's time runs: it costs less, and is added."""
    page.goto(f"{url}/p/orbit/me")
    page.locator("main .card a[href$='/buy']").first.click()
    expect(page.locator(".plan__amount")).to_have_text("¥159.20")
    buy(page, url)


def lapse(cast: Cast, persona: str) -> None:
    """Let the bought time be over for more than the months of cheap renewal."""
    gone = timedelta(days=2 * 365 + 60)
    with unit_of_work() as session:
        member = session.query(Membership).filter_by(user_id=cast.users[persona]).one()
        for row in session.query(Entitlement).filter_by(membership_id=member.id):
            row.starts_at -= gone
        settle(member)
