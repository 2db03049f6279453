from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search import port
from app.search.language import MAX_LENGTH, MAX_WORDS, Filter, Hint, OneOf, Trouble, Word, parse

NOW = datetime(2026, 9, 16, 12, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("退款 流程", "退款 流程"),
        ("  退款　流程 ", "退款 流程"),
        ("怎么退款？我付了", "怎么退款 我付了"),
        ("“ 退款 流程 ”", '"退款 流程"'),
        ("「退款」-‘x’", '"退款" -‘x’'),
        ("退款“流程”吗", '退款 "流程" 吗'),
        ("-退款 －流程 --x", "-退款 -流程 -x"),
        ("a OR b c 或 d", "a OR b c OR d"),
        ("a OR b OR c", "a OR b OR c"),
        ("OR a OR", "a"),
        ("或", '"或"'),
        ("a OR from:me b", "a from:me b"),
        ("退*", "退*"),
        ("C++ http://e.com/a?b=c app.kernel", "C++ http://e.com/a?b=c app.kernel"),
        ('...  ！ - "" *', ""),
        ("作者：王小雨", "from:王小雨"),
        ("From:我 from:星主", "from:me from:owner"),
        ("from:“王 小雨”", 'from:"王 小雨"'),
        ("类型:提问 kind:帖子", "kind:question kind:post"),
        ("在:标题 in:评论 范围：收藏", "in:title in:comments in:bookmarks"),
        ("是:已回答 状态：精华", "is:answered is:digest"),
        ("is:answered is:未回答", "is:unanswered"),
        ("有:图片 含：附件", "has:image has:file"),
        ("排序:最新 sort:relevance", "sort:relevance"),
        ("之后:2024年5月1日 before:2024/6", "after:2024-05-01 before:2024-06"),
        ("after:7天 before:昨天", "after:7d before:1d"),
        ("年份:2024年", "year:2024"),
        ("标签:考研 tag:英语 tag:考研", "tag:英语 tag:考研"),
        ("標籤：考研 類型:提問 在:標題 狀態:精華", "tag:考研 kind:question in:title is:digest"),
        ("有:圖片 含:檔案 範圍:回覆 排序:最新", "has:image has:file in:comments sort:new"),
        ("之後:7天 晚於:3個月 樓主:星主", "after:3m starter:owner"),
        ("作者:趙錢孫", "from:趙錢孫"),
    ],
)
def test_what_is_typed_has_one_canonical_form(typed: str, canonical: str) -> None:
    assert parse(typed).text == canonical


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("fron:me", Hint(Trouble.UNKNOWN_OPERATOR, "fron:me", "from")),
        ("from:", Hint(Trouble.EMPTY_VALUE, "from:", "from")),
        (
            "is:good",
            Hint(Trouble.BAD_VALUE, "is:good", "is", ("answered", "unanswered", "digest")),
        ),
        ("before:2024-13-01", Hint(Trouble.BAD_DATE, "before:2024-13-01", "before")),
        ("after:soon", Hint(Trouble.BAD_DATE, "after:soon", "after")),
        ("-tag:考研", Hint(Trouble.CANNOT_EXCLUDE, "-tag:考研", "tag")),
        ("“退款", Hint(Trouble.OPEN_QUOTE)),
        ("x" * (MAX_LENGTH + 1), Hint(Trouble.TOO_LONG)),
        ("😀", Hint(Trouble.NO_WORDS, "😀")),
        ("（？）", Hint(Trouble.NO_WORDS, "（？）")),
        ("x " * (MAX_WORDS + 1), Hint(Trouble.TOO_MANY_WORDS)),
    ],
)
def test_what_makes_no_sense_is_a_hint(typed: str, hint: Hint) -> None:
    assert hint in parse(typed).hints


def test_addresses_and_times_are_no_operators() -> None:
    for typed in ("http://a.example/b", "12:30", "std::vector", "foo:bar"):
        query = parse(typed)
        assert (query.items, query.hints) == ((Word(typed),), ())


def test_words_become_a_node() -> None:
    node = parse('退款 "not yet" -流程 a OR b* from:me').node
    assert node == port.All(
        (
            port.Text("退款"),
            port.Text("not yet", exact=True),
            port.Without(port.Text("流程")),
            port.Either((port.Text("a"), port.Text("b", prefix=True))),
        )
    )


def test_operators_become_filters() -> None:
    text = "kind:question in:title in:bookmarks is:unanswered is:digest has:image sort:new"
    query = parse(text)
    assert query.sort is port.Sort.NEW
    assert query.filters(now=NOW, zone=SHANGHAI) == port.Filters(
        kinds=frozenset({"question"}),
        where=frozenset({port.Where.TITLE}),
        answered=False,
        digest=True,
        has_image=True,
    )


