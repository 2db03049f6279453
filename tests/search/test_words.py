"""What search says: each operator's values can be typed as the page names them, each hint has its words."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from app.blueprints.search import words
from app.search import operators
from app.search.language import Filter, Hint, Trouble, parse

LANGUAGES = ("en", "zh_Hans")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_values_that_a_hint_names_can_be_typed(app: Flask, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        for name, values in operators.CHOICES.items():
            for value in values:
                assert operators.read_value(name, str(words._VALUES[value])) == value


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_hint_has_its_words(app: Flask, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        said = {words.hint_words(Hint(trouble, "退款", "is", ("answered",))) for trouble in Trouble}
    assert len(said) == len(Trouble)
    assert not any("%(" in one for one in said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_tips_show_is_understood(app: Flask, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        examples = [example for example, _said in words.tips()]
    assert [parse(example).hints for example in examples] == [()] * len(examples)
    with_filters = [
        example
        for example in examples
        if any(isinstance(item, Filter) for item in parse(example).items)
    ]
    assert len(with_filters) == 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_filter_has_a_chip(app: Flask, language: str) -> None:
    values = {**operators.CHOICES, "from": ("me", "owner", "王小雨"), "starter": ("王小雨",),
              "planet": ("orbit",), "tag": ("读书",), "before": ("2026-09",), "after": ("7d", "2026"),
              "year": ("2026",)}  # fmt: skip
    values.pop("sort")
    with app.test_request_context(), force_locale(language):
        for name, choices in values.items():
            for value in choices:
                said = words.filter_words(Filter(name, value), {"orbit": "轨道"})
                assert said
                assert f"{name}:" not in said


@pytest.mark.parametrize(
    ("typed", "english", "chinese"),
    [
        ("after:7d", "Last 7 days", "最近 7 天"),
        ("after:30d", "Last 30 days", "最近 30 天"),
        ("after:2w", "Last 2 weeks", "最近 2 周"),
        ("after:今天", "Since today", "今天起"),
        ("before:3m", "More than 3 months ago", "3 个月以前"),
        ("before:1y", "More than 1 year ago", "1 年以前"),
        ("before:昨天", "Before yesterday", "昨天之前"),
        ("after:2026-09", "Since 2026-09", "2026-09 起"),
    ],
)
def test_a_chip_says_a_time_in_words(app: Flask, typed: str, english: str, chinese: str) -> None:
    (chosen,) = parse(typed).items
    assert isinstance(chosen, Filter)
    for language, said in (("en", english), ("zh_Hans", chinese)):
        with app.test_request_context(), force_locale(language):
            assert words.filter_words(chosen, {}) == said
