"""A planet from its founding to its first removal: each person at a browser of his own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.test_styleguide import DESKTOP, PHONE
from tests.cast import PASSWORD, assemble
from tests.emptying import empty_database
from tests.media.samples import picture
from tests.notifications.mailbox import Mailbox, link_in

pytestmark = pytest.mark.browser

HERE = "/p/slow-reading"
SEND = "main .form-actions button.btn--primary"
QUESTION = "怎么才算读懂一本书？"


@dataclass
class Journey:
    """The people who meet, each with a page of his own, and what lies in their mailboxes."""

    url: str
    mailbox: Mailbox
    browser: Browser
    closing: ExitStack

    def page(self, size: dict[str, int] = DESKTOP) -> Page:
        """Return a page of somebody who is not signed in."""
        context: BrowserContext = self.browser.new_context(
            locale="zh-CN",
            viewport=size,  # type: ignore[arg-type]
            has_touch=size is PHONE,
            reduced_motion="reduce",
        )
        self.closing.callback(context.close)
        return context.new_page()

    def sign_in(self, persona: str, size: dict[str, int] = DESKTOP) -> Page:
        """Return a page of the persona's, signed in by the form."""
        page = self.page(size)
        page.goto(f"{self.url}/sign-in")
        fill_sign_in(page, persona)
        page.wait_for_url(f"{self.url}/")
        return page

    def open(self, page: Page, path: str) -> int:
        """Open a page of the planet; returns the status."""
        answer = page.goto(f"{self.url}{HERE}{path}")
        assert answer is not None
        return answer.status

    def status(self, page: Page, address: str) -> int:
        """Ask for an address with the cookies of the page's reader."""
        return page.request.get(self.url + address).status


@pytest.fixture
def journey(live_app: Flask, chromium: Browser, live_url: str) -> Iterator[Journey]:
    """Return the cast, who have accounts and no planet yet to meet in."""
    with live_app.app_context(), ExitStack() as closing:
        empty_database()
        assemble(live_app)
        yield Journey(live_url, Mailbox(live_app), chromium, closing)


def fill_sign_in(page: Page, persona: str) -> None:
    """Fill in the sign-in form and send it."""
    page.fill("[name=email]", f"{persona}@example.test")
    page.fill("[name=password]", PASSWORD)
    page.click("main form button[type=submit]")


def test_a_planet_from_its_founding_to_its_first_removal(journey: Journey, tmp_path: Path) -> None:
    owner = found_a_planet(journey)
    guest = invite_a_guest(journey, owner)
    member, other = (join(journey, persona) for persona in ("member", "other"))
    sample = post_with_image_and_file(journey, guest, tmp_path)
    cannot_post_and_reads_why(journey, member)
    question = ask_the_guest_anonymously(journey, member)
    answer_on_a_phone(journey, other, question)
    talk_three_levels_deep(journey, {"owner": owner, "guest": guest, "other": other}, question)
    accept(journey, member, question, unseen_by=(owner, guest, other))
    open_as_sample(owner, sample)
    media = media_of(journey, guest, sample)
    sees_only_the_sample(journey, sample, question, media)
    sees_nothing_once_removed(journey, owner, member, (sample, question, *media))


def found_a_planet(journey: Journey) -> Page:
    """Create the planet; its owner stands on its first page."""
    owner = journey.sign_in("owner")
    owner.get_by_role("link", name="创建星球").click()
    owner.fill("[name=name]", "慢读书社")
    owner.fill("[name=slug]", "slow-reading")
    owner.click(SEND)
    owner.wait_for_url(f"{journey.url}{HERE}/about")
    return owner


def invite_a_guest(journey: Journey, owner: Page) -> Page:
    """Invite by letter; the guest follows its link, signs in on the way and accepts."""
    journey.open(owner, "/invitations")
    owner.fill("[name=email]", "guest@example.test")
    owner.click(SEND)
    expect(owner.locator("main article")).to_contain_text("guest@example.test")
    link = link_in(journey.mailbox.one_to("guest"))
    guest = journey.page()
    guest.goto(journey.url + link)
    expect(guest.locator("main")).to_contain_text("慢读书社")
    guest.locator("main .form-actions a").first.click()
    fill_sign_in(guest, "guest")
    guest.click(SEND)
    guest.wait_for_url(f"{journey.url}{HERE}")
    return guest


