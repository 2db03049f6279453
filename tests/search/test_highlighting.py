from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.seed_text import Prose
from app.search.highlighting import Marker
from app.search.language import parse
from app.search.views import Snippet


def shown(snippet: Snippet) -> str:
    return "".join(f"[{s.text}]" if s.marked else s.text for s in snippet)


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("退款", "怎么申请退款？退 款不是", "怎么申请[退款]？退 款不是"),
        ("退款流程", "退款的流程和退款流程", "退款的流程和[退款流程]"),
        ("复利", "複利與复利", "[複利]與[复利]"),
        ("退", "退款、进退", "[退]款、进[退]"),
        ("refund", "Refunds are refunded; prefund", "[Refunds] are [refunded]; prefund"),
        ('"refund"', "Refunds, a refund", "Refunds, a [refund]"),
        ("happiness", "Happy? happiness", "[Happy]? [happiness]"),
        ("cach*", "Caching the cache", "[Caching] the [cache]"),
        ("flask框架", "用 Flask 框架 写的flask框架", "用 [Flask 框架] 写的[flask框架]"),
        ("app.kernel", "see app.kernel and app kernels", "see [app.kernel] and [app kernels]"),
        ("２０２４", "2024年、20240", "[2024]年、20240"),
        ("username", "call getUserName()", "call getUserName()"),
        ("user", "call getUserName()", "call [getUserName]()"),
        ("x OR b", "X b c", "[X] [b] c"),
        # A word that stands everywhere is not looked for beside others, so it is not marked.
        ("a OR b", "A b c", "A [b] c"),
        ("-退款 书", "退款的书", "退款的[书]"),
        ("ＡＢＣ", "abc def", "[abc] def"),
        ("cafe", "au café", "au [café]"),
        ("退款", "申请退\n款了", "申请[退\n款]了"),
        ("e-mail", "Email or e-mail", "[Email] or [e-mail]"),
        ("email", "an e-mail", "an [e-mail]"),
        ("1299", "卖1,299元", "卖[1,299]元"),
        ("C++", "C++20 or c", "[C++]20 or c"),
    ],
)
def test_words_are_marked_as_they_are_found(query: str, text: str, marked: str) -> None:
    assert shown(Marker(parse(query).terms).mark(text)) == marked


def test_loosely_pairs_are_marked_too() -> None:
    marker = Marker(parse("怎么申请退款").terms, loose=True)
    assert shown(marker.mark("退款要申请么")) == "[退款]要[申请]么"


def test_a_snippet_shows_where_most_words_stand() -> None:
    text = "开头。" * 100 + "退款" + "中间。" * 100 + "退款的流程" + "结尾。" * 100
    snippet = Marker(parse("退款 流程").terms).snippet(text, length=60)
    assert "[退款]的[流程]" in shown(snippet)
    assert (snippet[0].text, snippet[-1].text) == ("…", "…")
    assert len(shown(snippet)) < 70


def test_at_the_end_of_a_text_the_words_stand_early_enough_to_be_seen() -> None:
    """A phone shows three lines of some twenty characters."""
    text = "慢慢说明来龙去脉。" * 40 + "最后点申请退款。"
    said = shown(Marker(parse("退款").terms).snippet(text))
    assert said.endswith("[退款]。")
    assert 30 < said.index("[退款]") <= 62


def test_a_snippet_begins_with_no_mark_that_ends_what_was_left_out() -> None:
    text = "说" * 90 + "（之前）。 " + "话" * 27 + "退款" + "后" * 200
    said = shown(Marker(parse("退款").terms).snippet(text))
    assert said.startswith("…" + "话" * 27 + "[退款]")


def test_a_snippet_without_words_is_the_beginning() -> None:
    assert shown(Marker(parse("没有").terms).snippet("第一行\n\n第二行")) == "第一行 第二行"


@given(st.integers(0, 10_000), st.text(max_size=20))
def test_no_text_is_lost_or_changed(seed: int, query: str) -> None:
    rng = random.Random(seed)
    text = " ".join(Prose(rng).paragraph().split())
    words = parse(query + " " + text[seed % 50 : seed % 50 + rng.randint(1, 6)]).terms
    marked = Marker(words, loose=bool(seed % 2)).mark(text)
    assert "".join(segment.text for segment in marked) == text
    piece = "".join(s.text for s in Marker(words).snippet(text)).strip("…")
    assert piece in text


def test_of_a_long_text_the_lines_around_the_words_are_enough() -> None:
    lines = [f"第{number}行的**内容**" for number in range(2_000)]
    lines[1_500] = "这里说到`退款`的流程"
    marker = Marker(parse("退款").terms)
    piece = marker.around("\n".join(lines), length=1_000)
    assert len(piece) < 1_500
    assert piece.startswith("第") and "退款" in piece
    assert marker.around("别的\n" * 2_000, length=1_000) == ""


def test_a_line_end_within_a_chinese_word_is_no_gap_in_a_snippet() -> None:
    pieces = Marker(parse("退款").terms).snippet("怎么申请 退\n款。\n\n退 款")
    assert shown(pieces) == "怎么申请 [退 款]。 退 款"
