"""Asking, answering and talking in a real browser, with scripts and without, on phone and desktop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.discussion.actions.questions import accept, decline
from app.discussion.actions.withdrawing import decide_hiding, withdraw_answered
from app.kernel import clock
from tests.browser.test_styleguide import DESKTOP, PHONE, findings
from tests.cast import Cast, assemble
from tests.discussion.test_reactions_marks import keep, like
from tests.discussion.threads import (
    act_on,
    change,
    erase,
    many_comments,
    post,
    put_answer,
    put_question,
    say,
    the_comment,
    the_topic,
)
from tests.emptying import empty_database

pytestmark = pytest.mark.browser


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


def _open(cast: Cast, chromium: Browser, url: str, persona: str, path: str, **more: object) -> Page:
    page = _context(cast, chromium, url, persona, **more).new_page()
    page.goto(f"{url}/p/{cast.slug}/{path}")
    return page


def test_a_reply_is_written_where_the_comment_stands(
    cast: Cast, chromium: Browser, live_url: str
) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "第一条")
    page = _open(cast, chromium, live_url, "guest", f"t/{topic}", viewport=PHONE)
    here = page.locator(f"#c-{one}")
    here.get_by_role("link", name="回复").click()
    area = here.locator("textarea")
    expect(area).to_be_focused()
    area.fill("就在下面回")
    expect(here.locator("[data-count-for]")).to_have_text("5 / 1000")
    here.get_by_label("引用原评论的开头").check()
    here.get_by_role("button", name="回复").click()
    expect(page.locator(f"#c-{one}-replies")).to_contain_text("就在下面回")
    expect(page.locator(".comment__quote")).to_contain_text("第一条")
    assert the_comment(one).reply_count == 1
    page.context.close()


def test_a_like_is_pressed_taken_back_and_kept(
    cast: Cast, chromium: Browser, live_url: str
) -> None:
    topic = post(cast)
    one = say(cast, "member", topic)
    page = _open(cast, chromium, live_url, "guest", f"t/{topic}", viewport=DESKTOP)
    heart = page.locator(f"#c-{one} [data-toggle]")
    for pressed, count in (("true", "1"), ("false", ""), ("true", "1")):
        heart.click()
        expect(heart).to_have_attribute("aria-pressed", pressed)
        expect(heart.locator("[data-count]")).to_have_text(count)
        expect(heart).not_to_have_attribute("aria-busy", "true")
    heart.dblclick()
    # What is on its way would else arrive after the page was read.
    expect(heart).not_to_have_attribute("aria-busy", "true")
    page.reload()
    pressed_now = page.locator(f"#c-{one} [data-toggle]").get_attribute("aria-pressed")
    assert (pressed_now == "true") == (the_comment(one).like_count == 1)
    page.context.close()


def test_a_long_thread_unfolds_in_place(cast: Cast, chromium: Browser, live_url: str) -> None:
    topic = post(cast)
    top = many_comments(cast, topic, roots=45, per_root=1, replies=60)[0]
    page = _open(cast, chromium, live_url, "guest", f"t/{topic}", viewport=DESKTOP)
    roots = page.locator("#comment-list > .comment")
    expect(roots).to_have_count(20)
    page.get_by_role("link", name="更多评论").click()
    expect(roots).to_have_count(40)
    page.get_by_role("link", name="更多评论").click()
    expect(roots).to_have_count(45)
    expect(page.get_by_role("link", name="更多评论")).to_have_count(0)
    replies = page.locator(f"#c-{top}-replies .comment")
    expect(replies).to_have_count(3)
    page.get_by_role("link", name="展开其余").click()
    expect(replies).to_have_count(53)
    page.get_by_role("link", name="更多回复").click()
    expect(replies).to_have_count(61)
    ids = page.locator("[id^=c-]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    page.context.close()


def test_everything_works_without_scripts(cast: Cast, chromium: Browser, live_url: str) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "第一条")
    page = _open(
        cast, chromium, live_url, "guest", f"t/{topic}", viewport=PHONE, java_script_enabled=False
    )
    page.locator(f"#c-{one} [data-toggle]").click()
    assert page.url.endswith(f"#c-{one}")
    assert page.locator(f"#c-{one} [data-toggle]").get_attribute("aria-pressed") == "true"
    page.locator(f"#c-{one}").get_by_role("link", name="回复").click()
    page.locator("[name=text]").fill("没有脚本也能回")
    page.get_by_role("button", name="回复", exact=True).click()
    assert "没有脚本也能回" in page.content()
    page.goto(f"{live_url}/p/orbit/ask")
    page.get_by_label("赵衡").check()
    page.locator("[name=text]").fill("没有脚本也能问吗？")
    page.get_by_label("匿名提问").check()
    page.get_by_role("button", name="存为草稿").click()
    assert page.locator("[name=text]").input_value() == "没有脚本也能问吗？"
    page.locator(".form-actions button.btn--primary").click()
    assert "提问已送出" in page.content()
    page.context.close()


def test_a_question_is_kept_while_it_is_written_and_answered_on_a_phone(
    cast: Cast, chromium: Browser, live_url: str
) -> None:
    page = _open(cast, chromium, live_url, "member", "ask", viewport=DESKTOP)
    page.get_by_label("陈默").check()
    page.locator("[name=text]").fill("怎么才算读懂？")
    expect(page.locator("[data-draft-state]")).to_have_text("草稿已保存", timeout=5_000)
    page.get_by_label("匿名提问").check()
    page.locator(".form-actions button.btn--primary").click()
    expect(page.locator(".question-meta")).to_contain_text("等待回答")
    phone = _open(cast, chromium, live_url, "guest", "inbox", viewport=PHONE)
    expect(phone.locator("main")).to_contain_text("匿名")
    phone.get_by_role("link", name="回答", exact=True).click()
    phone.locator("[name=text]").fill("能**复述**就算。")
    expect(phone.locator("[data-draft-state]")).to_have_text("草稿已保存", timeout=5_000)
    phone.reload()
    expect(phone.locator("[name=text]")).to_have_value("能**复述**就算。")
    phone.get_by_role("button", name="提交回答").last.click()
    expect(phone.locator(".answer")).to_contain_text("能复述就算。")
    page.reload()
    page.get_by_role("button", name="采纳这个回答").click()
    expect(page.locator(".answer")).to_contain_text("已采纳")
    page.context.close()
    phone.context.close()


def _pages(cast: Cast) -> list[str]:
    """Fill the planet with questions, answers and comments in each state; returns every page."""
    topic = post(cast, title="慢读法")
    one = say(cast, "member", topic, "一")
    two = say(cast, "guest", topic, "二 " + "很长的词" * 30, one, quotes=True)
    three = say(cast, "owner", topic, "三", two)
    say(cast, "member", topic, "四", say(cast, "guest", topic, "五", three))
    gone = say(cast, "other", topic)
    say(cast, "guest", topic, "回已删", gone)
    erase(cast, "other", gone)
    mine = say(cast, "owner", topic, "旧")
    with clock.fixed(clock.now() + timedelta(hours=1)):
        change(cast, "owner", mine, "新")
    open_ = put_question(cast, "member", "owner", anonymous=True)
    private = put_question(cast, "other", "owner", private=True)
    done = put_question(cast, "member", text="答过的" * 40)
    answer = put_answer(cast, "guest", done, "- 一\n- 二")
    say(cast, "member", done, "谢谢")
    act_on(cast, "member", done, accept)
    refused = put_question(cast, "other", "guest")
    act_on(cast, "guest", refused, decline, reason="不熟悉")
    taken_back = put_question(cast, "other", "guest")
    put_answer(cast, "guest", taken_back)
    act_on(cast, "other", taken_back, withdraw_answered, hide=True, reason="写得太多")
    act_on(cast, "guest", taken_back, decide_hiding, grant=True, reason="不看原文也懂")
    own = put_question(cast, "owner", "guest")
    like(cast, "member", topic)
    keep(cast, "owner", topic, "再读一遍")
    questions = (open_, private, done, refused, taken_back, own)
    acts = ("answer", "decline", "hand-on", "reveal", "log")
    assert the_topic(topic).comment_count > 0
    return [
        *(f"/p/orbit/t/{one}" for one in (topic, *questions)),
        f"/p/orbit/t/{topic}?order=likes",
        *(f"/p/orbit/q/{open_}/{act}" for act in acts),
        f"/p/orbit/q/{own}/withdraw",
        f"/p/orbit/a/{answer}/history",
        *(f"/p/orbit/c/{one}/{act}" for act in ("replies", "reply", "delete")),
        *(f"/p/orbit/c/{mine}/{act}" for act in ("edit", "history")),
        f"/p/orbit/t/{topic}/likers",
        f"/p/orbit/t/{topic}/note",
        "/p/orbit/ask",
        "/p/orbit/asked",
        "/p/orbit/inbox",
        *(f"/p/orbit/inbox?of=all&show={tab}" for tab in ("waiting", "answered", "declined")),
        "/questions",
        "/bookmarks",
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
    pages = _pages(cast)
    for address in pages:
        answer = page.goto(live_url + address)
        assert answer is not None
        assert answer.status == 200, address
        complaints += [f"{address}: {line}" for line in findings(page)]
    context.close()
    assert complaints == []
