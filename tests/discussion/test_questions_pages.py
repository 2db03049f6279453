"""The doors of questions and answers: a question's whole way, and what is never said on it."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from PIL import Image
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.discussion.actions.questions import accept, decline, withdraw
from app.discussion.models import Draft, Question
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.media.models import Attachment
from tests.cast import Cast
from tests.discussion.threads import (
    act_on,
    change_answer,
    counted,
    member_id,
    pass_on,
    put_answer,
    put_question,
    say,
    the_question,
    the_topic,
)

ENGLISH = {"Accept-Language": "en"}


def get(cast: Cast, persona: str, path: str) -> TestResponse:
    return cast.client(persona).get(path, follow_redirects=True, headers=ENGLISH)


def at(cast: Cast, *parts: str) -> str:
    return "/".join((f"/p/{cast.slug}", *parts))


def send(cast: Cast, persona: str, **data: str) -> TestResponse:
    form = {"text": "为什么？", "addressee": member_id(cast, "guest"), **data}
    return cast.client(persona).post(at(cast, "ask"), data=form, headers=ENGLISH)


def asked(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].rsplit("/", 1)[1]


# --- the way of a question -----------------------------------------------------------------------


def test_a_question_goes_its_way_from_form_to_accepted_answer(noon: datetime, cast: Cast) -> None:
    page = get(cast, "member", at(cast, "ask")).text
    assert "陈默" in page
    assert "7 more questions" in page
    topic = asked(send(cast, "member", anonymous="1"))
    inbox = get(cast, "guest", at(cast, "inbox")).text
    assert "为什么？" in inbox
    assert at(cast, "q", topic, "answer") in inbox
    assert "为什么？" in get(cast, "guest", "/questions").text
    assert "为什么？" in get(cast, "guest", at(cast, "q", topic, "answer")).text
    answer = cast.client("guest").post(at(cast, "q", topic, "answer"), data={"text": "**因此**"})
    assert answer.status_code == 303
    page = get(cast, "other", at(cast, "t", topic)).text
    assert "<strong>因此</strong>" in page
    accept_path = at(cast, "q", topic, "accept")
    assert accept_path not in page
    assert accept_path in get(cast, "member", at(cast, "t", topic)).text
    assert cast.client("member").post(accept_path).status_code == 303
    assert "Accepted" in get(cast, "other", at(cast, "t", topic)).text
    assert "为什么？" in get(cast, "member", at(cast, "asked")).text
    assert "为什么？" not in get(cast, "other", at(cast, "asked")).text


def test_a_refused_question_keeps_what_was_typed(noon: datetime, cast: Cast) -> None:
    long = "长" * 1_001
    for data in ({"text": long}, {"text": "好", "addressee": "zzzzzzzzzzzz"}, {"text": "  "}):
        answer = send(cast, "member", **data)
        assert answer.status_code == 422
        assert data["text"].strip() in answer.text
    cast.set_planet(question_quota_per_week=1)
    asked(send(cast, "member"))
    answer = send(cast, "member", text="第二个", anonymous="1")
    assert answer.status_code == 422
    assert "第二个" in answer.text
    assert "used up" in answer.text
    assert re.search(r'name="anonymous"[^>]*checked', answer.text)


def test_who_may_not_ask_is_told_at_the_door(noon: datetime, cast: Cast) -> None:
    for persona, status in (("visitor", 403), ("stranger", 403), ("muted", 403)):
        assert send(cast, persona).status_code == status
    assert cast.client("stranger").get(at(cast, "ask")).status_code == 403
    assert cast.client("visitor").get(at(cast, "ask")).status_code == 303


def test_a_draft_is_kept_gone_on_with_and_gone_when_asked(noon: datetime, cast: Cast) -> None:
    client = cast.client("member")
    page = client.get(at(cast, "ask")).text
    key, tab = (re.findall(rf'name="{n}" value="(\w+)"', page)[0] for n in ("draft", "tab"))
    form = {"text": "想问", "anonymous": "1", "draft": key, "tab": tab, "rev": "0"}
    saved = client.post(at(cast, "ask", "draft"), data=form)
    assert saved.get_json()["rev"] == 1
    assert key in client.get(at(cast, "ask")).text
    page = client.get(at(cast, "ask") + f"?draft={key}").text
    assert "想问" in page
    assert re.search(r'name="anonymous"[^>]*checked', page)
    other_tab = {**form, "tab": "elsewhere", "rev": "0"}
    assert client.post(at(cast, "ask", "draft"), data=other_tab).status_code == 409
    assert cast.client("other").get(at(cast, "ask") + f"?draft={key}").status_code == 404
    topic = asked(send(cast, "member", **{**form, "addressee": member_id(cast, "guest")}))
    assert topic == key
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Draft)) == 0


def test_declining_needs_a_reason_that_the_asker_reads(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    path = at(cast, "q", topic, "decline")
    client = cast.client("guest")
    assert client.get(path).status_code == 200
    assert client.post(path, data={"reason": " "}).status_code == 422
    assert client.post(path, data={"reason": "不熟悉"}).status_code == 303
    assert "不熟悉" in get(cast, "member", at(cast, "t", topic)).text
    assert cast.client("other").get(at(cast, "t", topic)).status_code == 404
    assert cast.client("other").post(path, data={"reason": "x"}).status_code == 404


def test_handing_on_offers_the_others_and_is_logged(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    path = at(cast, "q", topic, "hand-on")
    page = get(cast, "guest", path).text
    assert "赵衡" in page
    assert member_id(cast, "guest") not in page
    data = {"to": member_id(cast, "partner"), "note": "他懂"}
    assert cast.client("guest").post(path, data=data).status_code == 303
    log = get(cast, "member", at(cast, "q", topic, "log")).text
    assert "陈默 → 赵衡" in log
    assert "他懂" in log
    assert cast.client("guest").get(at(cast, "t", topic)).status_code == 404


def test_nothing_typed_is_lost_when_the_question_is_gone(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    act_on(cast, "member", topic, withdraw)
    path = at(cast, "q", topic, "answer")
    answer = cast.client("guest").post(path, data={"text": "写了半天的回答"})
    assert answer.status_code == 403
    assert "写了半天的回答" in answer.text
    handed = put_question(cast, "member")
    pass_on(cast, "owner", handed, "partner")
    answer = cast.client("guest").post(at(cast, "q", handed, "answer"), data={"text": "也写了"})
    assert answer.status_code == 404
    assert "也写了" in answer.text
    hidden = cast.client("stranger").post(path, data={"text": "外人写的"})
    assert hidden.status_code == 404
    assert "外人写的" not in hidden.text


def test_an_answer_is_edited_with_versions_for_parties_and_staff(
    noon: datetime, cast: Cast
) -> None:
    topic = put_question(cast, "member")
    answer = put_answer(cast, "guest", topic, "起先")
    client = cast.client("guest")
    edit = at(cast, "a", answer, "edit")
    assert "起先" in client.get(edit).text
    assert client.post(edit, data={"text": ""}).status_code == 422
    assert client.post(edit, data={"text": "后头"}).status_code == 303
    history = at(cast, "a", answer, "history")
    for persona, status in (("guest", 200), ("member", 200), ("admin", 200), ("other", 403)):
        found = cast.client(persona).get(history)
        assert found.status_code == status
        assert ("起先" in found.text) == (status == 200)
    assert cast.client("owner").get(edit).status_code == 403


def test_a_withdrawn_text_is_gone_for_members_and_stays_for_parties(
    noon: datetime, cast: Cast
) -> None:
    topic = put_question(cast, "member", text="秘密问题")
    put_answer(cast, "guest", topic, "回答还在")
    path = at(cast, "q", topic, "withdraw")
    assert "秘密问题" in get(cast, "member", path).text
    assert cast.client("guest").post(path).status_code == 403
    asked = cast.client("member").post(path, data={"hide": "1", "reason": "说多了"})
    assert asked.status_code == 303
    decision = {"do": "hide", "reason": "可以"}
    assert cast.client("guest").post(at(cast, "q", topic, "hide"), data=decision).status_code == 303
    page = get(cast, "other", at(cast, "t", topic)).text
    assert "回答还在" in page
    assert "秘密问题" not in page
    assert "秘密问题" not in get(cast, "other", at(cast)).text
    assert "秘密问题" in get(cast, "guest", at(cast, "t", topic)).text


def test_the_inbox_of_staff_shows_all_and_the_median(noon: datetime, cast: Cast) -> None:
    open_ = put_question(cast, "member", text="等着的")
    with clock.fixed(noon - timedelta(hours=4)):
        done = put_question(cast, "member", text="答过的")
    put_answer(cast, "guest", done)
    page = get(cast, "admin", at(cast, "inbox") + "?of=all").text
    assert "等着的" in page
    assert "4 hours" in page
    assert "答过的" in get(cast, "admin", at(cast, "inbox") + "?of=all&show=answered").text
    page = get(cast, "guest", at(cast, "inbox") + "?of=all").text
    assert "Median" not in page
    assert at(cast, "q", open_, "answer") in page
    with clock.fixed(noon + timedelta(days=4)):
        assert "Overdue" in get(cast, "guest", at(cast, "inbox")).text
    assert cast.client("stranger").get(at(cast, "inbox")).status_code == 403


def test_the_inbox_costs_the_same_queries_for_3_and_20_questions(
    noon: datetime, cast: Cast
) -> None:
    cast.set_planet(question_quota_per_week=99)
    client = cast.client("guest")
    costs = []
    for _ in range(2):
        for _ in range(4 if not costs else 16):
            put_question(cast, "member")
        client.get(at(cast, "inbox"))
        with counted() as statements:
            client.get(at(cast, "inbox"))
        costs.append(len(statements))
    assert costs[0] == costs[1]


def test_the_owner_reveals_with_a_reason_and_sees_the_name_alone(
    noon: datetime, cast: Cast
) -> None:
    topic = put_question(cast, "member", anonymous=True)
    path = at(cast, "q", topic, "reveal")
    for persona, status in (("partner", 403), ("admin", 403), ("guest", 403), ("other", 404)):
        assert cast.client(persona).get(path).status_code == status
        assert cast.client(persona).post(path, data={"reason": "x"}).status_code == status
    client = cast.client("owner")
    assert "王小雨" not in client.get(path).text
    assert client.post(path, data={"reason": ""}).status_code == 422
    assert client.post(path, data={"reason": "有人报警"}).status_code == 303
    assert "王小雨" in client.get(path).text
    for persona in ("guest", "admin", "owner", "member"):
        log = get(cast, persona, at(cast, "q", topic, "log")).text
        assert "有人报警" in log
    named = put_question(cast, "member")
    assert cast.client("owner").get(at(cast, "q", named, "reveal")).status_code == 404


# --- what is never said --------------------------------------------------------------------------


def crawl(cast: Cast, persona: str, starts: list[str], limit: int = 250) -> dict[str, str]:
    """Open everything that can be reached by links, as the persona; returns texts by path."""
    client, seen = cast.client(persona), dict[str, str]()
    waiting = list(starts)
    while waiting and len(seen) < limit:
        path = waiting.pop(0)
        if path in seen:
            continue
        answer = client.get(path, headers=ENGLISH)
        text = answer.get_data().decode(errors="replace")
        seen[path] = text + str(answer.headers)
        found = re.findall(r'(?:href|action|src|data-\w+-url)="(/[^"#]*)', text)
        if "Location" in answer.headers:
            found.append(answer.headers["Location"].removeprefix("http://localhost"))
        for link in found:
            link = link.replace("&amp;", "&")
            skip = ("/static/", "/sign-out", "/brand")
            if link not in seen and not link.startswith(skip):
                waiting.append(link)
    return seen


@pytest.fixture
def secrets(noon: datetime, cast: Cast) -> list[str]:
    """Give the asker marks that stand nowhere else: name, nickname, picture, ids, number."""
    with unit_of_work() as session:
        user = session.get_one(User, cast.users["member"])
        user.name, user.avatar, user.bio = "标记甲名", "AVATARMARKER", "标记简介"
        user.email = "marker-address@example.test"
    cast.set_membership("member", nickname="标记昵称", number=987654)
    return [
        "标记甲名",
        "AVATARMARKER",
        "标记简介",
        "marker-address",
        "标记昵称",
        "987654",
        cast.public_ids["member"],
        member_id(cast, "member"),
        "自拍-标记",
        "标记甲名.png",
    ]


def picture() -> tuple[io.BytesIO, str, str]:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "#336699").save(stream, "PNG")
    stream.seek(0)
    return stream, "自拍-标记.标记", "image/png"


@pytest.mark.parametrize("fate", ["open", "answered", "declined"])
def test_the_asker_of_an_anonymous_question_is_in_no_byte(
    secrets: list[str], cast: Cast, fate: str
) -> None:
    cast.set_planet(directory_open=False)
    client = cast.client("member")
    form = {
        "text": "谁能告诉我？",
        "addressee": member_id(cast, "guest"),
        "anonymous": "1",
        "files": picture(),
    }
    sent = client.post(at(cast, "ask"), data=form, content_type="multipart/form-data")
    topic = asked(sent)
    client.post(at(cast, "t", topic, "like"), data={"on": "1"})
    client.post(at(cast, "t", topic, "bookmark"), data={"on": "1"})
    follow_up = say(cast, "member", topic, "补充一句")
    client.post(at(cast, "c", follow_up, "like"), data={"on": "1"})
    if fate == "declined":
        act_on(cast, "guest", topic, decline, reason="否")
    if fate == "answered":
        answer = put_answer(cast, "guest", topic, "答")
        change_answer(cast, "guest", answer, "再答")
        act_on(cast, "member", topic, accept)
        with clock.fixed(clock.now() + timedelta(hours=2)):
            client.post(at(cast, "c", follow_up, "edit"), data={"text": "补充两句"})
        reply = say(cast, "guest", topic, "回补充", follow_up, quotes=True)
        assert reply
    question, row = the_question(topic), the_topic(topic)
    assert (row.author_id, question.asker_id) == (None, cast.users["member"])
    starts = [
        at(cast, "t", topic),
        at(cast, "q", topic, "log"),
        at(cast, "inbox"),
        at(cast, "inbox") + "?of=all",
        at(cast, "t", topic, "likers"),
        at(cast, "c", follow_up, "likers"),
        at(cast, "c", follow_up, "history"),
        at(cast, "q", topic, "reveal"),
        at(cast, "t", topic + ".md"),
        at(cast, "t", topic, "history"),
        at(cast),
        "/",
        "/questions",
    ]
    # Staff list members by right; what they must not be able to do is to tell who asked.
    people = ("/members", "/people", "/audit", "/requests", "/hand-over", "/subscriptions")
    for persona in ("guest", "other", "admin", "owner", "visitor", "expired"):
        for path, text in crawl(cast, persona, starts).items():
            if persona in ("admin", "owner") and any(part in path for part in people):
                continue
            for secret in secrets:
                assert secret not in text, (persona, path, secret)
    assert "谁能告诉我" in client.get(at(cast, "t", topic), follow_redirects=True).text


def test_the_pictures_of_an_anonymous_asker_have_no_names(secrets: list[str], cast: Cast) -> None:
    form = {
        "text": "看图",
        "addressee": member_id(cast, "guest"),
        "anonymous": "1",
        "files": picture(),
    }
    client = cast.client("member")
    asked(client.post(at(cast, "ask"), data=form, content_type="multipart/form-data"))
    row = db.session.scalars(sa.select(Attachment)).one()
    assert row.filename == "image-1.png"
    found = cast.client("guest").get(f"/media/{row.public_id}")
    assert found.status_code == 200
    assert "标记" not in str(found.headers)


def test_pictures_added_in_an_edit_have_no_names_either(secrets: list[str], cast: Cast) -> None:
    topic = put_question(cast, "member", anonymous=True)
    form = {"text": "再看", "base": "0", "files": picture()}
    client = cast.client("member")
    path = at(cast, "t", topic, "edit")
    assert client.post(path, data=form, content_type="multipart/form-data").status_code == 303
    row = db.session.scalars(sa.select(Attachment)).one()
    assert (row.owner_id, row.filename) == (the_topic(topic).id, "image-1.png")
    page = get(cast, "guest", at(cast, "t", topic)).text
    assert "标记" not in page


def test_the_candidates_for_handing_on_do_not_tell_who_asked(noon: datetime, cast: Cast) -> None:
    hidden = put_question(cast, "partner", "guest", anonymous=True)
    open_ = put_question(cast, "member", "guest")
    pages = [get(cast, "guest", at(cast, "q", topic, "hand-on")).text for topic in (hidden, open_)]
    assert ["赵衡" in page for page in pages] == [True, True]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Question)) == 2
