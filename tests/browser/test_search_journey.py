"""Searching in a browser: on a phone over two planets, by keyboard, in the middle of Chinese input, without
scripts, and while a question is typed. The index is the
product's own and follows what was written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.browser.test_journey import fill_sign_in
from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.cast import assemble
from tests.emptying import empty_database
from tests.search.archive import Archive, fill
from tests.search.engines import MAKERS
from tests.search.following import follow, indexer_of

pytestmark = pytest.mark.browser


@dataclass
class Library:
    """The archive, served and indexed, and browsers to read it with."""

    url: str
    archive: Archive
    browser: Browser
    closing: ExitStack

    def page(self, persona: str, size: dict[str, int] = DESKTOP, *, scripts: bool = True) -> Page:
        """Return a page of somebody's, signed in by the form; a visitor is not."""
        context = self.browser.new_context(
            locale="zh-CN",
            viewport=size,  # type: ignore[arg-type]
            has_touch=size is PHONE,
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        self.closing.callback(context.close)
        page = context.new_page()
        if persona != "visitor":
            page.goto(f"{self.url}/sign-in")
            fill_sign_in(page, persona)
            page.wait_for_url(f"{self.url}/")
        return page


@pytest.fixture
def library(
    live_app: Flask,
    chromium: Browser,
    live_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Library]:
    engine = MAKERS["sqlite"](tmp_path)
    monkeypatch.setitem(live_app.extensions, "planetarium.search", engine)
    with live_app.app_context(), ExitStack() as closing:
        empty_database()
        archive = fill(assemble(live_app))
        indexer = indexer_of(engine, tmp_path)
        closing.callback(indexer.close)
        follow(indexer)
        yield Library(live_url, archive, chromium, closing)


def test_a_member_finds_the_answer_on_a_phone(library: Library) -> None:
    page = library.page("member", PHONE)
    page.locator(".topbar").get_by_role("link", name="搜索").tap()
    page.get_by_role("searchbox").or_(page.get_by_role("combobox")).fill("退款")
    page.keyboard.press("Enter")
    expect(page.locator(".hit")).to_have_count(6)
    expect(page.locator(".hit__planet", has_text="慢读书社")).to_have_count(2)
    assert findings(page) == []
    page.locator(".search-filters summary").first.tap()
    page.locator(".search-filters").get_by_role("link", name="已回答的提问").tap()
    expect(page.locator(".hit")).to_have_count(2)
    expect(page.locator(".chip")).to_contain_text("已回答的提问")
    page.locator(".passage", has_text="原路退回").tap()
    page.wait_for_url(f"**/{library.archive.question}*#a-{library.archive.answer}")
    expect(page.locator(f"#a-{library.archive.answer}")).to_be_in_viewport()


def test_a_suggestion_opens_at_a_touch(library: Library) -> None:
    page = library.page("member", PHONE)
    page.goto(f"{library.url}/search")
    page.locator("#search-page").fill("退款规")
    option = page.get_by_role("option", name="退款规则：七天无理由")
    option.tap()
    page.wait_for_url(f"**/{library.archive.rules}/**")


def test_who_asks_is_offered_what_was_answered(library: Library) -> None:
    page = library.page("other")
    page.goto(f"{library.url}/p/orbit/ask")
    typed = "套餐买错了，昨天付的钱，还能退款吗"
    page.fill("[name=text]", typed)
    offered = page.locator("look-alikes a").first
    expect(offered).to_contain_text("买错了套餐，还能退款吗")
    assert findings(page) == []
    with page.context.expect_page() as opened:
        offered.click()
    expect(opened.value.locator(".answer")).to_contain_text("申请退款")
    expect(page.locator("[name=text]")).to_have_value(typed)


def test_who_has_expired_finds_what_he_paid_for_and_a_visitor_nothing(library: Library) -> None:
    page = library.page("expired", PHONE)
    page.goto(f"{library.url}/search?q=退款")
    expect(page.locator(".hit")).to_have_count(3)
    assert "新的退款流程" not in page.content()
    visitor = library.page("visitor")
    for address in ("/search?q=退款", "/p/orbit/search?q=退款"):
        visitor.goto(library.url + address)
        assert "/sign-in" in visitor.url
        assert "原路" not in visitor.content()


def test_by_keyboard_alone(library: Library) -> None:
    page = library.page("member")
    page.goto(f"{library.url}/p/orbit")
    page.keyboard.press("/")
    box = page.get_by_role("combobox")
    expect(box).to_be_focused()
    page.keyboard.type("退款")
    option = page.get_by_role("option", name="新的退款流程")
    expect(option).to_be_visible()
    assert findings(page) == []
    for _step in range(12):
        if option.get_attribute("aria-selected") == "true":
            break
        page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/t/{library.archive.later}/**")
    page.keyboard.press("/")
    page.keyboard.type("退款")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/p/orbit/search?q=*")
    expect(page.locator(".hit")).to_have_count(4)


def test_what_is_typed_before_the_script_comes_is_answered_too(library: Library) -> None:
    page = library.page("member", PHONE)
    held: list[Route] = []
    page.route("**/search-box.js", lambda route: held.append(route))
    with page.expect_request("**/search-box.js"):
        page.goto(f"{library.url}/search", wait_until="commit")
    page.locator("#search-page").press_sequentially("退款规")
    held[0].continue_()
    expect(page.get_by_role("option", name="退款规则：七天无理由")).to_be_visible()


def test_nothing_is_asked_in_the_middle_of_a_composition(library: Library) -> None:
    page = library.page("member")
    page.goto(f"{library.url}/search")
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one) if "/suggest" in one.url else None)
    ime = page.context.new_cdp_session(page)
    page.locator("#search-page").focus()
    for letters in ("t", "tu", "tui", "tuik", "tui kuan"):
        ime.send(
            "Input.imeSetComposition",
            {"text": letters, "selectionStart": len(letters), "selectionEnd": len(letters)},
        )
    page.wait_for_timeout(600)
    assert not any("q=t" in one.url for one in asked)
    ime.send("Input.insertText", {"text": "退款"})
    expect(page.get_by_role("option").first).to_be_visible()
    assert any("q=%E9%80%80%E6%AC%BE" in one.url for one in asked)


def test_all_of_it_works_without_scripts(library: Library) -> None:
    page = library.page("member", PHONE, scripts=False)
    page.locator(".topbar").get_by_role("link", name="搜索").tap()
    page.get_by_role("searchbox").fill("退款")
    page.get_by_role("button", name="搜索").tap()
    page.locator(".search-filters summary").first.tap()
    page.locator(".search-filters").get_by_role("link", name="轨道").first.tap()
    expect(page.locator(".hit")).to_have_count(4)
    page.locator(".hit a", has_text="退款规则").tap()
    page.get_by_role("link", name="相关主题").tap()
    expect(page.locator("main")).to_contain_text("新的退款流程")
    page.goto(f"{library.url}/p/orbit/ask")
    page.fill("[name=text]", "套餐买错了，还能退款吗")
    page.get_by_role("button", name="看看有没有现成的答案").tap()
    expect(page.locator("look-alikes")).to_contain_text("买错了套餐")
    expect(page.locator("[name=text]")).to_have_value("套餐买错了，还能退款吗")