def join(journey: Journey, persona: str) -> Page:
    """Join by the button of the planet's first page."""
    page = journey.sign_in(persona)
    journey.open(page, "/about")
    page.locator(".cover__act").get_by_role("button", name="加入").click()
    page.wait_for_url(f"{journey.url}{HERE}")
    return page


def post_with_image_and_file(journey: Journey, guest: Page, folder: Path) -> str:
    """Publish a topic; returns its path. The draft's own script is at work meanwhile."""
    note = folder / "提纲.txt"
    note.write_text("一、先看目录", encoding="utf-8")
    image = folder / "书桌.png"
    image.write_bytes(picture().read())
    journey.open(guest, "")
    guest.locator("a[href$='/write']").first.click()
    guest.fill("[name=title]", "慢读法")
    guest.fill("[name=text]", "先**抄原文**，再写自己的话。")
    guest.set_input_files("main [name=files]", [image, note])
    expect(guest.locator(".upload [name=attachment]")).to_have_count(2)
    guest.click("main .form-actions button[value=publish]")
    expect(guest.locator("h1")).to_have_text("慢读法")
    expect(guest.locator(".images img")).to_have_js_property("complete", True)
    expect(guest.locator(".file__name")).to_have_text("提纲.txt")
    return path_of(journey, guest)


def cannot_post_and_reads_why(journey: Journey, member: Page) -> None:
    """No button leads to the composer; whoever sends its form all the same is told what to do."""
    journey.open(member, "")
    expect(member.locator("article.topic")).to_contain_text("慢读法")
    expect(member.locator("a[href$='/write']")).to_have_count(0)
    expect(member.locator("a[href$='/ask']").first).to_be_visible()
    token = member.locator("meta[name=csrf-token]").get_attribute("content") or ""
    sent = member.request.post(
        f"{journey.url}{HERE}/write",
        form={"csrf_token": token, "text": "我也想发", "do": "publish"},
        headers={"Referer": journey.url},
    )
    assert sent.status == 403
    assert "提问" in sent.text()
    assert journey.open(member, "/write") == 403
    member.locator("main a[href$='/ask']").first.click()
    expect(member.locator("[name=anonymous]")).to_be_visible()


def ask_the_guest_anonymously(journey: Journey, member: Page) -> str:
    """Ask; returns the question's path."""
    journey.open(member, "/ask")
    member.get_by_label("陈默").check()
    member.fill("[name=text]", QUESTION)
    member.get_by_label("匿名提问").check()
    member.click("main .form-actions button[value=ask]")
    expect(member.locator(".question-meta")).to_contain_text("等待回答")
    return path_of(journey, member)


def answer_on_a_phone(journey: Journey, other: Page, question: str) -> None:
    """The guest is told, and answers from the notice; until then no other member sees the question."""
    assert journey.status(other, question) == 404
    journey.mailbox.collect()
    phone = journey.sign_in("guest", PHONE)
    phone.locator(".tabbar").get_by_role("link", name="动态").click()
    phone.locator("main a").filter(has_text="匿名向你提了").click()
    expect(phone.locator("main")).to_contain_text(QUESTION)
    assert "王小雨" not in phone.content()
    phone.get_by_role("link", name="回答", exact=True).click()
    phone.fill("[name=text]", "能**讲给别人听**就算。")
    phone.tap("main .form-actions button[value=send]")
    expect(phone.locator(".answer strong")).to_have_text("讲给别人听")
    assert journey.status(other, question) == 200


