"""What search says to people: hints, filters, tips."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from flask_babel import gettext, lazy_gettext, lazy_pgettext, ngettext

from app.blueprints.language import look
from app.kernel.errors import Invalid
from app.search.language import Filter, Hint, Trouble
from app.search.port import Part, Sort
from app.search.views import Way

KINDS = {"post": lazy_gettext("Posts"), "question": lazy_gettext("Questions")}
STATES = {
    ("is", "answered"): lazy_gettext("Answered questions"),
    ("is", "unanswered"): lazy_gettext("Questions without an answer"),
    ("is", "digest"): lazy_gettext("Digest"),
    ("has", "image"): lazy_gettext("With pictures"),
    ("has", "file"): lazy_gettext("With files"),
    ("from", "me"): lazy_gettext("Written by me"),
    ("from", "owner"): lazy_gettext("Written by the owner"),
    ("in", "bookmarks"): lazy_gettext("My bookmarks"),
}
PLACES = {
    ("in", "title"): lazy_gettext("In titles"),
    ("in", "answers"): lazy_gettext("In answers"),
    ("in", "comments"): lazy_gettext("In comments"),
}
AGES = {
    "7d": lazy_gettext("Last 7 days"),
    "1m": lazy_gettext("Last month"),
    "1y": lazy_gettext("Last year"),
}
_AGES = {
    **{("after", age): label for age, label in AGES.items()},
    ("after", "0d"): lazy_gettext("Since today"),
    ("after", "1d"): lazy_gettext("Since yesterday"),
    ("before", "0d"): lazy_gettext("Before today"),
    ("before", "1d"): lazy_gettext("Before yesterday"),
}
PARTS = {
    Part.TOPIC: lazy_gettext("Topic"),
    Part.ANSWER: lazy_gettext("Answer"),
    Part.COMMENT: lazy_gettext("Comment"),
}
NAMED = {"file": lazy_gettext("File"), "author": lazy_gettext("Author")}
TITLES = {
    "planet": lazy_gettext("Planet"),
    "kind": lazy_gettext("Kind"),
    "year": lazy_gettext("Year"),
    "starter": lazy_gettext("Begun by"),
    "state": lazy_gettext("Only"),
    "place": lazy_gettext("Where the words stand"),
    "age": lazy_gettext("Published"),
}
SORTS = {Sort.RELEVANCE: lazy_gettext("Best first"), Sort.NEW: lazy_gettext("Newest first")}
_LABELS: Mapping[str, Mapping[Any, object]] = {
    "kind": KINDS,
    "state": STATES,
    "place": PLACES,
    "age": {("after", age): label for age, label in AGES.items()},
    "part": PARTS,
    "named": NAMED,
    "title": TITLES,
    "sort": SORTS,
}

_HINTS: Mapping[Trouble, object] = {
    Trouble.UNKNOWN_OPERATOR: lazy_gettext(
        "“%(word)s” was searched for as a word. Did you mean %(name)s: ?"
    ),
    Trouble.EMPTY_VALUE: lazy_gettext("Nothing stands after “%(word)s”, so it was left out."),
    Trouble.BAD_VALUE: lazy_gettext("“%(word)s” was not understood and left out."),
    Trouble.BAD_DATE: lazy_gettext(
        "“%(word)s” is no date and was left out. Write 2026-09-01, 2026-09, 2026 or 7d."
    ),
    Trouble.OPEN_QUOTE: lazy_gettext("A quotation mark has no partner, so it was left out."),
    Trouble.CANNOT_EXCLUDE: lazy_gettext(
        "“%(word)s” was left out: a minus goes before words only, not before filters."
    ),
    Trouble.TOO_LONG: lazy_gettext("The search was too long: only its beginning counted."),
    Trouble.TOO_MANY_WORDS: lazy_gettext("Too many words: only the first ones counted."),
    Trouble.NO_WORDS: lazy_gettext(
        "In “%(word)s” is nothing to search for: write words or numbers."
    ),
    Trouble.UNKNOWN_AUTHOR: lazy_gettext("Nobody called “%(word)s” wrote anything you may read."),
    Trouble.UNKNOWN_PLANET: lazy_gettext("No planet of yours is called “%(word)s”."),
    Trouble.OTHER_PLANET: lazy_gettext(
        "Only this planet is searched here, and it is not called “%(word)s”."
    ),
    Trouble.UNKNOWN_TAG: lazy_gettext("No topic you may read has the tag “%(word)s”."),
    Trouble.SIGN_IN: lazy_gettext("“%(word)s” works when you are signed in."),
    Trouble.RUN_TOGETHER: lazy_gettext(
        "“%(word)s” stands nowhere in one piece, so this was searched for: %(name)s"
    ),
}
_CHOICES = lazy_gettext("%(hint)s Possible here: %(choices)s.")
# The values of operators as they can be typed in the page's language.
_VALUES = {
    "post": lazy_pgettext("search value", "post"),
    "question": lazy_pgettext("search value", "question"),
    "title": lazy_pgettext("search value", "title"),
    "answers": lazy_pgettext("search value", "answers"),
    "comments": lazy_pgettext("search value", "comments"),
    "bookmarks": lazy_pgettext("search value", "bookmarks"),
    "answered": lazy_pgettext("search value", "answered"),
    "unanswered": lazy_pgettext("search value", "unanswered"),
    "digest": lazy_pgettext("search value", "digest"),
    "image": lazy_pgettext("search value", "image"),
    "file": lazy_pgettext("search value", "file"),
    "relevance": lazy_pgettext("search value", "relevance"),
    "new": lazy_pgettext("search value", "new"),
}

_TIPS = (
    (
        lazy_pgettext("search example", "refund rules"),
        lazy_gettext("Topics in which both words stand."),
    ),
    (
        lazy_pgettext("search example", '"refund rules"'),
        lazy_gettext("Exactly this, together."),
    ),
    (
        lazy_pgettext("search example", "refund -course"),
        lazy_gettext("Without the second word."),
    ),
    (
        lazy_pgettext("search example", "refund OR money"),
        lazy_gettext("One of the two."),
    ),
    (
        lazy_pgettext("search example", "refund from:owner"),
        lazy_gettext("By the owner; also a name, or me."),
    ),
    (
        lazy_pgettext("search example", "refund is:answered"),
        lazy_gettext("Answered questions; also unanswered, digest."),
    ),
    (
        lazy_pgettext("search example", "refund in:title"),
        lazy_gettext("In titles; also answers, comments, bookmarks."),
    ),
    (
        lazy_pgettext("search example", "refund has:file"),
        lazy_gettext("With files; also image."),
    ),
    (
        lazy_pgettext("search example", "refund after:30d"),
        lazy_gettext("In the last 30 days; also a day, before, year."),
    ),
    (
        lazy_pgettext("search example", "refund tag:money"),
        lazy_gettext("With this tag; also planet, kind, sort."),
    ),
)


def labels(group: str) -> Mapping[Any, str]:
    """Return the labels of a group of choices in the page's language. Finished once for each language: a
    lazy text looks for the language each time, and a page of results shows sixty labels."""
    language, script, _zone = look()
    return _finished(group, language, script)


@cache
def _finished(group: str, _language: str, _script: str | None) -> Mapping[Any, str]:
    return {key: str(label) for key, label in _LABELS[group].items()}


def hint_words(hint: Hint) -> str:
    """Return what to tell about a part of a query that could not be done."""
    said = str(_HINTS[hint.trouble]) % {"word": hint.word, "name": hint.name}
    if hint.choices:
        choices = [str(_VALUES.get(choice, choice)) for choice in hint.choices]
        said = str(_CHOICES) % {"hint": said, "choices": gettext(", ").join(choices)}
    return said


def filter_words(one: Filter, planets: Mapping[str, str]) -> str:
    """Return a filter as its chip shows it. `planets`: slug -> name."""
    fixed = STATES.get((one.name, one.value)) or PLACES.get((one.name, one.value))
    if fixed is not None:
        return str(fixed)
    if one.name == "planet":
        return planets.get(one.value, one.value)
    if one.name == "kind":
        return str(KINDS[one.value])
    if one.name in ("after", "before") and (age := _age_words(one)):
        return age
    said = {
        "from": gettext("By %(name)s", name=one.value),
        "starter": gettext("Begun by %(name)s", name=one.value),
        "tag": f"#{one.value}",
        "after": gettext("Since %(day)s", day=one.value),
        "before": gettext("Before %(day)s", day=one.value),
        "year": one.value,
    }
    return str(said.get(one.name, one))


def _age_words(one: Filter) -> str:
    """Return what `after:30d` and its like are called; "" for days of the calendar."""
    if named := _AGES.get((one.name, one.value)):
        return str(named)
    number, unit = one.value[:-1], one.value[-1:]
    if unit not in ("d", "w", "m", "y"):
        return ""
    spans = {
        "d": ngettext("%(num)s day", "%(num)s days", int(number)),
        "w": ngettext("%(num)s week", "%(num)s weeks", int(number)),
        "m": ngettext("%(num)s month", "%(num)s months", int(number)),
        "y": ngettext("%(num)s year", "%(num)s years", int(number)),
    }
    if one.name == "after":
        return str(gettext("Last %(span)s", span=spans[unit]))
    return str(gettext("More than %(span)s ago", span=spans[unit]))


def tips() -> list[tuple[str, str]]:
    """Return what can be typed: an example in the page's language and what it does."""
    return [(str(example), str(said)) for example, said in _TIPS]


