"""What searching gives away beside its hits: with each engine, over HTTP, by what the product indexes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from html import unescape

import pytest
import sqlalchemy as sa

from app.blueprints.pacing import Purse
from app.blueprints.search.pace import Pace
from app.discussion.models import Question, Tag, Topic, TopicTag
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.planets.models import Planet
from app.search import documents
from app.search.port import Engine, Request
from tests.cast import Cast
from tests.discussion.threads import put_answer, put_question
from tests.discussion.writing import post

# Before the cast: who has expired hangs on the clock.
pytestmark = pytest.mark.usefixtures("noon")
TAG = re.compile(r"<[^>]+>")
Index = Callable[[], None]


@pytest.fixture
def index(
    noon: datetime, cast: Cast, empty_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Index:
    """Search with the database's engine; the call lets it read all there is."""
    monkeypatch.setitem(cast.app.extensions, "planetarium.search", empty_engine)

    def follow() -> None:
        ids = db.session.scalars(sa.select(Topic.id)).all()
        empty_engine.apply(documents.load_whole(list(ids)), cursor=1)

    return follow


def search(cast: Cast, persona: str, query: str, address: str = "/p/orbit/search") -> str:
    answer = cast.client(persona).get(address, query_string={"q": query})
    assert answer.status_code == 200, (query, answer.status_code)
    return answer.text


def test_what_a_withdrawn_question_held_is_nobodys_business(cast: Cast, index: Index) -> None:
    asked = put_question(cast, "member", text="这张图里的合同能签吗")
    put_answer(cast, "guest", asked, "先别签。")
    with unit_of_work() as session:
        topic = session.query(Topic).filter_by(public_id=asked).one()
        topic.file_count = topic.image_count = 1
        session.execute(
            sa.update(Question)
            .where(Question.topic_id == topic.id)
            .values(withdrawn_at=clock.now())
        )
    index()
    assert asked in search(cast, "other", "先别签")
    for query in ("has:file", "has:image"):
        assert asked not in search(cast, "other", query), query


def test_what_was_deleted_a_moment_ago_stands_in_no_count(
    noon: datetime, cast: Cast, index: Index
) -> None:
    """The index follows a second or two later, or later still while the worker is away."""
    post(cast, title="退款旧规则", text="一")
    gone = post(cast, title="退款旧流程", text="二").public_id
    index()
    assert 'facet__count">2<' in search(cast, "member", "退款旧 kind:post")
    with unit_of_work() as session:
        session.execute(sa.update(Topic).where(Topic.public_id == gone).values(deleted_at=noon))
    said = search(cast, "member", "退款旧 kind:post")
    assert gone not in said
    assert "找到 1 个主题" in said
    assert 'facet__count">2<' not in said
    items = cast.client("member").get("/search/suggest", query_string={"q": "退款"}).get_json()
    assert [one["text"] for one in items["items"] if one["kind"] == "post"] == ["退款旧规则"]


HOSTILE = (
    "\0",
    "a\0b",
    'tag:"\0"',
    "from:\0",
    'from:"a\0b"',
    'starter:"\0x"',
    "planet:\0",
    "-\0",
    "*",
    "****",
    "-*",
    '"',
    '""""',
    "“退款",
    "OR",
    "OR OR OR",
    "a OR",
    "(((((((",
    "[a-z]+",
    "(a+)+$",
    "退款*",
    "-退款",
    "before:9999999999d",
    "after:99999999-99-99",
    "after:0000",
    "before:9999",
    "after:20٢٦-01",
    "year:２０２６",
    "before:1900",
    "after:2099-12-31",
    "before:9999y",
    "before:36499d",
    "\u202e退款\u202c",
    "😀😀😀",
    "👨‍👩‍👧‍👦",
    "\ud7ff\uffff\ufffe",
    "a\u0301" * 100,
    "\u0301" * 300,
    "ﷺ" * 100,
    "x" * 10_000,
    "退" * 10_000,
    "a " * 1_000,
    "a* " * 100,
    "退* " * 100,
    " OR ".join("退款" for _ in range(200)),
    "tag:" + "x" * 280,
    "in:title in:answers in:comments",
    "is:answered is:unanswered",
    "tag:%",
    "tag:_",
    "from:%",
    "planet:%",
    "'; drop table users--",
    "from:'\"",
    "tag:\\",
    "a'a'a'a'a'b",
    "İ",
    "ß",
    "ǅ",
    "\u1160",
    "ᄀ" * 100,
    "가나다",
    "１２３",
    "٣",
    "²",
    "a\u00a0b",
    "sort:x sort:new -a",
)


