"""An account from sign-up to its settings in a real browser: without scripts, and as axe sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.kernel.db import db
from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.notifications.mailbox import Mailbox, link_in

pytestmark = pytest.mark.browser

PASSWORD = "床前明月光疑是地上霜"
OWN = ("/account", "/account/preferences", "/account/security", "/account/sessions")


@pytest.fixture
def mailbox(live_app: Flask) -> Iterator[Mailbox]:
    """Return the live site's mailboxes."""
    with live_app.app_context():
        yield Mailbox(live_app)
        db.session.remove()


def open_account(page: Page, live_url: str, mailbox: Mailbox, email: str) -> None:
    """Sign up and follow the letter's link, as a newcomer does."""
    page.goto(f"{live_url}/sign-up")
    page.fill("[name=name]", "程远")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/sign-up/sent")
    page.goto(live_url + link_in(mailbox.one_to(email)))
    page.click("main button[type=submit]")
    page.wait_for_url(f"{live_url}/")


def test_without_scripts(chromium: Browser, live_url: str, mailbox: Mailbox) -> None:
    context = chromium.new_context(viewport=PHONE, locale="en", java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    open_account(page, live_url, mailbox, "noscript@example.test")
    page.goto(f"{live_url}/account")
    page.fill("[name=name]", "程\u200b远")
    page.click("text=Save")
    expect(page.locator("#f-name-error")).to_contain_text("invisible")
    page.fill("[name=name]", "程远之")
    page.click("text=Save")
    expect(page.locator("[name=name]")).to_have_value("程远之")
    page.goto(f"{live_url}/account/preferences")
    page.select_option("[name=timezone]", "Europe/Berlin")
    page.check("[name=theme][value=dark]")
    page.click("text=Save")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(f"{live_url}/notices")
    expect(page.locator("main")).to_contain_text("Nothing new")
    context.close()


@pytest.mark.parametrize(
    ("size", "theme", "language"),
    [(PHONE, "dark", "zh-CN"), (DESKTOP, "light", "en")],
    ids=["phone", "desktop"],
)
def test_every_page_is_within_reach(
    chromium: Browser,
    live_url: str,
    mailbox: Mailbox,
    size: dict[str, int],
    theme: str,
    language: str,
) -> None:
    context = chromium.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme=theme,  # type: ignore[arg-type]
        locale=language,
        reduced_motion="reduce",
    )
    page = context.new_page()
    found: list[str] = []

    def look(path: str) -> None:
        page.goto(live_url + path)
        found.extend(f"{path}: {line}" for line in findings(page))

    for path in ("/sign-in", "/sign-up", "/reset", "/reset/sent", "/confirm/unknown"):
        look(path)
    page.goto(f"{live_url}/sign-in")
    page.fill("[name=email]", "nobody@example.test")
    page.fill("[name=password]", "x")
    page.click("main button[type=submit]")
    found.extend(f"refused: {line}" for line in findings(page))
    open_account(page, live_url, mailbox, f"{theme}@example.test")
    for path in (*OWN, "/account/close", "/confirmation", "/notices"):
        look(path)
    context.close()
    assert found == []


def test_by_keyboard_alone(chromium: Browser, live_url: str, mailbox: Mailbox) -> None:
    context = chromium.new_context(viewport=DESKTOP, locale="en")  # type: ignore[arg-type]
    page = context.new_page()
    open_account(page, live_url, mailbox, "keys@example.test")
    context.clear_cookies()
    page.goto(f"{live_url}/sign-in")
    page.locator("[name=email]").focus()
    page.keyboard.type("keys@example.test")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_url}/")
    context.close()
