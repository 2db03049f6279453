"""A planet that is paid for, lived through in the browser: bought, given back, lapsed, renewed late; and
an admin who finds a member, reads his story and extends him."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.accounts.models import UserSession
from app.billing.actions.reminders import remind
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
from tests.discussion.writing import post
from tests.emptying import empty_database

pytestmark = pytest.mark.browser
START = datetime(2027, 3, 1, 4, 0, tzinfo=UTC)
YEAR = timedelta(days=365)

Later = Callable[[timedelta], None]


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


@pytest.fixture
def later() -> Iterator[Later]:
    """Return what lets time pass since START; sessions live on, as those that are used do."""
    with ExitStack() as held:

        def move(passed: timedelta) -> None:
            held.close()
            held.enter_context(clock.fixed(START + passed))
            fresh = {"last_seen_at": clock.now(), "expires_at": clock.now() + timedelta(days=60)}
            with unit_of_work() as session:
                session.query(UserSession).update(fresh)
            remind()
            work()

        yield move


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
    page.locator("main a[href$='/refund']").click()
    expect(page.locator("main")).to_contain_text("成员资格随之立即结束。")
    page.locator("main .btn--danger").click()
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


def test_renewed_early_lapsed_renewed_late_and_extended(
    cast: Cast, chromium: Browser, live_url: str, later: Later
) -> None:
    later(timedelta())
    with signed_in(cast, chromium, live_url, "owner", locale="zh-CN") as context:
        make_it_paid(context.new_page(), live_url)
    with signed_in(cast, chromium, live_url, "stranger", locale="zh-CN") as context:
        context.set_default_timeout(8_000)
        member = context.new_page()
        live_through(cast, member, live_url, later)
        with signed_in(cast, chromium, live_url, "admin", locale="zh-CN") as desk:
            extend(desk.new_page(), live_url)
        # The next click finds the door open again.
        member.goto(f"{live_url}/p/orbit")
        expect(member.locator("main")).to_contain_text("第四年的")
        member.goto(f"{live_url}/p/orbit/me")
        expect(member.locator(".facts")).to_contain_text("2030-07-07")


def live_through(cast: Cast, member: Page, url: str, later: Later) -> None:
    """Buy, renew early, lapse, renew late, and lapse again."""
    buy(member, url)
    post(cast, "owner", title="第一年的")
    later(timedelta(days=200))
    assert price(member, url) == "¥159.20"
    buy(member, url)
    post(cast, "owner", title="第二年的")
    # Early: what was bought is added. 2028 has a leap day.
    later(2 * YEAR - timedelta(days=29))
    later(2 * YEAR)
    reads(member, url, "第一年的", "第二年的")
    later(2 * YEAR + timedelta(days=11))
    assert price(member, url) == "¥179.10"
    later(2 * YEAR + timedelta(days=61))
    post(cast, "owner", title="第三年的")
    reads(member, url, "第一年的", "第二年的", but="第三年的")
    assert price(member, url) == "¥199"
    buy(member, url)
    reads(member, url, "第二年的", "第三年的")
    later(3 * YEAR + timedelta(days=99))
    post(cast, "owner", title="第四年的")
    reads(member, url, "第三年的", but="第四年的")


def price(page: Page, url: str) -> str:
    """Return what going on costs this moment."""
    page.goto(f"{url}/p/orbit/buy")
    return page.locator(".plan__amount").inner_text()


def reads(page: Page, url: str, *titles: str, but: str = "") -> None:
    """Look into the planet: these topics are there, that one is not."""
    page.goto(f"{url}/p/orbit")
    for title in titles:
        expect(page.locator("main")).to_contain_text(title)
    if but:
        expect(page.locator("main")).not_to_contain_text(but)


def extend(admin: Page, url: str) -> None:
    """Find the member by filters, read his story, and give him thirty days with a reason."""
    admin.goto(f"{url}/p/orbit/subscriptions")
    admin.fill("[name=name]", "冯")
    admin.select_option("[name=standing]", "expired")
    admin.select_option("[name=source]", "paid")
    admin.locator(".filters button").click()
    expect(admin.locator("tbody tr")).to_have_count(1)
    expect(admin.locator("tbody tr")).to_contain_text("2030-04-30")
    admin.locator("tbody tr .byline a").first.click()
    story = admin.locator(".trail")
    for amount in ("¥199.00", "¥159.20"):
        expect(story).to_contain_text(f"支付 {amount}")
    expect(story).to_contain_text("成为成员")
    expect(story).to_contain_text("到期前 30 天发送提醒")
    # What all of them come to is for those who may see income.
    expect(admin.locator(".facts")).not_to_contain_text("累计支付")
    admin.get_by_text("延长", exact=False).first.click()
    form = admin.locator("form[action$='/extend']")
    form.locator("[name=days]").fill("30")
    form.locator("[name=reason]").fill("住院期间没有看")
    form.locator("button").click()
    expect(admin.locator(".notice--ok")).to_be_visible()
    expect(story.locator("li").first).to_contain_text("住院期间没有看")
