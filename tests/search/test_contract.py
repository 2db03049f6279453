"""What every engine promises, on entries made by hand: no rows, no rights of real people."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.cli.seed_text import Prose
from app.search.port import (
    All,
    Either,
    Engine,
    Entry,
    Facets,
    Filters,
    Found,
    Node,
    Part,
    Passage,
    Reader,
    Request,
    Sort,
    Text,
    TopicFacts,
    Where,
    Without,
)

NOW = datetime(2026, 9, 16, 12, 0, tzinfo=UTC)
MEMBER = Reader(1, 5, staff=False, inside=True, until=None, since=None, queue_open=False)
ELSEWHERE = replace(MEMBER, planet_id=2)


def facts(topic_id: int, **columns: object) -> TopicFacts:
    values: dict[str, object] = {
        "planet_id": 1,
        "kind": "post",
        "author_id": 7,
        "writer_id": 7,
        "addressee_id": None,
        "published_at": NOW - timedelta(days=topic_id),
        **columns,
    }
    return TopicFacts(topic_id=topic_id, **values)  # type: ignore[arg-type]


def own(topic_id: int, body: str, *, title: str = "", names: str = "", writer: int = 7) -> Passage:
    return Passage(Part.TOPIC, topic_id, topic_id, writer, writer, body, title, names)


def comment(topic_id: int, row_id: int, body: str, *, writer: int = 8) -> Passage:
    return Passage(Part.COMMENT, row_id, topic_id, writer, writer, body)


def answer(topic_id: int, row_id: int, body: str, *, writer: int = 9) -> Passage:
    return Passage(Part.ANSWER, row_id, topic_id, writer, writer, body)


def topic(topic_id: int, body: str, *more: Passage, title: str = "", **columns: object) -> Entry:
    """Return a whole topic."""
    return Entry(topic_id, facts(topic_id, **columns), (own(topic_id, body, title=title), *more))


def ask(query: str | Node, **values: object) -> Request:
    """Return the request of a member of both planets."""
    node = Text(query) if isinstance(query, str) else query
    readers = {1: MEMBER, 2: ELSEWHERE}
    return Request(node, **{"readers": readers, "now": NOW, **values})  # type: ignore[arg-type]


def ids(found: Found) -> list[int]:
    return [hit.topic_id for hit in found.hits]


def found_ids(engine: Engine, query: str | Node, **values: object) -> set[int]:
    found = engine.search(ask(query, **values))
    assert found.total == len(found.hits)
    return set(ids(found))


@pytest.fixture
def engine(empty_engine: Engine) -> Engine:
    return empty_engine


# --- writing -----------------------------------------------------------------------------------------


def test_an_empty_engine_finds_nothing(engine: Engine) -> None:
    assert engine.cursor() == 0
    assert engine.search(ask("退款")) == Found()
    assert engine.contents(after=0, limit=10) == []


def test_what_is_applied_is_found_and_the_cursor_moves_with_it(engine: Engine) -> None:
    engine.apply([topic(1, "退款"), topic(2, "订阅")], cursor=7)
    assert engine.cursor() == 7
    assert found_ids(engine, "退款") == {1}
    engine.apply([], cursor=9)
    assert engine.cursor() == 9


def test_the_latest_of_each_text_counts(engine: Engine) -> None:
    engine.apply([topic(1, "退款", comment(1, 1, "谢谢"))], cursor=1)
    engine.apply([Entry(1, facts(1), (comment(1, 2, "订阅"),))], cursor=2)
    assert found_ids(engine, All((Text("退款"), Text("谢谢"), Text("订阅")))) == {1}
    engine.apply([Entry(1, facts(1), (own(1, "复利"),))], cursor=3)
    assert found_ids(engine, "退款") == set()
    assert found_ids(engine, All((Text("复利"), Text("谢谢")))) == {1}
    engine.apply([Entry(1, facts(1), (), ((Part.COMMENT, 1),))], cursor=4)
    assert found_ids(engine, "谢谢") == set()
    assert found_ids(engine, "订阅") == {1}


def test_the_latest_facts_count_for_all_texts(engine: Engine) -> None:
    engine.apply([topic(1, "退款", comment(1, 1, "谢谢"))], cursor=1)
    engine.apply([Entry(1, facts(1, isolated=True))], cursor=2)
    assert found_ids(engine, "谢谢") == found_ids(engine, "退款") == set()
    engine.apply([Entry(1, facts(1, planet_id=2))], cursor=3)
    assert found_ids(engine, "谢谢", readers={2: ELSEWHERE}) == {1}


def test_what_is_gone_is_not_found_and_may_come_back(engine: Engine) -> None:
    engine.apply([topic(1, "退款", comment(1, 1, "谢谢"))], cursor=1)
    engine.apply([Entry(1, None)], cursor=2)
    assert found_ids(engine, "退款") == found_ids(engine, "谢谢") == set()
    assert engine.contents(after=0, limit=10) == []
    engine.apply([topic(1, "退款")], cursor=3)
    assert found_ids(engine, "退款") == {1}
    assert found_ids(engine, "谢谢") == set()


def test_the_same_again_changes_nothing(engine: Engine) -> None:
    entries = [topic(1, "退款 退款", comment(1, 1, "谢谢")), topic(2, "退款")]
    engine.apply(entries, cursor=3)
    before = engine.search(ask("退款")), engine.contents(after=0, limit=10)
    engine.apply(entries, cursor=3)
    assert (engine.search(ask("退款")), engine.contents(after=0, limit=10)) == before


def test_changes_in_one_batch_count_in_their_order(engine: Engine) -> None:
    engine.apply([topic(1, "退款"), Entry(1, None), topic(1, "订阅"), topic(2, "复利")], cursor=1)
    engine.apply([topic(2, "退款"), Entry(2, None)], cursor=2)
    assert found_ids(engine, "退款") == found_ids(engine, "复利") == set()
    assert found_ids(engine, "订阅") == {1}


def test_many_small_changes_end_as_one(engine: Engine) -> None:
    rng = random.Random(3)
    prose = Prose(rng)
    held: dict[int, Entry] = {}
    for cursor in range(1, 120):
        topic_id = rng.randint(1, 25)
        if rng.random() < 0.2:
            held.pop(topic_id, None)
            engine.apply([Entry(topic_id, None)], cursor=cursor)
        else:
            held[topic_id] = topic(topic_id, prose.comment(), title=prose.title())
            engine.apply([Entry(topic_id, None), held[topic_id]], cursor=cursor)
        if cursor % 40 == 0:
            engine.tidy()
        if cursor % 30 == 0:
            assert found_ids(engine, All(()), limit=100) == set(held)
    for word in ("复利", "缓存", "的", "and", "第", "步能再"):
        wanted = {
            id_
            for id_, entry in held.items()
            if word in str([(p.title, p.body) for p in entry.passages])
        }
        assert found_ids(engine, word, limit=100) == wanted, word
    assert [id_ for id_, _print in engine.contents(after=0, limit=100)] == sorted(held)


def test_fingerprints_tell_what_is_indexed_whatever_came_before(engine: Engine) -> None:
    engine.apply([topic(1, "退款"), topic(2, "订阅", comment(2, 1, "谢谢"))], cursor=1)
    before = dict(engine.contents(after=0, limit=10))
    engine.apply([topic(1, "别的"), topic(2, "订阅", digest=True)], cursor=2)
    changed = dict(engine.contents(after=0, limit=10))
    assert changed[1] != before[1] and changed[2] != before[2]
    engine.apply([topic(1, "退款"), topic(2, "订阅")], cursor=3)
    engine.tidy()
    assert dict(engine.contents(after=0, limit=10)) == before
    assert [id_ for id_, _print in engine.contents(after=1, limit=1)] == [2]


# --- words -------------------------------------------------------------------------------------------

TEXTS = {
    1: "怎么申请退款？我付了三个月。",
    2: "退货的款式",
    3: "複利與時間",
    4: "Refunds are processed within 7 days",
    5: "call getUserName() of app.kernel, see https://e.example/docs/a_b",
    6: "C++ 与 Flask框架",
    7: "ＡＢＣ　１２３",
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (Text("退款"), {1}),
        (Text("款"), {1, 2}),
        (Text("申请退款"), {1}),
        (Text("退货 款式"), set()),
        (Text("复利"), {3}),
        (Text("複利與時"), {3}),
        (Text("refund"), {4}),
        (Text("refund", exact=True), set()),
        (Text("refunds", exact=True), {4}),
        (Text("processing"), {4}),
        (Text("refunds are"), {4}),
        (Text("are refunds"), set()),
        (Text("process", prefix=True), {4}),
        (Text("申请退", prefix=True), {1}),
        (Text("getusername"), {5}),
        (Text("user"), {5}),
        (Text("app.kernel"), {5}),
        (Text("kernel"), {5}),
        (Text("https://e.example/docs/a_b"), {5}),
        (Text("a_b"), {5}),
        (Text("c++"), {6}),
        (Text("flask"), {6}),
        (Text("框架"), {6}),
        (Text("flask框架"), {6}),
        (Text("abc"), {7}),
        (Text("123"), {7}),
        (Text("三个月"), {1}),
        (Text("没有"), set()),
        (Text("！？"), set()),
    ],
)
def test_words_are_found_as_the_analysis_says(engine: Engine, text: Text, wanted: set[int]) -> None:
    engine.apply([topic(id_, body) for id_, body in TEXTS.items()], cursor=1)
    assert found_ids(engine, text) == wanted


def test_words_may_stand_in_different_texts_of_a_topic(engine: Engine) -> None:
    engine.apply(
        [
            topic(1, "正文", answer(1, 1, "七天内"), comment(1, 2, "谢谢"), title="退款"),
            topic(2, "退款"),
            topic(3, "七天内"),
        ],
        cursor=1,
    )
    both = All((Text("退款"), Text("七天内")))
    assert found_ids(engine, both) == {1}
    assert found_ids(engine, All((Text("退款"), Text("七天内"), Text("谢谢")))) == {1}
    assert found_ids(engine, Either((Text("退款"), Text("七天内")))) == {1, 2, 3}
    assert found_ids(engine, All((Text("退款"), Without(Text("谢谢"))))) == {2}
    assert found_ids(engine, Without(Text("退款"))) == {3}
    assert found_ids(engine, All(())) == {1, 2, 3}
    assert found_ids(engine, All((Text("退款"), Either((Text("没有"), Text("谢谢")))))) == {1}
    [hit] = engine.search(ask(both)).hits
    assert {(s.part, s.row_id) for s in hit.spots} == {(Part.TOPIC, 1), (Part.ANSWER, 1)}


def test_nothing_stands_across_title_and_body(engine: Engine) -> None:
    engine.apply([topic(1, "款项", title="退")], cursor=1)
    assert found_ids(engine, "退款") == set()
    assert found_ids(engine, "退") == {1}


def test_names_of_files_and_authors_are_found(engine: Engine) -> None:
    named = Entry(1, facts(1), (own(1, "正文", names="年度报告.pdf\n王小雨"),))
    engine.apply([named], cursor=1)
    assert found_ids(engine, "年度报告") == found_ids(engine, "王小雨") == {1}
    assert found_ids(engine, "王小雨", filters=Filters(where=frozenset({Where.TITLE}))) == set()


# --- filters -----------------------------------------------------------------------------------------


def test_filters_of_topics(engine: Engine) -> None:
    engine.apply(
        [
            topic(1, "退款", kind="question", answered=True, tag_ids=(3, 4)),
            topic(2, "退款", kind="question", addressee_id=5),
            topic(3, "退款", digest=True, has_image=True, tag_ids=(4,)),
            topic(4, "退款", planet_id=2, has_file=True, author_id=8, writer_id=8),
        ],
        cursor=1,
    )
    expected: list[tuple[dict[str, object], set[int]]] = [
        ({"planet_ids": frozenset({2})}, {4}),
        ({"planet_ids": frozenset()}, set()),
        ({"kinds": frozenset({"question"})}, {1, 2}),
        ({"tag_ids": frozenset({3})}, {1}),
        ({"tag_ids": frozenset({3, 4})}, {1, 3}),
        ({"topic_ids": frozenset({2, 4, 9})}, {2, 4}),
        ({"starters": frozenset({(2, 8), (2, 7)})}, {4}),
        ({"answered": True}, {1}),
        ({"answered": False}, {2}),
        ({"digest": True}, {3}),
        ({"has_image": True}, {3}),
        ({"has_file": True}, {4}),
        ({"since": NOW - timedelta(days=2)}, {1, 2}),
        ({"until": NOW - timedelta(days=2)}, {3, 4}),
    ]
    for values, wanted in expected:
        for query in ("退款", All(())):
            filters = Filters(**values)  # type: ignore[arg-type]
            assert found_ids(engine, query, filters=filters) == wanted, values


def test_filters_of_texts(engine: Engine) -> None:
    engine.apply(
        [
            topic(1, "退款", comment(1, 1, "谢谢", writer=8), title="标题一"),
            topic(2, "谢谢", comment(2, 2, "退款", writer=5)),
            topic(3, "空", answer(3, 3, "退款", writer=8), planet_id=2),
            topic(4, "退款", author_id=None, writer_id=5),
        ],
        cursor=1,
    )
    anonymous = Passage(Part.TOPIC, 4, 4, None, 5, "退款")
    engine.apply([Entry(4, facts(4, author_id=None, writer_id=5), (anonymous,))], cursor=2)
    both = frozenset({Where.TITLE, Where.ANSWERS})
    expected: list[tuple[dict[str, object], str | Node, set[int]]] = [
        ({"authors": frozenset({(1, 8)})}, "谢谢", {1}),
        ({"authors": frozenset({(1, 8)})}, "退款", set()),
        ({"authors": frozenset({(2, 8), (1, 5)})}, "退款", {2, 3}),
        ({"authors": frozenset({(1, 8)})}, All(()), {1}),
        ({"authors": frozenset({(1, 5)})}, All(()), {2}),
        ({"mine": True}, "退款", {2, 4}),
        ({"mine": True}, All(()), {2, 4}),
        ({"where": frozenset({Where.COMMENTS})}, "退款", {2}),
        ({"where": frozenset({Where.ANSWERS})}, "退款", {3}),
        ({"where": frozenset({Where.TITLE})}, "标题", {1}),
        ({"where": frozenset({Where.TITLE})}, "退款", set()),
        ({"where": both}, All(()), {1, 3}),
        ({"where": both}, Either((Text("退款"), Text("标题"))), {1, 3}),
    ]
    for values, query, wanted in expected:
        filters = Filters(**values)  # type: ignore[arg-type]
        assert found_ids(engine, query, filters=filters) == wanted, (values, query)


def test_without_looks_at_all_texts_the_reader_may_open(engine: Engine) -> None:
    hidden = replace(comment(2, 2, "秘密"), isolated=True)
    engine.apply(
        [topic(1, "退款", comment(1, 1, "秘密")), topic(2, "退款", hidden), topic(3, "退款")],
        cursor=1,
    )
    query = All((Text("退款"), Without(Text("秘密"))))
    assert found_ids(engine, query) == {2, 3}
    writer = {1: replace(MEMBER, user_id=8)}
    assert found_ids(engine, query, readers=writer) == {3}


# --- order, pages and numbers ------------------------------------------------------------------------


def test_pages_follow_each_other(engine: Engine) -> None:
    engine.apply([topic(id_, f"退款 {'很长 ' * id_}") for id_ in range(1, 31)], cursor=1)
    for sort in Sort:
        whole = engine.search(ask("退款", sort=sort, limit=100))
        pages = [
            engine.search(ask("退款", sort=sort, offset=at, limit=7)) for at in range(0, 42, 7)
        ]
        assert {page.total for page in pages} == {30}
        assert [id_ for page in pages for id_ in ids(page)] == ids(whole)
    newest = engine.search(ask("退款", sort=Sort.NEW, limit=100))
    assert ids(newest) == list(range(1, 31))
    assert ids(engine.search(ask(All(()), sort=Sort.NEW, limit=3))) == [1, 2, 3]
    assert engine.search(ask("退款", limit=0)).total == 30


def test_a_word_in_the_title_comes_first(engine: Engine) -> None:
    engine.apply(
        [
            topic(1, "退款 " + "别的事情 " * 30),
            topic(2, "别的事情 " * 30, title="退款怎么办"),
            topic(3, "别的事情 " * 30, comment(3, 1, "退款")),
        ],
        cursor=1,
    )
    assert ids(engine.search(ask("退款")))[0] == 2


def test_three_spots_at_most_the_best_first(engine: Engine) -> None:
    comments = [comment(1, n, "退款 " * n + "别的 " * 10) for n in range(1, 6)]
    engine.apply([topic(1, "没有", *comments)], cursor=1)
    [hit] = engine.search(ask("退款")).hits
    assert len(hit.spots) == 3
    scores = [spot.score for spot in hit.spots]
    assert scores == sorted(scores, reverse=True)
    assert hit.spots[0].row_id == 5


def test_facets_count_all_that_is_found(engine: Engine) -> None:
    engine.apply(
        [
            topic(1, "退款", published_at=datetime(2025, 12, 31, 23, 59, tzinfo=UTC)),
            topic(2, "退款", kind="question", answered=True, author_id=None),
            topic(3, "退款", planet_id=2),
            topic(4, "退款", isolated=True),
            topic(5, "别的"),
        ],
        cursor=1,
    )
    found = engine.search(ask("退款", facets=True, facet_authors=frozenset({1}), limit=1))
    assert found.facets == Facets(
        planets={1: 2, 2: 1},
        kinds={"post": 2, "question": 1},
        years={2025: 1, 2026: 2},
        authors={(1, 7): 1},
    )
    assert engine.search(ask("退款")).facets == Facets()


def test_loosely_the_most_alike_come_first(engine: Engine) -> None:
    engine.apply(
        [
            topic(1, "如何申请退款"),
            topic(2, "退款"),
            topic(3, "天气很好"),
            topic(4, "怎么申请退款呢", answer(4, 1, "三天内")),
        ],
        cursor=1,
    )
    question = Text("请问怎么申请退款，要多久到账")
    assert found_ids(engine, question) == set()
    found = engine.search(ask(question, loose=True))
    assert ids(found)[0] == 4
    assert set(ids(found)) <= {1, 2, 4}


def test_loosely_too_nothing_stands_that_must_not(engine: Engine) -> None:
    engine.apply([topic(1, "申请退款 课程"), topic(2, "申请退款"), topic(3, "天气")], cursor=1)
    query = All((Text("申请退款"), Text("天气"), Without(Text("课程"))))
    assert set(ids(engine.search(ask(query, loose=True)))) == {2, 3}


def test_loosely_a_word_as_it_was_typed_comes_first(engine: Engine) -> None:
    engine.apply([topic(1, "he was processing it"), topic(2, "the process of it")], cursor=1)
    assert ids(engine.search(ask("processing", loose=True))) == [1, 2]
    assert ids(engine.search(ask("process", loose=True))) == [2, 1]


def test_the_like_of_a_topic_is_not_itself(engine: Engine) -> None:
    text = "退款要等多久，没有人说得清楚，只好自己把流水一笔一笔对一遍"
    engine.apply([topic(1, text), topic(2, "退款的事"), topic(3, "天气很好")], cursor=1)
    found = engine.search(ask(Text(text), loose=True, beside=1))
    assert ids(found) == [2]


# --- suggestions -------------------------------------------------------------------------------------


def test_words_of_titles_are_completed_for_who_may_read_them(engine: Engine) -> None:
    engine.apply(
        [
            topic(1, "正文", title="退款流程"),
            topic(2, "正文", title="退款"),
            topic(3, "refinance", title="Refund policy"),
            topic(4, "正文", title="退休计划", isolated=True),
            topic(5, "退役"),
        ],
        cursor=1,
    )

    def words(prefix: str) -> list[str]:
        return engine.words(prefix, ask(All(())), limit=5)

    assert words("ref") == ["Refund"]
    assert set(words("退")) == {"退款", "退款流程"}
    assert words("tuikuan")[0] == "退款"
    assert "退款流程" in words("tuikuanl")
    assert not any("休" in word for word in [*words("退"), *words("tuixiu")])
    assert words("没有") == []


def test_words_are_offered_as_they_are_written_and_no_scraps(engine: Engine) -> None:
    engine.apply(
        [
            topic(1, "正文", title="结束讨论，是因为下雨吗？\nGitHub\n读书笔记"),
            topic(2, "正文", title="如何用 GitHub 写周报：Flask框架入门"),
            topic(3, "正文", title="GITHUB 與複利"),
            topic(4, "正文", title="为什么我不再记录索引，而是改用卡片"),
        ],
        cursor=1,
    )

    def words(prefix: str) -> list[str]:
        return engine.words(prefix, ask(All(())), limit=9)

    assert words("git") == ["GitHub"]
    assert words("束") == words("是因为下") == words("因为") == words("何用") == []
    assert words("我不再") == words("而是") == []
    assert words("结") == ["结束讨论"]
    assert words("读书") == ["读书笔记"]
    assert words("flask框") == ["Flask框架入门"]
    assert words("与复") == ["與複利"]
    assert words("duSHU") == ["读书", "读书笔记"]


def test_a_beginning_finds_every_word_that_goes_on_so(engine: Engine) -> None:
    """However many there are, and whatever others write elsewhere."""
    mine = [topic(at, f"con{at:03d}x concern", title=f"con{at}") for at in range(1, 201)]
    others = [topic(1_000 + at, f"{'contract ' * 9} consist", planet_id=9) for at in range(50)]
    engine.apply([*mine, *others], cursor=1)
    assert engine.search(ask(Text("con", prefix=True), limit=0)).total == 200
    assert engine.search(ask(Text("con1", prefix=True), limit=0)).total == 111
    titled = Filters(where=frozenset({Where.TITLE}))
    assert found_ids(engine, Text("con19", prefix=True), filters=titled, limit=50) == {
        19, *range(190, 200),
    }  # fmt: skip
    assert found_ids(engine, Text("con007x con", prefix=True)) == {7}
    assert found_ids(engine, Text("contr", prefix=True)) == set()


def test_names_are_completed_for_who_may_read_something_of_them(engine: Engine) -> None:
    def by(topic_id: int, names: str, **columns: object) -> Entry:
        return Entry(topic_id, facts(topic_id, **columns), (own(topic_id, "文", names=names),))

    engine.apply(
        [
            by(1, "年度报告.pdf\n王小雨"),
            by(2, "王小雨"),
            by(3, "Wang Xi"),
            by(4, "王某", isolated=True),
            Entry(5, facts(5), (replace(own(5, "文", names="王文件.pdf"), author_id=None),)),
        ],
        cursor=1,
    )

    def names(prefix: str) -> list[str]:
        return engine.names(prefix, ask(All(())), limit=5)

    assert names("王") == names("王小") == ["王小雨"]
    assert names("wangx") == ["王小雨", "Wang Xi"]
    assert names("年度") == names("") == []


def test_near_words_are_known_ones_the_reader_may_open(engine: Engine) -> None:
    engine.apply(
        [topic(1, "the refund policy"), topic(2, "retund", isolated=True), topic(3, "别的")],
        cursor=1,
    )
    assert engine.near("refnud", ask(All(())), limit=3)[:1] == ["refund"]
    assert "retund" not in engine.near("retumd", ask(All(())), limit=3)
    assert engine.near("zzzzzz", ask(All(())), limit=3) == []


def test_chinese_words_are_met_by_sound_and_by_looks(engine: Engine) -> None:
    engine.apply(
        [
            topic(1, "怎样改善睡眠质量，集中注意力"),
            topic(2, "退款要多久", title="课程退款"),
            topic(3, "水面 税免", isolated=True),
            topic(4, "期末考试"),
            topic(5, "番茄工作法与时间管理入门", title="时间管理入门"),
        ],
        cursor=1,
    )
    for typed, wanted in (
        ("睡眼", ["睡眠"]),  # looks alike
        ("睡棉", ["睡眠"]),
        ("税眠", ["睡眠"]),
        ("注义力", ["注意力"]),
        ("注意里", ["注意力"]),
        ("推宽", ["退款"]),
        ("虽面", []),  # both are others, and sound nearly alike only
        ("棵成", ["课程"]),  # all sound the same: of titles
        ("考四", ["考试"]),
        ("水棉", ["睡眠"]),  # both sound the same; 水面 nobody else may open
        ("睡眠", []),
        ("睡眠质量集中注意里", []),  # nowhere in one piece
        ("改善水眠质量", ["改善睡眠质量"]),
        ("集中注意里", ["集中注意力"]),
        ("怎样改善睡眠只量", ["怎样改善睡眠质量"]),
        ("怎样概善睡眼质量", ["怎样改善睡眠质量"]),  # in two places
        ("实间惯例入门", ["时间管理入门"]),  # some in a row sound the same: of titles
        ("番茄公作法", ["番茄工作法"]),
        ("番茄工做法与时间管理", ["番茄工作法与时间管理"]),
        ("水面质量水面质量", []),
        ("アニメ", []),
    ):
        assert engine.near(typed, ask(All(())), limit=3) == wanted, typed


# --- rebuilding --------------------------------------------------------------------------------------


def test_a_rebuild_goes_on_beside_and_takes_over_at_once(engine: Engine) -> None:
    engine.apply([topic(1, "旧的"), topic(2, "旧的")], cursor=5)
    build = engine.begin_rebuild(cursor=9)
    assert build.done_upto == 0
    build.add([topic(1, "新的")], upto=1)
    assert found_ids(engine, "旧的") == {1, 2}
    assert engine.cursor() == 5
    build.add([topic(3, "新的")], upto=3)
    build.finish()
    assert found_ids(engine, "旧的") == set()
    assert found_ids(engine, "新的") == {1, 3}
    assert engine.cursor() == 9


def test_a_rebuild_that_was_broken_off_is_resumed(engine: Engine) -> None:
    engine.begin_rebuild(cursor=9).add([topic(1, "新的"), topic(2, "新的")], upto=2)
    again = engine.begin_rebuild(cursor=9)
    assert again.done_upto == 2
    again.add([topic(3, "新的")], upto=3)
    again.finish()
    assert found_ids(engine, "新的") == {1, 2, 3}


def test_a_rebuild_that_was_abandoned_leaves_nothing(engine: Engine) -> None:
    engine.apply([topic(1, "旧的")], cursor=5)
    build = engine.begin_rebuild(cursor=9)
    build.add([topic(1, "新的")], upto=1)
    build.abandon()
    assert found_ids(engine, "旧的") == {1}
    assert engine.begin_rebuild(cursor=9).done_upto == 0


def test_numbers(engine: Engine) -> None:
    engine.apply([topic(1, "退款", comment(1, 1, "谢谢")), topic(2, "订阅")], cursor=4)
    engine.tidy()
    stats = engine.stats()
    assert (stats.topics, stats.passages, stats.cursor) == (2, 3, 4)
    assert stats.engine == engine.name