def test_whatever_is_typed_is_answered(
    cast: Cast, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pace, "take", lambda *_: None)
    monkeypatch.setattr(Purse, "spend", lambda *_, **_values: None)
    post(cast, title="退款规则 refund a x", text="退款 a\u0301 x 1 😀")
    index()
    client = cast.client("member")
    for query in HOSTILE:
        for address, name in (
            ("/search", "q"),
            ("/p/orbit/search", "f"),
            ("/search/suggest", "q"),
        ):
            answer = client.get(address, query_string={name: query})
            assert answer.status_code == 200, (query, address)
            assert "搜索暂时不可用" not in answer.text, query
        form = {"q": query, "text": query}
        assert client.post("/search/save", data=form).status_code == 303, query
        alike = client.post("/p/orbit/ask/alike", data=form, headers={"X-Fragment": "1"})
        assert alike.status_code == 200, query


def test_a_row_of_unknown_words_is_not_corrected_without_end(
    cast: Cast, index: Index, empty_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each correction looks through all words that begin with the same letter."""
    index()
    asked: list[str] = []

    def near(word: str, request: Request, *, limit: int) -> list[str]:
        asked.append(word)
        return []

    monkeypatch.setattr(empty_engine, "near", near)
    search(cast, "member", " ".join(f"unknown{letter}" for letter in "abcdefghijklmno"))
    assert 0 < len(asked) <= 4


WORDS = " ".join(f"zq{letter}qz" for letter in "abcdefghijklmnop")


def said(cast: Cast, persona: str, query: str, value: str) -> str:
    """Return what a page says, with whatever was typed out of sight."""
    page = search(cast, persona, query.format(value), "/search")
    text = TAG.sub(" ", unescape(page.partition("<main")[2]))
    return " ".join(text.replace(value, "…").split())


def test_what_is_hidden_looks_like_what_is_not_there(cast: Cast, index: Index) -> None:
    """Who wrote nothing or asked anonymously, whom nobody hears, his tag, another planet: no page tells them
    from what was made up."""
    post(cast, title="退款规则", text="退款看这里")
    alone = post(cast, title="守口如瓶", text=f"守口如瓶 {WORDS}").public_id
    isolated = {"isolated": True, "author_id": cast.users["isolated"]}
    with unit_of_work() as session:
        tag = Tag(planet_id=cast.planet_id, name="悄悄话", key="悄悄话")
        topic = session.query(Topic).filter_by(public_id=alone).one()
        session.add(tag)
        session.flush()
        session.add(TopicTag(topic_id=topic.id, tag_id=tag.id, published_at=topic.published_at))
        session.execute(sa.update(Topic).where(Topic.id == topic.id).values(**isolated))
    ask = put_question(cast, "member", text="退款能不能快一点", anonymous=True)
    put_answer(cast, "guest", ask, "退款能快。")
    with unit_of_work() as session:
        session.add(Planet(slug="hidden-one", name="暗星馆", created_at=clock.now(), created_by=1))
    index()
    hidden = (
        ("from:{}", "吴桐"),
        ("starter:{}", "吴桐"),
        ("from:{}", "孙立"),
        ("from:{}", "王小雨"),
        ("starter:{}", "王小雨"),
        ("{}", "王小雨"),
        ("{}", "孙立"),
        ("planet:{}", "暗星馆"),
        ("planet:{}", "hidden-one"),
        ("tag:{}", "悄悄话"),
        ("{}", "悄悄话"),
        ("{}", "守口如瓶"),
    )
    for query, value in hidden:
        for whole in (query, f"退款 {query}"):
            shown = said(cast, "other", whole, value)
            assert shown == said(cast, "other", whole, "从无此物"), (whole, value)
    # Rare words that nobody else may read take no place of those that he may.
    assert "退款看这里" in TAG.sub("", search(cast, "other", f"退款 {WORDS}", "/search"))
    mine = search(cast, "member", "from:me 退款", "/search")
    assert ask in mine
    assert "匿名" in mine


def test_what_is_kept_asks_for_a_token_and_no_answer_for_a_cache(cast: Cast, index: Index) -> None:
    index()
    client = cast.client("member")
    for address in ("/search?q=a", "/search/suggest?q=a", "/search/saved", "/p/orbit/search?q=a"):
        answer = client.get(address)
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "ETag" not in answer.headers
    cast.app.config["WTF_CSRF_ENABLED"] = True
    for address in ("/search/save", "/search/past/forget-all", "/search/saved/x/drop"):
        assert client.post(address, data={"q": "退款"}).status_code == 400, address