@pytest.mark.parametrize(
    ("typed", "since", "until"),
    [
        ("after:2024-05-01", datetime(2024, 4, 30, 16, tzinfo=UTC), None),
        ("before:2024-05", None, datetime(2024, 4, 30, 16, tzinfo=UTC)),
        ("after:2024", datetime(2023, 12, 31, 16, tzinfo=UTC), None),
        ("after:7d", datetime(2026, 9, 9, 12, tzinfo=UTC), None),
        ("before:今天", None, datetime(2026, 9, 15, 16, tzinfo=UTC)),
        ("after:昨天", datetime(2026, 9, 14, 16, tzinfo=UTC), None),
        ("year:2024", datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)),
        (
            "year:2024 before:2024-05-01",
            datetime(2024, 1, 1, tzinfo=UTC),
            datetime(2024, 4, 30, 16, tzinfo=UTC),
        ),
    ],
)
def test_days_are_those_of_the_reader(
    typed: str, since: datetime | None, until: datetime | None
) -> None:
    filters = parse(typed).filters(now=NOW, zone=SHANGHAI)
    assert (filters.since, filters.until) == (since, until)


def test_a_control_adds_or_takes_one_filter() -> None:
    query = parse("退款 kind:question is:answered fron:x")
    assert query.with_filter("kind", "post").values("kind") == ("question", "post")
    assert query.with_filter("is", "unanswered").text == ("退款 kind:question fron:x is:unanswered")
    assert query.without("kind").text == "退款 is:answered fron:x"
    assert query.toggled("kind", "question") == query.without("kind", "question")
    assert query.toggled("tag", "考研 英语").text.endswith('tag:"考研 英语"')
    assert query.without_word(Word("退款")).words == "fron:x"
    assert parse("sort:new").is_empty


PIECES = st.sampled_from(
    [
        *'ab退款"“”「」『』-－*:：|#/.,，？ 　\n🎉',
        *(
            " OR ",
            " 或 ",
            "AND",
            "from:",
            "作者：",
            "is:",
            "answered",
            "after:",
            "2024-05-01",
            "7d",
        ),
        *(
            "tag:",
            "王小雨",
            "kind:question",
            "在:标题",
            "before：",
            "-",
            "--",
            "sort:new",
            "year:2024",
        ),
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_a_query_written_again_is_the_same_query(typed: str) -> None:
    query = parse(typed)
    again = parse(query.text)
    if len(query.text) <= MAX_LENGTH:
        assert again.items == query.items
        assert Trouble.OPEN_QUOTE not in {hint.trouble for hint in again.hints}


@given(st.text(max_size=400))
def test_nothing_typed_is_an_error(typed: str) -> None:
    query = parse(typed)
    query.filters(now=NOW, zone=SHANGHAI)
    assert all(isinstance(item, Word | OneOf | Filter) for item in query.items)
    assert all(word.text for word in query.terms)


def test_few_words_may_go_on() -> None:
    """Each is looked up as dozens of words: thirty of them would take seconds."""
    query = parse("a1* b1* c1* d1* e1* f1 " + " OR ".join(f"g{at}*" for at in range(9)))
    assert query.text == "a1* b1* c1* d1* f1"
    assert [hint.trouble for hint in query.hints] == [Trouble.TOO_MANY_WORDS]


def test_two_hyphens_right_behind_quotes_are_a_dash() -> None:
    assert [word.text for word in parse('发现"府报"--我国古代报纸').terms] == [
        "发现",
        "府报",
        "我国古代报纸",
    ]
    assert [str(item) for item in parse('"府报" -报纸').items] == ['"府报"', "-报纸"]


def test_words_that_stand_in_every_text_are_not_demanded() -> None:
    query = parse('how to get the refund 的 退款 -a is* "the"')
    wanted = (Word("get"), Word("refund"), Word("退款"), Word("is", prefix=True), Word("the", True))
    assert query.terms == wanted
    assert query.text == 'how to get the refund 的 退款 -a is* "the"'
    assert isinstance(query.node, port.All)
    assert len(query.node.parts) == len(wanted) + 1
    assert [word.text for word in parse("to be or not to be").terms] == "to be or not to be".split()
    assert parse("的").terms == (Word("的"),)


def test_an_emoji_beside_words_is_said_to_be_left_out() -> None:
    query = parse("退款 😀 -🎉 … — +")
    assert query.text == "退款"
    assert query.hints == (Hint(Trouble.NO_WORDS, "😀"), Hint(Trouble.NO_WORDS, "🎉"))