def title_words(words: str) -> str:
    """Return the page's title; `words` are what was searched for, "" before anything was."""
    return str(gettext("Search: %(words)s", words=words) if words else gettext("Search"))


def count_words(total: int) -> str:
    """Return how many topics were found."""
    return str(ngettext("%(num)s topic found", "%(num)s topics found", total))


def near_words(whole: int) -> str:
    """Return the line above what comes near; `whole` of it have all words."""
    if not whole:
        return str(gettext("These have some of the words only"))
    return str(
        ngettext(
            "The closest first: %(num)s of these has all the words",
            "The closest first: %(num)s of these have all the words",
            whole,
        )
    )


def untitled() -> str:
    """Return what stands for a topic whose words were withdrawn."""
    return str(gettext("A question whose text was withdrawn"))


def gone() -> str:
    """Return what stands for a deleted topic."""
    return str(gettext("Deleted topic"))


def way_words(way: Way) -> str:
    """Return a way on from a search that found nothing."""
    values = {"query": way.query, "num": way.total}
    if way.kind == "without_filters":
        return str(gettext("Without filters: %(query)s (%(num)s)", **values))
    if way.kind == "everywhere":
        return str(gettext("In all my planets: %(query)s (%(num)s)", **values))
    return str(gettext("With fewer words: %(query)s (%(num)s)", **values))


def all_planets() -> str:
    """Return what all planets of the reader together are called."""
    return str(gettext("All my planets"))


def refused(error: Invalid) -> str:
    """Return why a search was not saved."""
    said = {
        "too_long": gettext("This search is too long to be saved: at most %(limit)s characters."),
        "too_many_searches": gettext("You keep %(limit)s searches already. Delete one first."),
    }
    return str(said.get(error.code, gettext("Search for something first."))) % error.values
