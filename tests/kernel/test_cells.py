"""No cell of a file that we hand out is a formula, however its sign is written or hidden."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.blueprints.billing.sheets import plain
from app.blueprints.insights.tables import Table, to_csv
from app.kernel.cells import harmless

SIGNS = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "⁺", "⁼", "\u2212"]
HIDING = ["", " ", "\u00a0", "\u3000", "\u200b", "\u200d", "\ufeff", "\u2060", "\u202e", "\0", "\x07", "\t",
          "\r\n", "\u00ad", "\u3164", "\u0301", " \u200b\u00a0\0"]  # fmt: skip


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", HIDING)
def test_a_formula_is_text_whatever_stands_before_it(before: str, sign: str) -> None:
    for guard in (harmless, plain):
        found = guard(f'{before}{sign}HYPERLINK("http://e.test")')
        assert found.startswith("'")
        assert "\0" not in found


@pytest.mark.parametrize(
    "text", ["", "王小雨", "a=b", "3-4", "x@example.test", "（括号）", "12.50", "0"]
)
def test_words_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_what_only_looks_like_a_number_does_not() -> None:
    for text in ("-1+1", "-1|x", "+1", "-", "-1\n=1", "-2"):
        assert harmless(text).startswith("'")


def test_every_file_uses_the_same_guard() -> None:
    table = Table("x", [("name", "name")], [["＝1+1"], ["\u200b=1"]])
    rows = list(csv.reader(io.StringIO(to_csv(table))))
    assert [row[0] for row in rows[1:]] == ["'＝1+1", "'\u200b=1"]
    assert plain(None) == ""
    assert plain(-5) == "-5"


@given(st.text())
def test_nothing_is_lost_but_nul(text: str) -> None:
    assert harmless(text).removeprefix("'").replace("'", "") == text.replace("\0", "").replace(
        "'", ""
    )
