"""Pages of codes, complimentary access and the ledger in a real browser: axe, the ruler, a way in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.billing.actions.codes import BatchWish, issue_codes, make_batch
from app.billing.actions.comps import Gift, give_to_members, offer_by_address
from app.billing.actions.shares import add_share
from app.billing.actions.transfers import state_transfer
from app.billing.models import Order
from app.kernel.db import unit_of_work
from tests.billing.buying import buy, open_order, sell
from tests.browser.test_planets import signed_in
from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.cast import Cast, assemble
from tests.emptying import empty_database
from tests.memberships.people import row

pytestmark = pytest.mark.browser

# An owner's links in the left column need this height; what they do in less is the frame's matter.
TALL = {**DESKTOP, "height": 1200}


@pytest.fixture
def cast(live_app: Flask) -> Iterator[Cast]:
    """Return the cast in an empty site, within its context."""
    with live_app.app_context():
        empty_database()
        yield assemble(live_app)


def furnish(cast: Cast) -> str:
    """Make batches, an offer and a gift; returns a code."""
    owner = cast.actor("owner")
    gift = Gift("读书会的义工，整理了三个月的笔记", "a-one-time-token-of-a-form", days=90)
    with unit_of_work():
        batch = make_batch(owner, wish=BatchWish("八月读书周", 3, days=30, uses=5, prefix="AUG"))
        code = issue_codes(owner, batch_id=batch.public_id)[0]
        make_batch(owner, wish=BatchWish("直播间", 500, months=1))
        offer_by_address(owner, addresses="stranger@example.test", gift=gift)
        give_to_members(owner, members=[row(cast, "expired").public_id], gift=gift)
    return code


def trade(cast: Cast) -> tuple[Order, Order]:
    """Let the stranger buy a gift and choose a transfer; share income with the guest."""
    cast.set_planet(transfer_note="招商银行 6225 8801 2345 6789\n户名 林悦，备注写你的昵称")
    plan = sell(cast)
    with unit_of_work():
        guest = row(cast, "guest").public_id
        add_share(cast.actor("owner"), member_id=guest, plan_id=plan, percent=20)
    gift = buy(cast, "stranger", plan, kind="gift")
    other = open_order(cast, "expired", plan, gateway="transfer")
    state_transfer(cast.actor("expired"), order_id=other.public_id, memo="何平，尾号 01")
    return open_order(cast, "stranger", plan, gateway="transfer"), gift


def shoot(page: Page, path: str, language: str) -> None:
    """Keep a picture of a page in the folder SHOTS, if there is one."""
    if folder := os.environ.get("SHOTS"):
        name = path.removeprefix("/p/orbit/").split("?")[0].replace("/", "-")
        page.screenshot(path=f"{folder}/{name}-{language}.png", full_page=True)


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(PHONE, "dark", "zh-CN"), (TALL, "light", "en")],
    ids=["phone", "desktop"],
)
def test_nothing_is_out_of_reach(
    cast: Cast, chromium: Browser, live_url: str, size: object, theme: str, language: str
) -> None:
    cast.set_planet(paid=True)
    look = {"viewport": size, "color_scheme": theme, "locale": language}
    context = signed_in(cast, chromium, live_url, "owner", **look)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in ("/p/orbit/codes", "/p/orbit/comps", "/p/orbit/transfers", "/p/orbit/ledger"):
        page.goto(live_url + path)
        complaints += [f"empty {path}: {line}" for line in findings(page)]
    code = furnish(cast)
    chosen = row(cast, "expired").public_id
    by_hand, gift = trade(cast)
    paths = ("codes", "comps", f"comps?m={chosen}", "transfers", "ledger")
    for path in [f"/p/orbit/{name}" for name in paths]:
        page.goto(live_url + path)
        for fold in page.locator("details").all():
            fold.evaluate("d => { d.open = true }")
        complaints += [f"{path}: {line}" for line in findings(page)]
        shoot(page, path, language)
    context.close()
    context = signed_in(cast, chromium, live_url, "stranger", **look)
    page = context.new_page()
    mine = (f"redeem?code={code}", "buy", f"orders/{by_hand.public_id}", f"orders/{gift.public_id}")
    for path in ("/p/orbit/about", *(f"/p/orbit/{name}" for name in mine)):
        page.goto(live_url + path)
        shoot(page, path, language)
        complaints += [f"{path}: {line}" for line in findings(page)]
    page.goto(f"{live_url}/p/orbit/redeem")
    page.fill("[name=code]", "nonsense")
    page.click("main form [type=submit]")
    complaints += [f"refused: {line}" for line in findings(page)]
    context.close()
    assert "\n".join(complaints) == ""


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_a_batch_is_made_and_a_code_redeemed(
    cast: Cast, chromium: Browser, live_url: str, tmp_path: Path, scripts: bool
) -> None:
    staff = signed_in(cast, chromium, live_url, "admin", java_script_enabled=scripts)
    page = staff.new_page()
    page.goto(f"{live_url}/p/orbit/codes")
    page.fill("[name=name]", "八月读书周")
    page.click("main form.form [type=submit] >> nth=0")
    with page.expect_download() as waiting:
        page.click("button[formaction$='/download']")
    file = tmp_path / "codes.csv"
    waiting.value.save_as(file)
    code = file.read_text().splitlines()[1].split(",")[0]
    staff.close()
    joiner = signed_in(cast, chromium, live_url, "stranger", java_script_enabled=scripts)
    page = joiner.new_page()
    page.goto(f"{live_url}/p/orbit/redeem")
    page.fill("[name=code]", code.lower().replace("-", " "))
    page.click("main form.form [type=submit]")
    expect(page).to_have_url(f"{live_url}/p/orbit")
    joiner.close()
