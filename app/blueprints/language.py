"""The reader's words and times in templates: catalogue and zone looked up quickly.

A page asks for some hundred words and times. Through flask_babel's gettext and format_datetime
they cost more than all the rest of the page, so templates get tables of finished words, one per
language, and plain formatting of times.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_skeleton
from flask import Flask, g
from flask_babel import get_domain, get_locale, get_timezone, gettext
from markupsafe import Markup

_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Language -> English text (and number) -> the finished word. Bounded by what templates contain.
_tables: dict[str, dict[Any, Markup]] = {}
_KEPT_NUMBERS = 200


def say(text: str, **values: Any) -> Markup:
    """Return a text in the reader's language; `values` are escaped and filled in."""
    table = _table()
    found = table.get(text)
    if found is None:
        found = table[text] = Markup(gettext(text))  # noqa: S704 - our own catalogue
    return found % values if values else found


def say_number(one: str, many: str, num: int, **values: Any) -> Markup:
    """Return the plural form for `num`, which the text calls %(num)s; `values` as in `say`."""
    table = _table()
    found = table.get((one, num))
    if found is None:
        catalogue = get_domain().get_translations()
        found = Markup(catalogue.ungettext(one, many, num))  # noqa: S704 - our own catalogue
        if num < _KEPT_NUMBERS:
            table[one, num] = found
    return found % {"num": num, **values}


def _table() -> dict[Any, Markup]:
    """Return the table of the present language (a page's, or a letter's in force_locale)."""
    state = g.get("_flask_babel")
    locale = getattr(state, "babel_locale", None) or get_locale()
    key = f"{locale.language}_{locale.script}" if locale.script else locale.language
    table = _tables.get(key)
    if table is None:
        table = _tables[key] = {}
    return table


def look() -> tuple[str, str | None, str]:
    """Return what words and times on this page hang on: its language and script, and the zone."""
    state = g.get("_flask_babel")
    locale = getattr(state, "babel_locale", None) or get_locale()
    zone = getattr(state, "babel_tzinfo", None) or get_timezone()
    return locale.language, locale.script, zone.zone


def local_datetime(moment: datetime) -> str:
    """Return a moment in the reader's zone and language, to the minute."""
    here = moment.astimezone(_zone())
    if _is_english():
        half = "AM" if here.hour < 12 else "PM"
        return f"{_english_day(here)}, {here.hour % 12 or 12}:{here.minute:02d} {half}"
    return f"{here.year}-{here.month:02d}-{here.day:02d} {here.hour:02d}:{here.minute:02d}"


def local_date(moment: datetime) -> str:
    """Return a day in the reader's zone and language."""
    here = moment.astimezone(_zone())
    if _is_english():
        return _english_day(here)
    return f"{here.year}-{here.month:02d}-{here.day:02d}"


def local_last_day(ends_at: datetime) -> str:
    """Return the last day of something that ends at a midnight, in the reader's zone and language."""
    return local_date(ends_at - timedelta(microseconds=1))


def month_words(month: str) -> str:
    """Return a month that is written as 2026-11 in the reader's language."""
    first = date.fromisoformat(f"{month}-01")
    return str(format_skeleton("yMMM", first, locale=get_locale()))


def in_a_row(sentences: Iterable[str]) -> Markup:
    """Return sentences as one text: Chinese full stops bring their own space."""
    between = Markup(" ") if _is_english() else Markup("")
    return between.join(each for each in sentences if each)


def iso(moment: datetime) -> str:
    """Return the moment for a <time datetime> attribute."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


@cache
def known_timezones() -> frozenset[str]:
    """Return the names of all time zones. Read from disk once: it takes a tenth of a second."""
    return frozenset(available_timezones())


def _english_day(here: datetime) -> str:
    return f"{_MONTHS[here.month]} {here.day}, {here.year}"


def _zone() -> ZoneInfo:
    state = g.get("_flask_babel")
    zone = getattr(state, "babel_tzinfo", None) or get_timezone()
    # flask_babel gives pytz zones, whose conversion is ten times slower than the standard one.
    return ZoneInfo(str(zone))


def _is_english() -> bool:
    state = g.get("_flask_babel")
    locale = getattr(state, "babel_locale", None) or get_locale()
    return bool(locale.language == "en")


def install(app: Flask) -> None:
    """Give templates the words and times. After Babel, whose slower ones they replace."""
    app.jinja_env.globals.update({"_": say, "gettext": say, "ngettext": say_number})
    app.jinja_env.filters.update(
        local_datetime=local_datetime,
        local_date=local_date,
        last_day=local_last_day,
        in_a_row=in_a_row,
        iso=iso,
    )
