"""What results show of Markdown is made plain once, and never shows a text that is not there any more."""

from __future__ import annotations

import pytest

from app.kernel.text import plain_text
from app.search import plain
from app.search.plain import Plain


def test_a_text_is_made_plain_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(source: str) -> str:
        made.append(source)
        return plain_text(source)

    monkeypatch.setattr(plain, "plain_text", counted)
    kept = Plain()
    for _ in range(3):
        assert kept.of("**退款**规则").text == "退款规则"
    assert kept.of("**退款**规则，改过").text == "退款规则，改过"
    assert made == ["**退款**规则", "**退款**规则，改过"]


def test_it_keeps_no_more_than_it_may() -> None:
    kept = Plain(most=2_000)
    for number in range(200):
        assert kept.of(f"*{number}* " + "字" * 50).text == f"{number} " + "字" * 50
        assert kept._used <= 2_000
    assert 0 < len(kept._held) < 20
    assert kept.of("x" * 5_000).text == "x" * 5_000 and kept._used == 0


def test_odd_characters_are_taken() -> None:
    assert Plain().of("a\ud800b").text == plain_text("a\ud800b")
