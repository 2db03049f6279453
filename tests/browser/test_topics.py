"""Writing and reading topics in a real browser, with scripts and without, on phone and desktop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.discussion.actions.marks import TopicMark, mark_topic
from app.discussion.actions.series import SeriesWish, create_series
from app.kernel import clock
from app.kernel.db import unit_of_work
from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.cast import Cast, assemble
from tests.discussion.writing import path, post
from tests.emptying import empty_database

pytestmark = pytest.mark.browser

PASTE = """(area) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 40;
  canvas.getContext("2d").fillRect(0, 0, 20, 40);
  return new Promise((done) => canvas.toBlob((blob) => {
    const data = new DataTransfer();
    data.items.add(new File([blob], "pasted.png", { type: "image/png" }));
    area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
    done();
  }, "image/png"));
}"""


@pytest.fixture
def cast(live_app: Flask) -> Iterator[Cast]:
    """Return the cast in an empty site, within its context."""
    with live_app.app_context():
        empty_database()
        yield assemble(live_app)


def _context(
    cast: Cast, chromium: Browser, url: str, persona: str, **more: object
) -> BrowserContext:
    context = chromium.new_context(locale="zh-CN", reduced_motion="reduce", **more)  # type: ignore[arg-type]
    signer = cast.app.session_interface.get_signing_serializer(cast.app)  # type: ignore[attr-defined]
    value = signer.dumps({"_user_id": cast.sign_in(persona)})
    context.add_cookies([{"name": "planetarium", "value": value, "url": url}])
    return context


def _write(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(f"{url}/p/orbit/write")
    return page


def test_a_topic_is_kept_while_it_is_written_and_published(
    cast: Cast, chromium: Browser, live_url: str
) -> None:
    post(cast, "owner", tags=("读书",))
    context = _context(cast, chromium, live_url, "guest", viewport=DESKTOP)
    page = _write(context, live_url)
    page.fill("[name=title]", "慢读法")
    area = page.locator("[name=text]")
    area.fill("先抄原文。")
    page.click("button[data-tag='读书']")
    expect(page.locator("[name=tags]")).to_have_value("#读书")
    area.evaluate(PASTE)
    expect(page.locator(".upload img")).to_have_count(1)
    expect(page.locator("[data-draft-state]")).to_have_text("草稿已保存", timeout=5_000)

    # The draft goes on in another tab; the first one is told and keeps nothing any more.
    other = context.new_page()
    other.goto(f"{live_url}/p/orbit/drafts")
    other.click("text=接着写")
    expect(other.locator("[name=text]")).to_have_value("先抄原文。")
    other.fill("[name=text]", "先抄原文，再写一遍。")
    expect(other.locator("[data-draft-state]")).to_have_text("草稿已保存", timeout=5_000)
    area.fill("旧标签页里的字")
    expect(page.locator("[data-draft-state]")).to_contain_text("另一个标签页", timeout=5_000)

    other.click("main .form-actions button[value=publish]")
    other.wait_for_url(re.compile("/t/"))
    expect(other.locator("h1")).to_have_text("慢读法")
    expect(other.locator(".images img")).to_have_count(1)
    other.goto(f"{live_url}/p/orbit/drafts")
    expect(other.locator("main")).to_contain_text("没有草稿")
    context.close()


def test_who_is_signed_out_while_writing_gets_the_words_back(
    cast: Cast, chromium: Browser, live_url: str
) -> None:
    context = _context(cast, chromium, live_url, "guest", viewport=DESKTOP)
    page = _write(context, live_url)
    context.clear_cookies()
    page.fill("[name=text]", "写到一半")
    expect(page.locator("[data-draft-state]")).to_contain_text("可能已退出登录", timeout=5_000)
    page.click("main .form-actions button[value=publish]")
    expect(page.locator("main")).to_contain_text("写到一半")
    context.close()


def test_the_preview_shows_what_will_stand_there(
    cast: Cast, chromium: Browser, live_url: str
) -> None:
    context = _context(cast, chromium, live_url, "owner", viewport=PHONE)
    page = _write(context, live_url)
    expect(page.locator(".when__time")).to_be_hidden()
    page.check("[name=when][value=later]")
    expect(page.locator(".when__time")).to_be_visible()
    page.fill("[name=text]", "**粗**")
    page.click("[data-preview-toggle]")
    expect(page.locator("[data-preview] strong")).to_have_text("粗")
    context.close()


def test_everything_works_without_scripts(cast: Cast, chromium: Browser, live_url: str) -> None:
    context = _context(cast, chromium, live_url, "owner", viewport=PHONE, java_script_enabled=False)
    page = _write(context, live_url)
    page.fill("[name=title]", "没有脚本")
    page.fill("[name=text]", "**照样**能写。")
    page.set_input_files(
        "[name=files]", files=[{"name": "稿.txt", "mimeType": "text/plain", "buffer": b"x"}]
    )
    page.click("button[value=preview]")
    expect(page.locator(".card .prose strong")).to_have_text("照样")
    expect(page.locator(".upload")).to_have_count(1)
    page.locator("main .form-actions button[value=publish]").click()
    expect(page.locator("h1")).to_have_text("没有脚本")
    expect(page.locator(".file__name")).to_have_text("稿.txt")
    page.click(".topic summary")
    page.click(".topic .menu__item:has-text('置顶')")
    page.goto(f"{live_url}/p/orbit")
    expect(page.locator(".pinned a")).to_have_text("没有脚本")
    context.close()


def test_a_column_is_dragged_into_order(cast: Cast, chromium: Browser, live_url: str) -> None:
    with unit_of_work():
        series = create_series(cast.actor("owner"), wish=SeriesWish("课程"))
    for title in "甲乙丙":
        post(cast, "owner", title=title, series=(series,))
    context = _context(cast, chromium, live_url, "owner", viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"{live_url}/p/orbit/columns/{series}")
    titles = page.locator(".column__title a")
    expect(titles).to_have_text(["甲", "乙", "丙"])
    page.locator(".column__item").nth(2).drag_to(
        page.locator(".column__item").nth(0), target_position={"x": 60, "y": 4}
    )
    expect(titles).to_have_text(["丙", "甲", "乙"])
    page.reload()
    expect(titles).to_have_text(["丙", "甲", "乙"])
    context.close()


def _pages(cast: Cast) -> list[str]:
    with unit_of_work():
        series = create_series(cast.actor("owner"), wish=SeriesWish("课程", "按顺序读完"))
    text = "先抄原文。\n\n- 一\n- 二\n\n" + "很长的一段。" * 400
    topic = post(cast, "owner", title="慢读法", text=text, tags=("读书",), series=(series,))
    post(cast, "guest", text="没有标题的一条")
    post(cast, "owner", title="明天见", publish_at=clock.now() + timedelta(days=1))
    with unit_of_work():
        mark_topic(cast.actor("owner"), public_id=topic.public_id, mark=TopicMark.PINNED)
    here = path(cast, topic)
    inside = ("", "?show=digest", "?show=files", "?tag=读书", "/write", "/drafts", "/scheduled")
    desk = ("/stream", "/tags", "/tags/edit?tag=读书", "/columns", "/columns/new")
    return [
        *(f"/p/orbit{page}" for page in (*inside, *desk)),
        f"/p/orbit/columns/{series}",
        f"/p/orbit/columns/{series}/edit",
        *(here + page for page in ("", "/edit", "/history", "/share", "/columns", "/delete")),
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_is_out_of_reach_and_nothing_runs_over(
    cast: Cast, chromium: Browser, live_url: str, size: dict[str, int], theme: str
) -> None:
    context = _context(cast, chromium, live_url, "owner", viewport=size, color_scheme=theme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for address in _pages(cast):
        page.goto(live_url + address)
        complaints += [f"{address}: {line}" for line in findings(page)]
    context.close()
    assert complaints == []
