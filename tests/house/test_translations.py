"""The catalogues: complete, and the tool that keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from bin.tools import translations


def test_every_text_is_translated_in_every_language() -> None:
    assert translations.faults() == []


def catalogue(*texts: str | tuple[str, str]) -> Catalog:
    """Return a template with these texts."""
    found = Catalog()
    for text in texts:
        found.add(text)
    return found


def test_merging_keeps_translations_and_drops_what_is_gone() -> None:
    old = Catalog(locale="zh_Hans")
    old.add("Join", "加入")
    old.add("Gone", "没有了")
    new = translations.merged("zh_Hans", catalogue("Join", "Leave"), old)
    assert {m.id: m.string for m in new if m.id} == {"Join": "加入", "Leave": ""}


def test_english_fills_itself() -> None:
    new = translations.merged("en", catalogue("Join", ("%(num)s day", "%(num)s days")), Catalog())
    assert [m.string for m in new if m.id] == ["Join", ("%(num)s day", "%(num)s days")]


def test_code_and_templates_are_searched(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "app" / "a.py").write_text('_("From code")\nngettext("%(num)s a", "%(num)s b", n)')
    (tmp_path / "templates" / "a.html").write_text("{% trans %} From\n page {% endtrans %}")
    ids = {m.id for m in translations.extract(tmp_path) if m.id}
    assert ids == {"From code", ("%(num)s a", "%(num)s b"), "From page"}


@pytest.mark.parametrize(
    ("text", "translation", "fault"),
    [
        ("Join", "", "not translated"),
        ("Hello %(name)s", "你好", "placeholders"),
        ("Hello, you", "你好,你", "half-width punctuation"),
        ("Done.", "完成.", "half-width punctuation"),
        ("Move “%(name)s”", "移动「%(name)s」", "corner brackets"),
    ],
)
def test_a_bad_translation_is_told(text: str, translation: str, fault: str) -> None:
    known = Catalog(locale="zh_Hans")
    known.add(text, translation)
    (message,) = [m for m in catalogue(text) if m.id]
    assert fault in " ".join(translations._faults_of(message, known.get(text)))


def test_a_good_translation_passes() -> None:
    known = Catalog(locale="zh_Hans")
    known.add("Version %(n)s, see a.b.", "版本 %(n)s，见 a.b。")
    (message,) = [m for m in catalogue("Version %(n)s, see a.b.") if m.id]
    assert translations._faults_of(message, known.get(message.id)) == []