def talk_three_levels_deep(journey: Journey, people: dict[str, Page], question: str) -> None:
    """Three people answer each other below the question; what they said stands nested."""
    for page in people.values():
        page.goto(journey.url + question)
    first = people["other"]
    first.locator("#comments textarea").fill("第一层：我也想知道。")
    first.click("#comments .form-actions button")
    expect(comment(first, "第一层")).to_be_visible()
    reply(journey, people["owner"], question, "第一层", "第二层：可以先试着复述。")
    reply(journey, people["guest"], question, "第二层", "第三层：正是这个意思。")
    deepest = people["guest"].locator(".comment .comment .comment .prose")
    expect(deepest).to_have_text("第三层：正是这个意思。")


def reply(journey: Journey, page: Page, question: str, to: str, text: str) -> None:
    """Reply to the comment that begins with `to`, in the form that opens below it."""
    page.goto(journey.url + question)
    here = comment(page, to)
    here.get_by_role("link", name="回复").last.click()
    here.locator("textarea").fill(text)
    here.locator("form").get_by_role("button", name="回复").click()
    expect(comment(page, text)).to_be_visible()


def comment(page: Page, text: str) -> Locator:
    """Return the innermost comment that says this."""
    return page.locator("li.comment").filter(has_text=text).last


def accept(journey: Journey, member: Page, question: str, *, unseen_by: tuple[Page, ...]) -> None:
    """The asker, told of the answer, accepts it; to all others he is still nobody."""
    journey.mailbox.collect()
    member.goto(f"{journey.url}/notices")
    member.locator("main a").filter(has_text="回答").first.click()
    member.get_by_role("button", name="采纳这个回答").click()
    expect(member.locator(".answer")).to_contain_text("已采纳")
    for page in unseen_by:
        page.goto(journey.url + question)
        expect(page.locator(".answer")).to_contain_text("已采纳")
        assert "王小雨" not in page.content()


def open_as_sample(owner: Page, sample: str) -> None:
    """The owner opens the guest's topic to everybody."""
    owner.goto(owner.url.partition("/p/")[0] + sample)
    owner.locator(".topic summary").first.click()
    owner.get_by_role("button", name="公开试读").click()
    expect(owner.locator(".topic__marks")).to_contain_text("公开试读")


def media_of(journey: Journey, guest: Page, sample: str) -> tuple[str, ...]:
    """Return the addresses of the topic's picture and file."""
    guest.goto(journey.url + sample)
    links = guest.locator(".images a, a.file__name")
    found = links.evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert len(found) == 2
    return tuple(found)


def sees_only_the_sample(
    journey: Journey, sample: str, question: str, media: tuple[str, ...]
) -> None:
    """A visitor reads the sample with its picture and file, and nothing else of the planet."""
    visitor = journey.page()
    assert journey.open(visitor, "") == 200
    expect(visitor.locator("article.topic")).to_have_count(1)
    assert QUESTION not in visitor.content()
    visitor.locator("article.topic").get_by_role("link", name="慢读法").click()
    expect(visitor.locator("h1")).to_have_text("慢读法")
    expect(visitor.locator("form textarea")).to_have_count(0)
    assert {journey.status(visitor, one) for one in (sample, *media)} == {200}
    assert journey.status(visitor, question) == 404


def sees_nothing_once_removed(
    journey: Journey, owner: Page, member: Page, addresses: tuple[str, ...]
) -> None:
    """The owner removes the member, whose next click finds nothing of the planet any more."""
    journey.open(owner, "/members?name=王小雨")
    owner.get_by_role("link", name="管理 王小雨").click()
    owner.get_by_role("link", name="移除").click()
    owner.fill("[name=reason]", "转载了付费内容")
    owner.click("main form button.btn--danger")
    expect(owner.locator("main")).to_contain_text("转载了付费内容")
    assert {journey.status(member, one) for one in addresses} == {404}
    journey.open(member, "")
    expect(member.locator("main")).to_contain_text("转载了付费内容")
    expect(member.locator("article.topic")).to_have_count(0)
    for words in ("慢读法", QUESTION):
        assert words not in member.content()


def path_of(journey: Journey, page: Page) -> str:
    """Return the path of the topic the page shows."""
    assert "/t/" in page.url
    return page.url.removeprefix(journey.url).partition("#")[0]
