"""What scripts add, tried in the style guide with a server that answers as the contract says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

pytestmark = pytest.mark.browser

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Return a page in a fresh context, motion reduced, and fail on any script error."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900}, locale="zh-CN", reduced_motion="reduce"
    )
    tab = context.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    context.close()
    assert errors == []


def answer(page: Page, path: str, body: object, status: int = 200) -> list[Route]:
    """Answer POSTs to a path with JSON; return the list that collects them."""
    seen: list[Route] = []

    def reply(route: Route) -> None:
        seen.append(route)
        route.fulfill(status=status, content_type="application/json", body=json.dumps(body))

    page.route(f"**{path}", reply)
    return seen


def test_a_menu_closes_on_escape_and_on_a_click_elsewhere(page: Page, live_url: str) -> None:
    page.goto(f"{live_url}/styleguide/controls")
    summary = page.locator("main details[data-menu] > summary").first
    item = page.locator("main .menu__item").first
    summary.click()
    expect(item).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(item).to_be_focused()
    page.keyboard.press("Escape")
    expect(item).to_be_hidden()
    expect(summary).to_be_focused()
    summary.click()
    page.locator("h1").click()
    expect(item).to_be_hidden()


def test_a_grave_act_asks_first(page: Page, live_url: str) -> None:
    page.goto(f"{live_url}/styleguide/controls")
    posts: list[str] = []
    page.on("request", lambda r: posts.append(r.url) if r.method == "POST" else None)
    page.locator("main details[data-menu] > summary").first.click()
    page.get_by_role("button", name="删除", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("确定要删除吗")
    dialog.get_by_role("button", name="取消").click()
    expect(dialog).to_have_count(0)
    assert posts == []
    page.locator("main details[data-menu] > summary").first.click()
    page.get_by_role("button", name="删除", exact=True).click()
    with page.expect_request(lambda request: request.method == "POST"):
        page.get_by_role("dialog").get_by_role("button", name="删除").click()


def test_a_like_is_pressed_at_once_and_put_back_when_refused(page: Page, live_url: str) -> None:
    answer(page, "/styleguide/like", {"pressed": True, "count": 22})
    page.goto(f"{live_url}/styleguide/page/feed")
    like = page.locator("article").nth(1).locator("[data-toggle]").first
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(like.locator("[data-count]")).to_have_text("22")
    page.unroute("**/styleguide/like")
    answer(page, "/styleguide/like", {"error": "成员资格已到期"}, status=403)
    other = page.locator("article").nth(2).locator("[data-toggle]").first
    other.click()
    expect(page.locator(".toast")).to_contain_text("成员资格已到期")
    expect(other).to_have_attribute("aria-pressed", "false")


def test_a_folded_text_opens_in_place(page: Page, live_url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_url}/styleguide/page/feed")
    text = page.locator("article").first.locator(".prose")
    expect(text).to_have_class("prose prose--folded")
    page.locator("article").first.locator("[data-unfold]").click()
    expect(text).to_have_class("prose")


def test_pictures_open_in_place_and_arrows_walk(page: Page, live_url: str) -> None:
    page.goto(f"{live_url}/styleguide/page/feed")
    page.locator("[data-lightbox] a").first.click()
    box = page.locator("dialog.lightbox")
    expect(box.locator(".lightbox__count")).to_have_text("1 / 6")
    page.keyboard.press("ArrowLeft")
    expect(box.locator(".lightbox__count")).to_have_text("6 / 6")
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(page.locator("[data-lightbox] a").first).to_be_focused()


def test_more_comments_come_into_the_list(page: Page, live_url: str) -> None:
    fragment = (
        '<ol id="comment-list"><li class="comment" id="c2">twice</li>'
        '<li class="comment" id="c90">neu</li></ol>'
    )
    page.route("**/styleguide/more", lambda route: route.fulfill(body=fragment))
    page.goto(f"{live_url}/styleguide/conversation")
    before = page.locator("#comment-list > li").count()
    page.locator("[data-load-into]").click()
    expect(page.locator("#comment-list > li")).to_have_count(before + 1)
    expect(page.locator("[data-load-into]")).to_have_count(0)


def test_a_draft_is_saved_soon_and_a_second_tab_is_told(page: Page, live_url: str) -> None:
    saves = answer(page, "/styleguide/draft", {"draft": "d1", "rev": 4, "saved_at": ""})
    page.goto(f"{live_url}/styleguide/page/compose")
    page.locator("#f-body").fill("第一段")
    state = page.locator("[data-draft-state]")
    expect(state).to_have_class("draft-state")
    expect(page.locator("input[name=rev]")).to_have_value("4", timeout=20_000)
    sent = parse_qs(saves[0].request.post_data or "")
    assert sent["body"] == ["第一段"]
    assert "x-csrftoken" in saves[0].request.headers
    page.unroute("**/styleguide/draft")
    again = answer(page, "/styleguide/draft", {"conflict": True, "message": "另一页更新"}, 409)
    page.locator("#f-body").press_sequentially("二")
    expect(state).to_have_text("另一页更新", timeout=20_000)
    assert parse_qs(again[0].request.post_data or "")["rev"] == ["4"]


def test_files_are_sent_at_once_and_can_be_taken_back(page: Page, live_url: str) -> None:
    found = {"id": "a9", "url": "/x", "thumb_url": "/x", "name": "p.png", "kind": "file"}
    sent = answer(page, "/styleguide/upload", found)
    page.goto(f"{live_url}/styleguide/page/compose")
    picture = {"name": "p.png", "mimeType": "image/png", "buffer": PIXEL}
    page.locator("upload-zone input[type=file]").set_input_files([picture])  # type: ignore[list-item]
    row = page.locator(".upload")
    expect(row.locator("input[name=attachment]")).to_have_value("a9")
    assert b'name="file"; filename="p.png"' in (sent[0].request.post_data_buffer or b"")
    row.get_by_role("button").click()
    expect(row).to_have_count(0)
    page.unroute("**/styleguide/upload")
    answer(page, "/styleguide/upload", {"error": "文件太大"}, status=413)
    page.locator("upload-zone input[type=file]").set_input_files([picture])  # type: ignore[list-item]
    refusal = page.locator(".upload-refusal")
    expect(refusal).to_contain_text("p.png · 文件太大")
    expect(row).to_have_count(0)
    # It stays beside the field until it is dismissed.
    page.wait_for_timeout(5_000)
    expect(refusal).to_be_visible()
    refusal.get_by_role("button").click()
    expect(refusal).to_have_count(0)


def test_a_refused_file_saves_no_draft(page: Page, live_url: str) -> None:
    drafts = answer(page, "/styleguide/draft", {"draft": "d1", "rev": 1})
    answer(page, "/styleguide/upload", {"error": "文件太大"}, status=413)
    page.goto(f"{live_url}/styleguide/page/compose")
    picture = {"name": "p.png", "mimeType": "image/png", "buffer": PIXEL}
    page.locator("upload-zone input[type=file]").set_input_files([picture])  # type: ignore[list-item]
    expect(page.locator(".upload-refusal")).to_be_visible()
    page.wait_for_timeout(4_000)
    assert drafts == []
    expect(page.locator("[data-draft-state]")).to_have_text("")


def test_a_pasted_picture_is_uploaded(page: Page, live_url: str) -> None:
    found = {"id": "a1", "url": "/x", "thumb_url": "/x", "name": "image.png", "kind": "file"}
    answer(page, "/styleguide/upload", found)
    page.goto(f"{live_url}/styleguide/page/compose")
    expect(page.locator("upload-zone:defined")).to_have_count(1)
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array([1])], "image.png", {type: "image/png"}));
          const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true});
          document.querySelector("#f-body").dispatchEvent(event);
        }"""
    )
    expect(page.locator("input[name=attachment]")).to_have_value("a1")


