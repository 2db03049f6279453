"""Words and times in templates are those of flask_babel, only quicker, and safe."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask
from flask_babel import force_locale, gettext, ngettext
from markupsafe import Markup

from app.blueprints.language import in_a_row, local_date, local_datetime, say, say_number

EVENING = datetime(2026, 9, 16, 16, 5, tzinfo=UTC)


def test_a_word_is_the_catalogue_s_in_each_language(app: Flask) -> None:
    for language in ("zh_Hans", "en", "zh_Hans"):
        with app.test_request_context("/"), force_locale(language):
            for _twice in range(2):
                assert say("Sign in") == gettext("Sign in")
                assert isinstance(say("Sign in"), Markup)


def test_values_are_escaped(app: Flask) -> None:
    with app.test_request_context("/"):
        for _twice in range(2):
            assert "&lt;b&gt;" in say("Topic by %(name)s", name="<b>")
            assert "<b>" not in say("Topic by %(name)s", name="<b>")


def test_plurals_follow_the_number(app: Flask) -> None:
    with app.test_request_context("/"), force_locale("en"):
        for number in (0, 1, 2, 5000):
            for _twice in range(2):
                expected = ngettext("%(num)s reply", "%(num)s replies", number)
                assert say_number("%(num)s reply", "%(num)s replies", number) == expected


def test_times_are_in_the_reader_s_zone(app: Flask) -> None:
    with app.test_request_context("/"):
        with force_locale("zh_Hans"):
            assert local_datetime(EVENING) == "2026-09-17 00:05"
            assert local_date(EVENING) == "2026-09-17"
        with force_locale("en"):
            assert local_datetime(EVENING) == "Sep 17, 2026, 12:05 AM"
            assert local_date(EVENING) == "Sep 17, 2026"


def test_chinese_sentences_stand_without_spaces_between(app: Flask) -> None:
    with app.test_request_context("/"):
        with force_locale("zh_Hans"):
            assert in_a_row(["退回。", "", "结束。"]) == "退回。结束。"
        with force_locale("en"):
            assert in_a_row(["Back.", "Over <now>."]) == "Back. Over &lt;now&gt;."
