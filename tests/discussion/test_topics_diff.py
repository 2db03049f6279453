"""The diff gives both texts back, whatever they are, and finds small changes in long Chinese lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.discussion.diffing import diff_texts

TEXTS = st.text(alphabet="ab 的是\n，.", max_size=120)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_the_diff(old: str, new: str) -> None:
    parts = diff_texts(old, new)
    assert "".join(text for op, text in parts if op != "ins") == old
    assert "".join(text for op, text in parts if op != "del") == new


def test_a_changed_word_is_found_in_its_line() -> None:
    parts = diff_texts("先抄原文，再写一遍。\n尾", "先读原文，再写一遍。\n尾")
    assert parts == [("same", "先"), ("del", "抄"), ("ins", "读"), ("same", "原文，再写一遍。\n尾")]


def test_a_long_paragraph_with_one_change_is_compared_by_words() -> None:
    old = "字" * 4_000 + "旧" + "尾" * 4_000
    assert ("del", "旧") in diff_texts(old, old.replace("旧", "新"))