def test_the_toolbar_writes_markdown_and_the_server_shows_it(page: Page, live_url: str) -> None:
    asked = answer(page, "/styleguide/preview", {"html": "<p>shown</p>"})
    page.goto(f"{live_url}/styleguide/page/compose")
    area = page.locator("#f-body")
    area.fill("重点")
    area.select_text()
    page.locator("md-bold").click()
    expect(area).to_have_value("**重点**")
    page.locator("[data-preview-toggle]").click()
    expect(page.locator("[data-preview]")).to_have_text("shown")
    expect(area).to_be_hidden()
    assert parse_qs(asked[0].request.post_data or "")["text"] == ["**重点**"]


def test_keys_walk_the_feed_and_are_letters_while_writing(page: Page, live_url: str) -> None:
    page.goto(f"{live_url}/styleguide/page/feed")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("article").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("article").first).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("快捷键")
    page.keyboard.press("Escape")
    page.goto(f"{live_url}/styleguide/page/topic")
    page.locator("#f-reply").press_sequentially("jk?")
    expect(page.locator("#f-reply")).to_have_value("jk?")


def test_a_text_is_copied_and_said_so(page: Page, live_url: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{live_url}/styleguide/controls")
    page.get_by_role("button", name="复制").click()
    expect(page.locator(".toast")).to_have_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()") == "https://example.org/t/x"


def test_leaving_with_unsaved_text_asks_first(page: Page, live_url: str) -> None:
    page.goto(f"{live_url}/styleguide/page/topic")
    page.locator("#f-reply").press_sequentially("半句")
    with page.expect_event("dialog") as question:
        page.close(run_before_unload=True)
    assert question.value.type == "beforeunload"
    question.value.dismiss()
    expect(page.locator("#f-reply")).to_have_value("半句")


@pytest.mark.parametrize("width", [390, 1280])
def test_without_scripts_nothing_that_needs_them_is_shown(
    chromium: Browser, live_url: str, width: int
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, java_script_enabled=False, locale="en-US"
    )
    page = context.new_page()
    page.goto(f"{live_url}/styleguide/page/compose")
    expect(page.locator("markdown-toolbar")).to_be_hidden()
    expect(page.locator("[data-preview-toggle]")).to_be_hidden()
    expect(page.locator("#f-body")).to_be_visible()
    page.goto(f"{live_url}/styleguide/conversation")
    page.locator("main details[data-menu] > summary").first.click()
    expect(page.locator("main .menu__item").first).to_be_visible()
    context.close()


# From here on what moves is written down: the words are drawn, no picture has come yet.
WATCH = """async () => {
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)));
  window.moved = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) moved.push(...entry.sources.map((s) => s.node?.outerHTML));
  }).observe({ type: "layout-shift" });
}"""
# Reads on to the end of the page, lets every picture come, and tells what moved.
MOVED = """async () => {
  const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)));
  scrollTo(0, document.body.scrollHeight);
  await drawn();
  for (const picture of document.images) picture.loading = "eager";
  await Promise.all([...document.images].map((picture) => picture.complete || new Promise((done) => {
    picture.onload = picture.onerror = done;
  })));
  await drawn();
  return moved;
}"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("sheet", "pictured"), [("conversation", True), ("page/feed", True), ("page/topic", False)]
)
def test_scripts_and_pictures_that_come_late_move_nothing(
    page: Page, live_url: str, sheet: str, width: int, *, pictured: bool
) -> None:
    held: list[Route] = []
    come = False

    def serve(route: Route) -> None:
        """The guide's pictures are part of its page; here they come by themselves, as uploads do."""
        if route.request.resource_type == "document":
            body = route.fetch().text().replace("data:image/svg+xml,", "/late/")
            route.fulfill(body=body, content_type="text/html")
        elif "/late/" in route.request.url:
            drawing = unquote(route.request.url.partition("/late/")[2])
            route.fulfill(body=drawing, content_type="image/svg+xml")
        else:
            route.continue_()

    def hold(route: Route, asked: Request) -> None:
        late = asked.resource_type == "script" or "/late/" in asked.url
        held.append(route) if late and not come else serve(route)

    page.route("**/*", hold)
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(f"{live_url}/styleguide/{sheet}", wait_until="commit")
    page.wait_for_function("document.readyState == 'interactive'")
    page.evaluate(WATCH)
    come = True
    for route in held:
        serve(route)
    page.wait_for_load_state()
    assert page.evaluate(MOVED) == []
    assert (page.locator("img[src^='/late/']").count() > 0) is pictured
