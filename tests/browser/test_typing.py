"""What is typed and pasted in a real browser: kept whole, kept when the tab goes, gone once it is sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.browser.test_topics import _context
from tests.cast import Cast, assemble
from tests.discussion.threads import post, say
from tests.emptying import empty_database

pytestmark = pytest.mark.browser

# What Excel and Word put on the clipboard: the words, and a picture of them.
PASTE_BOTH = """(area) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 40;
  canvas.getContext("2d").fillRect(0, 0, 20, 40);
  return new Promise((done) => canvas.toBlob((blob) => {
    const data = new DataTransfer();
    data.setData("text/plain", "甲\\t乙");
    data.items.add(new File([blob], "image.png", { type: "image/png" }));
    const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
    done(area.dispatchEvent(event));
  }, "image/png"));
}"""


@pytest.fixture
def cast(live_app: Flask) -> Iterator[Cast]:
    with live_app.app_context():
        empty_database()
        yield assemble(live_app)


@pytest.fixture
def member(cast: Cast, chromium: Browser, live_url: str) -> Iterator[BrowserContext]:
    context = _context(cast, chromium, live_url, "member", viewport=PHONE)
    yield context
    context.close()


def test_words_that_come_with_a_picture_are_pasted_too(
    cast: Cast, chromium: Browser, live_url: str
) -> None:
    context = _context(cast, chromium, live_url, "guest", viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"{live_url}/p/orbit/write")
    # A script's event pastes nothing by itself: that nobody stopped it is what the browser needs.
    assert page.locator("[name=text]").evaluate(PASTE_BOTH) is True
    expect(page.locator(".upload img")).to_have_count(1)
    context.close()


def test_a_text_beyond_the_limit_stays_whole_and_says_so(
    cast: Cast, member: BrowserContext, live_url: str
) -> None:
    topic = post(cast)
    page = member.new_page()
    page.goto(f"{live_url}/p/orbit/t/{topic}")
    area, long = page.locator("#f-text"), "长" * 1_010
    area.focus()
    page.keyboard.insert_text(long)
    expect(area).to_have_value(long)
    expect(page.locator(".composer__count--over")).to_have_text("1010 / 1000")
    page.locator("form:has(#f-text) .btn--primary").click()
    expect(page.get_by_role("alert")).to_contain_text("多了 10 个字")
    expect(area).to_have_value(long)
    assert findings(page) == []
    area.fill("短")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.locator("form:has(#f-text) .btn--primary").click()
    expect(page.locator("#comments, .comments").first).to_contain_text("短")


def test_a_line_beyond_the_limit_is_not_to_be_sent_in_parts(
    cast: Cast, member: BrowserContext, live_url: str
) -> None:
    page = member.new_page()
    page.goto(f"{live_url}/p/orbit/me")
    line = page.locator("input[name=nickname]")
    line.fill("长" * 100)
    line.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("请删短一些。")
    expect(line).to_have_value("长" * 100)


def test_a_comment_half_typed_is_there_again_until_it_is_sent(
    cast: Cast, member: BrowserContext, live_url: str
) -> None:
    topic = post(cast)
    one = say(cast, "owner", topic, "第一条")
    page = member.new_page()
    page.goto(f"{live_url}/p/orbit/t/{topic}")
    page.fill("#f-text", "写到一半")
    page.locator(f"#c-{one}").get_by_role("link", name="回复").click()
    page.locator(f"#c-{one} textarea").fill("回到一半")
    page.close()

    page = member.new_page()
    page.goto(f"{live_url}/p/orbit/t/{topic}")
    area = page.locator("#f-text")
    expect(area).to_have_value("写到一半")
    expect(page.get_by_text("这是上次没发出的内容。")).to_be_visible()
    page.locator(f"#c-{one}").get_by_role("link", name="回复").click()
    expect(page.locator(f"#c-{one} textarea")).to_have_value("回到一半")
    assert findings(page) == []

    page.locator(f"#c-{one}").get_by_role("button", name="回复").click()
    expect(page.locator(f"#c-{one}-replies")).to_contain_text("回到一半")
    page.goto(f"{live_url}/p/orbit/t/{topic}")
    page.locator(f"#c-{one}").get_by_role("link", name="回复").first.click()
    expect(page.locator(f"#c-{one} textarea")).to_have_value("")
    expect(page.locator("#f-text")).to_have_value("写到一半")


def test_what_one_person_typed_is_not_shown_to_another(
    cast: Cast, chromium: Browser, live_url: str
) -> None:
    topic = post(cast)
    context = _context(cast, chromium, live_url, "member", viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"{live_url}/p/orbit/t/{topic}")
    page.fill("[name=text]", "只给自己看的话")
    other = _context(cast, chromium, live_url, "other")
    context.clear_cookies()
    context.add_cookies(other.cookies())
    page.goto(f"{live_url}/p/orbit/t/{topic}")
    expect(page.locator("[name=text]")).to_have_value("")
    for one in (context, other):
        one.close()


def test_a_note_and_an_edit_are_kept_as_well(
    cast: Cast, member: BrowserContext, live_url: str
) -> None:
    topic = post(cast)
    mine = say(cast, "member", topic, "原来的话")
    for address in (f"t/{topic}/note", f"c/{mine}/edit"):
        page = member.new_page()
        page.goto(f"{live_url}/p/orbit/{address}")
        page.locator("textarea").fill("改到一半")
        page.close()
        page = member.new_page()
        page.goto(f"{live_url}/p/orbit/{address}")
        expect(page.locator("textarea")).to_have_value("改到一半")
        page.get_by_role("button", name="丢弃").click()
        expect(page.locator("textarea")).not_to_have_value("改到一半")
        page.close()
