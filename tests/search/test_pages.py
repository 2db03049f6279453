"""The pages of search: results with their places, filters as links, ways on from nothing, hints."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import url_for
from flask.testing import FlaskClient

from app.accounts.models import User
from app.blueprints.search.door import Where, params_of, passage_url
from app.blueprints.search.pace import Pace
from app.discussion.actions.topics import delete_topic
from app.discussion.models import Topic
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.media.models import Attachment
from app.search import misses, past
from app.search.documents import load_whole
from app.search.models import SavedSearch
from app.search.port import Broken, Engine, Part
from app.search.views import FoundPassage
from tests.cast import Cast
from tests.search.archive import Archive, fill
from tests.search.rows import entries

pytestmark = pytest.mark.usefixtures("noon")
LINK = re.compile(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', re.DOTALL)
TAG = re.compile(r"<[^>]+>")


@pytest.fixture
def archive(
    noon: datetime, cast: Cast, empty_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Archive:
    made = fill(cast)
    empty_engine.apply(entries(), cursor=1)
    monkeypatch.setitem(cast.app.extensions, "planetarium.search", empty_engine)
    return made


def open_page(client: FlaskClient, address: str, **query: Any) -> str:
    """Open a page and return what stands in its main part."""
    answer = client.get(address, query_string=query or None)
    assert answer.status_code == 200
    return unescape(answer.text.partition("<main")[2].partition('<form id="act"')[0])


def links(page: str) -> dict[str, str]:
    """Return words -> address of the links of a page."""
    return {" ".join(TAG.sub(" ", words).split()): url for url, words in LINK.findall(page)}


def test_a_hit_leads_to_the_answer_and_the_comment_in_which_it_stands(archive: Archive) -> None:
    page = open_page(archive.cast.client("member"), "/search", q="退款")
    assert "找到 6 个主题" in page
    assert f'href="/p/orbit/t/{archive.question}' in page
    assert f"#a-{archive.answer}" in page
    assert f'href="/p/orbit/c/{archive.comment}"' in page
    assert page.count("<mark>退款</mark>") > 6


def test_what_comes_near_stands_under_a_line_of_its_own(archive: Archive) -> None:
    page = open_page(archive.cast.client("member"), "/p/orbit/search", q="退款规则 七天")
    assert "找到 1 个主题" in page
    above, _line, below = page.partition("下面这些只含其中一部分词")
    assert archive.rules in above
    assert archive.rules not in below and archive.later in below
    with unit_of_work() as session:
        session.execute(sa.update(User).values(language="en"))
    page = open_page(archive.cast.client("member"), "/p/orbit/search", q="退款规则 七天")
    assert "These have some of the words only" in page


def test_each_planet_has_a_search_of_its_own_and_its_members_alone(archive: Archive) -> None:
    page = open_page(archive.cast.client("member"), "/p/slow-reading/search", q="退款")
    assert "找到 2 个主题" in page
    assert "/p/orbit/t/" not in page
    assert archive.cast.client("other").get("/p/slow-reading/search?q=退款").status_code == 403
    assert "找到 4 个主题" in open_page(archive.cast.client("other"), "/search", q="退款")


def test_who_has_expired_finds_what_he_paid_for(archive: Archive) -> None:
    page = open_page(archive.cast.client("expired"), "/search", q="退款")
    assert archive.rules in page
    assert archive.later not in page
    assert "找到 3 个主题" in page


def test_a_visitor_is_asked_to_sign_in(archive: Archive) -> None:
    for address in ("/search?q=退款", "/p/orbit/search?q=退款", "/p/orbit/search/suggest?q=退"):
        answer = archive.cast.client("visitor").get(address)
        assert answer.status_code == 303
        assert "/sign-in" in answer.headers["Location"]


def test_filters_are_links_with_counts_and_chips_take_them_away(archive: Archive) -> None:
    client = archive.cast.client("member")
    found = links(open_page(client, "/search", q="退款"))
    narrowed = open_page(client, found["轨道 4"])
    assert "找到 4 个主题" in narrowed
    further = links(narrowed)["已回答的提问"]
    page = open_page(client, further)
    assert "找到 1 个主题" in page
    assert 'value="退款"' in page  # the box holds the words, the chips the filters
    assert "找到 4 个主题" in open_page(client, links(page)["去掉： 已回答的提问"])
    assert "找到 6 个主题" in open_page(client, links(page)["全部清除"])


def test_operators_may_be_typed_and_become_chips(archive: Archive) -> None:
    page = open_page(archive.cast.client("member"), "/search", q="退款 类型:提问 星球:慢读书社")
    assert "找到 1 个主题" in page
    assert 'value="退款"' in page
    assert "去掉： 提问" in links(page)


def test_two_days_are_filled_in_and_the_last_one_counts(archive: Archive) -> None:
    client = archive.cast.client("member")
    page = open_page(client, "/search", q="退款", after="2026-09-13", before="2026-09-13")
    assert "找到 3 个主题" in page
    assert 'name="after" value="2026-09-13"' in page
    assert 'name="before" value="2026-09-13"' in page
    assert "没有找到" in open_page(client, "/search", q="退款", before="2026-01-01")
    open_page(client, "/search", q="退款", before="9999-12-31", after="never")


def test_newest_first_is_a_link(archive: Archive) -> None:
    client = archive.cast.client("member")
    page = open_page(client, links(open_page(client, "/search", q="退款"))["最新"])
    assert page.index(archive.later) < page.index(archive.rules)


def test_pages_follow_each_other(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.search.finding.PER_PAGE", 4)
    client = archive.cast.client("member")
    first = open_page(client, "/search", q="退款")
    second = open_page(client, links(first)["下一页"])
    assert "下一页" not in links(second)
    assert open_page(client, links(second)["上一页"]).count("data-item") == 4
    assert second.count("data-item") == 2
    for page in ("0", "-1", "9999", "x", "²"):
        open_page(client, "/search", q="退款", page=page)


def test_what_makes_no_sense_is_a_hint_not_an_error(archive: Archive) -> None:
    page = open_page(
        archive.cast.client("member"), "/search", q='退款 is:foo before:gestern "x 作者:无名'
    )
    assert "没有看懂“is:foo”" in page
    assert "不是日期" in page
    assert "有一个引号没有配对" in page


@pytest.mark.parametrize("typed", ["type:nonsense", "之后:改天 sort:new", "tag: type:x", "-", '""'])
def test_what_cannot_be_searched_for_stays_in_the_box(archive: Archive, typed: str) -> None:
    client = archive.cast.client("member")
    for address in ("/search", "/p/orbit/search"):
        page = open_page(client, address, q=typed)
        assert f'value="{typed}"' in page, typed
        assert 'class="search-hints"' in page and 'name="f"' not in page
    page = open_page(client, "/search", q="is:foo", f="kind:bar")
    assert 'value="is:foo kind:bar"' in page


def test_nothing_found_leads_on(archive: Archive) -> None:
    client = archive.cast.client("member")
    page = open_page(client, "/p/orbit/search", q="qqqzzz", f="is:digest")
    assert "没有找到" in page
    ways = links(page)
    asked = open_page(client, ways["提这个问题"])
    assert re.search(r">\s*qqqzzz</textarea>", asked)
    assert ways["在我的全部星球里搜"].startswith("/search?")
    assert "is:digest" not in ways["去掉筛选条件再搜"]


def test_loose_results_say_that_they_are(archive: Archive) -> None:
    page = open_page(archive.cast.client("member"), "/search", q="退款要交多少税")
    assert "没有同时含这些词的内容" in page
    assert archive.rules in page


def test_the_page_says_when_there_is_no_index(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        def __getattr__(self, name: str) -> None:
            raise Broken(name)

    monkeypatch.setitem(archive.cast.app.extensions, "planetarium.search", Away())
    client = archive.cast.client("member")
    page = open_page(client, "/search", q="退款")
    assert "搜索暂时不可用" in page
    assert client.get("/search/suggest?q=退").get_json() == {"items": []}
    assert "没有" in open_page(client, f"/p/orbit/t/{archive.question}/related")
    assert client.post("/p/orbit/ask/alike", data={"text": "怎样退款？"}).status_code == 200


def test_a_search_is_remembered_without_its_filters(archive: Archive) -> None:
    client, user = archive.cast.client("member"), archive.cast.users["member"]
    open_page(client, "/search", q="退款 is:answered")
    open_page(client, "/search", q="读书", f="kind:post")
    open_page(client, "/search", q="退款", page=2)
    assert [one.words for one in past.list_past(user)] == ["退款"]
    page = open_page(client, "/search")
    assert links(page)["退款"] == "/search?q=%E9%80%80%E6%AC%BE"
    client.post("/search/past/forget", data={"words": "退款", "next": "/search"})
    assert past.list_past(user) == []


def test_what_a_planet_has_not_is_told_to_its_staff(archive: Archive) -> None:
    member = archive.cast.client("member")
    for query in (
        {"q": "开发票"},
        {"q": "开发票"},
        {"q": "zzz", "f": "is:digest"},
        {"q": "zzz is:digest"},
    ):
        open_page(member, "/p/orbit/search", **query)
    open_page(member, "/search", q="qqqqq")
    open_page(archive.cast.client("expired"), "/p/orbit/search", q="抬头")
    listed = misses.list_misses(archive.cast.actor("owner"))
    assert [(one.words, one.times) for one in listed] == [("开发票", 1)]
    page = open_page(archive.cast.client("admin"), "/p/orbit/search/misses")
    assert "开发票" in page
    assert "王小雨" not in page
    assert links(open_page(archive.cast.client("admin"), "/p/orbit/search"))[
        "成员搜过却没找到的内容"
    ]


def test_a_search_is_saved_made_quiet_and_dropped(archive: Archive) -> None:
    client = archive.cast.client("member")
    answer = client.post("/p/orbit/search/save", data={"q": "退款 is:answered"})
    assert answer.headers["Location"] == "/p/orbit/search?q=%E9%80%80%E6%AC%BE&f=is:answered"
    assert "你已保存这个搜索" in open_page(client, answer.headers["Location"])
    page = open_page(client, "/search/saved")
    assert "轨道 · 有新结果时提醒" in page
    row = db.session.scalars(sa.select(SavedSearch)).one()
    client.post(f"/search/saved/{row.public_id}/tell", data={"on": ""})
    assert "轨道 · 不提醒" in open_page(client, "/search/saved")
    client.post(f"/search/saved/{row.public_id}/drop")
    assert "还没有保存的搜索" in open_page(client, "/search/saved")


def test_it_suggests_titles_past_searches_and_everywhere(archive: Archive) -> None:
    client = archive.cast.client("member")
    open_page(client, "/search", q="退款规则")
    items = client.get("/p/orbit/search/suggest?q=退款").get_json()["items"]
    kinds = {(item["kind"], item["text"]) for item in items}
    assert ("past", "退款规则") in kinds
    assert ("post", "新的退款流程") in kinds
    assert ("everywhere", "退款") in kinds
    assert all("海外" not in item["text"] for item in items)
    before = client.get("/search/suggest?q=").get_json()["items"]
    assert [item["text"] for item in before] == ["退款规则"]


def test_suggestions_obey_the_readers_rights(archive: Archive) -> None:
    items = archive.cast.client("expired").get("/search/suggest?q=退款").get_json()["items"]
    assert {item["text"] for item in items if item["kind"] == "post"} == {"退款规则：七天无理由"}


def test_who_lets_a_machine_type_gets_no_more_suggestions(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Pace(burst=3, per_second=0.001)
    monkeypatch.setattr("app.blueprints.search.suggesting.TYPING", slow)
    client = archive.cast.client("member")
    answers = [client.get("/search/suggest?q=退款") for _number in range(4)]
    assert answers[2].get_json()["items"]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[-1].get_json() == {"items": []}


def test_look_alikes_come_in_part_or_with_the_whole_form(archive: Archive) -> None:
    client = archive.cast.client("other")
    text = {"text": "套餐买错了，能不能退款？"}
    part = client.post("/p/orbit/ask/alike", data=text, headers={"X-Fragment": "1"}).text
    assert archive.question in part
    assert "<html" not in part
    assert 'target="_blank"' in part
    whole = open_page_by_form(client, text | {"anonymous": "1"})
    assert archive.question in whole
    assert text["text"] in whole
    assert re.search(r'name="anonymous"[^>]*checked', whole)


def open_page_by_form(client: FlaskClient, form: dict[str, str]) -> str:
    answer = client.post("/p/orbit/ask/alike", data=form)
    assert answer.status_code == 200
    return unescape(answer.text)


def test_related_topics_are_a_part_and_a_page(archive: Archive) -> None:
    client, address = archive.cast.client("member"), f"/p/orbit/t/{archive.rules}/related"
    part = client.get(address, headers={"X-Fragment": "1"}).text
    assert archive.later in part
    assert archive.rules not in part
    assert "<html" not in part
    assert "<html" in client.get(address).text
    assert address in client.get(f"/p/orbit/t/{archive.rules}", follow_redirects=True).text


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_every_page_speaks_both_languages(archive: Archive, language: str) -> None:
    client = archive.cast.client("owner")
    client.post("/language", data={"language": language})
    for address in (
        "/search",
        "/search?q=退款",
        "/search?q=zzz",
        "/search/saved",
        "/p/orbit/search/misses",
    ):
        assert client.get(address).status_code == 200


def test_addresses_that_pages_of_search_build_themselves_are_the_routes(archive: Archive) -> None:
    where = Where(None)
    with archive.cast.app.test_request_context():
        for params in ({"q": "退款 + a&b=c/d"}, {"q": "“甲 乙”", "f": "kind:question tag:a"}):
            query = " ".join(params.values())
            assert where.url_of(query, page=3) == url_for(
                "search.everywhere", **params_of(query), page=3
            )
        passage = FoundPassage(Part.COMMENT, "abc", None, datetime(2026, 1, 1, tzinfo=UTC), ())
        assert passage_url("orbit", "t", "", passage) == url_for(
            "comments.show", slug="orbit", public_id="abc"
        )


def test_a_hit_below_a_deleted_topic_names_what_others_wrote(
    archive: Archive, empty_engine: Engine
) -> None:
    cast = archive.cast
    with unit_of_work():
        delete_topic(cast.actor("owner"), public_id=archive.question)
    empty_engine.apply(load_whole(db.session.scalars(sa.select(Topic.id)).all()), cursor=2)
    client = cast.client("other")
    page = open_page(client, "/p/orbit/search", q="两天到账")
    assert "找到 1 个主题" in page
    [hit] = re.findall(r'<li class="hit".*?</ul>', page, re.DOTALL)
    read = " ".join(TAG.sub(" ", hit).split())
    assert "已删除的主题" in read and "我上个月退款成功了" in read
    for gone in ("买错了", "提问", "已回答"):
        assert gone not in read
    assert set(links(hit).values()) == {
        f"/p/orbit/t/{archive.question}",
        f"/p/orbit/c/{archive.comment}",
    }
    for address in links(hit).values():
        assert client.get(address, follow_redirects=True).status_code == 200
    answered = open_page(client, "/p/orbit/search", q="写一句原因")
    assert f"/p/orbit/t/{archive.question}#a-{archive.answer}" in answered
    assert "<mark>买错了" not in open_page(client, "/p/orbit/search", q="买错了")


def test_a_hit_by_a_name_says_whose_name_it_is(archive: Archive, empty_engine: Engine) -> None:
    cast = archive.cast
    topic = db.session.scalars(sa.select(Topic).where(Topic.public_id == archive.rules)).one()
    held = {"owner_type": "topic", "owner_id": topic.id, "planet_id": topic.planet_id}
    with unit_of_work() as session:
        session.add(
            Attachment(
                **held,
                uploader_id=cast.users["owner"],
                purpose="file",
                filename="预算表 <b>.xlsx",
                content_type="application/octet-stream",
                size=1,
                sha256="",
                storage_key="sheet",
                created_at=clock.now(),
            )
        )
        session.execute(sa.update(Topic).where(Topic.id == topic.id).values(file_count=1))
    empty_engine.apply(entries(), cursor=3)
    client = cast.client("member")
    name = re.compile(r'<span class="hit__name muted">(.*?)</span>')
    raw = client.get("/p/orbit/search", query_string={"q": "预算表"}).text
    assert name.findall(raw) == ["文件：<mark>预算表</mark> &lt;b&gt;.xlsx"]
    raw = client.get("/p/orbit/search", query_string={"q": "陈默 写一句原因"}).text
    assert set(name.findall(raw)) == {"作者：<mark>陈默</mark>"}
    assert "hit__name" not in client.get("/p/orbit/search", query_string={"q": "退款"}).text
