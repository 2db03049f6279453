"""Pages of codes, complimentary access and the ledger in a real browser: axe, the ruler, a way in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from app.billing.actions.codes import BatchWish, issue_codes, make_batch
from app.billing.actions.comps import Gift, give_to_members, offer_by_address
from app.kernel.db import unit_of_work
from tests.browser.test_planets import signed_in
from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.cast import Cast, assemble
from tests.conftest import empty_database
from tests.memberships.people import row

pytestmark = pytest.mark.browser


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


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(PHONE, "dark", "zh-CN"), (DESKTOP, "light", "en")],
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
    for path in ("/p/orbit/codes", "/p/orbit/comps"):
        page.goto(live_url + path)
        complaints += [f"empty {path}: {line}" for line in findings(page)]
    code = furnish(cast)
    chosen = row(cast, "expired").public_id
    for path in ("/p/orbit/codes", "/p/orbit/comps", f"/p/orbit/comps?m={chosen}"):
        page.goto(live_url + path)
        for fold in page.locator("details").all():
            fold.evaluate("d => { d.open = true }")
        complaints += [f"{path}: {line}" for line in findings(page)]
    context.close()
    context = signed_in(cast, chromium, live_url, "stranger", **look)
    page = context.new_page()
    for path in ("/p/orbit/about", f"/p/orbit/redeem?code={code}"):
        page.goto(live_url + path)
        complaints += [f"{path}: {line}" for line in findings(page)]
    page.fill("[name=code]", "nonsense")
    page.click("main form [type=submit]")
    complaints += [f"refused: {line}" for line in findings(page)]
    context.close()
    assert complaints == []


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
