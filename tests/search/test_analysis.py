"""Analysis: what a text is looked up by, and where it stands in the original."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.search import analysis
from app.search.analysis import Kind, passage, stands, units, wanted
from app.search.folding import fold
from app.search.port import Text
from bin.tools import simplified

CHINESE = st.text("退款流程怎么办理退費說明书星球会员的一二三", min_size=1, max_size=30)
ANYTHING = st.text(max_size=60)
MIXED = st.text(
    st.sampled_from(
        "退款流程怎么办a股iPhoneFoo_bar.C+#'’15３Ａ，。！ \n\t退費裡\u200bé\u0301ﬁ½가ｶﾞ👩‍💻"
    ),
    max_size=40,
)


def tokens(text: str, kind: Kind) -> list[str]:
    return [unit.token for unit in units(text) if unit.kind is kind]


def found(query: str, text: str, *, exact: bool = False, prefix: bool = False) -> bool:
    return stands(wanted(Text(query, exact=exact, prefix=prefix)), passage("", "", text).places)


def test_the_table_of_characters_is_the_tools() -> None:
    assert simplified.TARGET.read_text(encoding="utf-8") == simplified.content()


def test_chinese_becomes_overlapping_pairs_and_single_characters() -> None:
    assert tokens("退款流程", Kind.PAIR) == ["退款", "款流", "流程"]
    assert tokens("退款", Kind.CHAR) == ["退", "款"]
    assert tokens("退款，流程", Kind.PAIR) == ["退款", "流程"]


def test_letters_and_digits_are_split_from_chinese_and_from_each_other() -> None:
    assert tokens("买iPhone15手机", Kind.WORD) == ["iphone", "phone", "15"]
    assert tokens("买iPhone15手机", Kind.PAIR) == ["买iphone", "15手", "手机"]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("退款", "我要退款"),
        ("退費", "怎么退费"),
        ("退费", "怎麼退費"),
        ("ＡＢＣ", "see abc"),
        ("abc", "見ＡＢＣ表"),
        ("FLASK", "Flask 入门"),
        ("款", "退款"),
        ("退款，怎么", "我要退款，怎么办"),
        ("款，怎", "我要退款，怎么办"),
        ("A股", "买A股"),
        ("A股", "买 A 股"),
        ("a股市场", "A 股市场"),
        ("iPhone手机", "我的 iPhone 手机"),
        ("iphone15", "iPhone 15 Pro"),
        ("iPhone 15", "iphone15"),
        ("3月17日", "2009年3月17日"),
        ("app.kernel", "see app.kernel.db"),
        ("kernel", "see app.kernel.db"),
        ("foo_bar", "call foo_bar()"),
        ("bar", "call foo_bar()"),
        ("getUserName", "x.getUserName()"),
        ("getusername", "x.getUserName()"),
        ("user", "x.getUserName()"),
        ("GitHub", "github.com"),
        ("https://e.com/a?b=1", "见https://e.com/a?b=1，好的"),
        ("C++", "学 C++ 吗"),
        ("c#", "C#与.NET"),
        ("don't", "I don’t know"),
        ("user", "the user's plan"),
        ("searching", "he searches"),
        ("search", "searching"),
        ("searching", "search"),
        ("café", "cafe\u0301"),
        ("退款", "退\u200b款"),
        ("ガ", "ｶﾞ"),
        ("naïve", "NAÏVE"),
        ("cafe", "au café"),
        ("Café", "a cafe"),
        ("resumé", "Résumé"),
        ("Zurich", "in Zürich"),
        ("Malmo", "Malmö"),
        ("Lodz", "Łódź"),
        ("αθηνα", "Αθήνα"),
        ("C++", "用C++20写"),
        ("C++20", "C++20 的模块"),
        ("C#", "C#12 新语法"),
        ("email", "send an e-mail"),
        ("e-mail", "my email"),
        ("e-mail", "my e-mail"),
        ("E‑Mail", "emails"),
        ("wifi", "连不上 Wi-Fi"),
        ("Wi-Fi", "连不上WiFi"),
        ("real-time", "in real time"),
        ("real-time", "realtime"),
        ("e-mail退订", "怎么用email退订"),
        ("1299", "价格 1,299 元"),
        ("1,299", "价格1299元"),
        ("1,299元", "价格1299元"),
        ("1299元", "只要1,299元"),
        ("299", "1,299"),
        ("200", "100，200，300"),
        ("20", "10,20,30"),
        ("1234567.5", "1,234,567.5"),
        ("username", "the userName"),
        ("userName", "the username"),
        ("睡眠质量", "改善睡眠\n质量的办法"),
        ("睡眠质量", "改善睡\r\n  眠质量的办法"),
        ("iPhone手机", "iPhone\n手机"),
    ],
)
def test_it_finds(query: str, text: str) -> None:
    assert found(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("退款", "退了款"),
        ("款退", "退款"),
        ("A股", "a级与股市"),
        ("c++", "c plus"),
        ("foo_bar", "foo and bar"),
        ("果香", "苹果 香蕉"),
        ("果香", "苹果\n\n香蕉"),
        ("果香", "苹果。\n香蕉"),
        ("email", "e mail"),
        ("电子", "申-子"),
        ("", "退款"),
        ("，！", "退款，！"),
    ],
)
def test_it_does_not_find(query: str, text: str) -> None:
    assert not found(query, text)


def test_a_quoted_word_is_exact() -> None:
    assert not found("searching", "he searches", exact=True)
    assert found("searches", "he searches", exact=True)


def test_the_last_word_may_go_on() -> None:
    assert found("kube", "use kubernetes now", prefix=True)
    assert found("use kub", "use kubernetes now", prefix=True)
    assert not found("kube", "use kubernetes now")
    assert not found("kub use", "use kubernetes now", prefix=True)
    assert found("退", "退款", prefix=True)


def test_nothing_stands_together_across_fields() -> None:
    places = passage("我要退", "", "款项").places
    assert not stands(wanted(Text("退款")), places)
    analysed = passage("标题", "名字", "正文")
    assert analysed.places["p标题"] == [0] and analysed.names_from <= analysed.places["p名字"][0]
    assert analysed.body_from <= analysed.places["p正文"][0] and analysed.length == 6


@given(CHINESE, st.data())
def test_every_substring_of_chinese_is_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert found(text[start:end], text)


@given(MIXED)
@settings(max_examples=300)
def test_a_text_is_found_by_itself(text: str) -> None:
    need = wanted(Text(text))
    assert need.empty or stands(need, passage("", "", text).places)


@given(ANYTHING | MIXED)
@settings(max_examples=300)
def test_units_say_where_they_stand(text: str) -> None:
    last = 0
    for unit in units(text):
        assert 0 <= unit.start < unit.end <= len(text) and unit.position >= last - 1
        last = max(last, unit.position)
        if unit.kind in (Kind.CHAR, Kind.PAIR) or (unit.kind is Kind.WORD and unit.token.isdigit()):
            assert unit.token[0] in fold(text[unit.start : unit.end]).text


@given(ANYTHING | MIXED)
@settings(max_examples=300)
def test_folding_knows_the_way_back_and_ends(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert list(folded.starts) == sorted(folded.starts)
    assert all(
        start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True)
    )


@given(st.text(st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF), max_size=30))
def test_folding_again_changes_nothing(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


def test_a_stem_is_kept_in_mind() -> None:
    assert analysis.stem("refunds") == "refund" and analysis.stem("退款") == "退款"


def test_a_heap_of_marks_on_one_letter_costs_no_more_than_as_much_text() -> None:
    """Putting marks in order takes the square of how many there are; readers would wait for it."""
    began = time.process_time()
    assert fold("a" + "\u0301\u0316" * 50_000 + "b").text == "ab"
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text", ["a'" * 40_000 + "é", "a" * 80_000 + "é", "aB" * 40_000, "A" + "b" * 90_000]
)
def test_long_and_strange_words_neither_hang_nor_make_long_keys(text: str) -> None:
    started = time.process_time()
    found = passage("", "", text)
    assert time.process_time() - started < 5
    assert max(len(key) for key in found.places) <= 66
