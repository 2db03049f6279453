"""The query language: what a person types becomes a `Query`, and a `Query` can be written again.

Words are AND; `"together"` (also “ ” and 「 」), `-without`, `this OR that` (或), `begin*`, and operators
such as `from:王小雨`, `is:answered`, `after:7d` (之后：7天). Nothing typed is an error: what makes no sense
is left out, with a `Hint`. No database here: people, planets and tags are looked up by `names`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from enum import StrEnum

from app.kernel.text import clean
from app.search import analysis, operators, port
from app.search.folding import fold, in_either_script

MAX_LENGTH = 300
MAX_WORDS = 32
# A word that goes on stands for dozens.
MAX_PREFIXES = 4


class Trouble(StrEnum):
    """What a hint is about."""

    UNKNOWN_OPERATOR = "unknown_operator"
    EMPTY_VALUE = "empty_value"
    BAD_VALUE = "bad_value"
    BAD_DATE = "bad_date"
    OPEN_QUOTE = "open_quote"
    CANNOT_EXCLUDE = "cannot_exclude"
    TOO_LONG = "too_long"
    TOO_MANY_WORDS = "too_many_words"
    NO_WORDS = "no_words"
    UNKNOWN_AUTHOR = "unknown_author"
    UNKNOWN_PLANET = "unknown_planet"
    OTHER_PLANET = "other_planet"
    UNKNOWN_TAG = "unknown_tag"
    SIGN_IN = "sign_in"
    RUN_TOGETHER = "run_together"


@dataclass(frozen=True, slots=True)
class Hint:
    """Something in a query that could not be done. `word` is what was typed, `name` the operator meant (""
    none), `choices` what would have been understood. Of what was run together `name` is how it was cut."""

    trouble: Trouble
    word: str = ""
    name: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or words that stand together. `exact`: in quotes; `prefix`: it may go on."""

    text: str
    exact: bool = False
    prefix: bool = False
    excluded: bool = False

    def __str__(self) -> str:
        """Return it as it is typed."""
        text = f'"{self.text}"' if self.exact else self.text
        return f"{'-' if self.excluded else ''}{text}{'*' if self.prefix else ''}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """Words of which one must be there."""

    words: tuple[Word, ...]

    def __str__(self) -> str:
        """Return them as they are typed."""
        return " OR ".join(map(str, self.words))


@dataclass(frozen=True, slots=True)
class Filter:
    """An operator and its value, both in their canonical form."""

    name: str
    value: str

    def __str__(self) -> str:
        """Return it as it is typed."""
        bare = _BARE_VALUE.fullmatch(self.value)
        return f"{self.name}:{self.value}" if bare else f'{self.name}:"{self.value}"'


Item = Word | OneOf | Filter


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody asked. Immutable: `with_filter` and its like return another one."""

    items: tuple[Item, ...] = ()
    hints: tuple[Hint, ...] = ()

    @property
    def text(self) -> str:
        """The query in canonical form: parsing it gives the same query."""
        return " ".join(map(str, self.items))

    @property
    def words(self) -> str:
        """The words alone, without operators."""
        return " ".join(str(item) for item in self.items if not isinstance(item, Filter))

    @property
    def terms(self) -> tuple[Word, ...]:
        """The words that are to be found, without those of `-word` and, beside others, without words that
        stand in every text."""
        return tuple(word for word in self.asked if not self._idle(word))

    def _idle(self, item: Item) -> bool:
        """Whether something is a word that stands in every text, beside others that say more."""
        return _says_nothing(item) and not all(map(_says_nothing, self.asked))

    @property
    def asked(self) -> tuple[Word, ...]:
        """All words that are to be found, without those of `-word`."""
        found: list[Word] = []
        for item in self.items:
            if isinstance(item, OneOf):
                found += item.words
            elif isinstance(item, Word):
                found.append(item)
        return tuple(word for word in found if not word.excluded)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was asked."""
        return all(isinstance(item, Filter) and item.name == "sort" for item in self.items)

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values that an operator has in this query."""
        return tuple(
            item.value for item in self.items if isinstance(item, Filter) and item.name == name
        )

    def has(self, name: str, value: str) -> bool:
        """Whether the query has this filter."""
        return Filter(name, value) in self.items

    def with_filter(self, name: str, value: str) -> Query:
        """Return the query with one filter more; it takes the place of one that it contradicts."""
        kept = [
            item
            for item in self.items
            if not isinstance(item, Filter)
            or item.name != name
            or not (item.value == value or operators.excludes(name, value, item.value))
        ]
        return Query((*kept, Filter(name, value)))

    def without(self, name: str, value: str | None = None) -> Query:
        """Return the query without an operator, or without one of its values."""
        return Query(
            tuple(
                item
                for item in self.items
                if not isinstance(item, Filter)
                or item.name != name
                or (value is not None and item.value != value)
            )
        )

    def toggled(self, name: str, value: str) -> Query:
        """Return the query without a filter that it has, else with it."""
        return self.without(name, value) if self.has(name, value) else self.with_filter(name, value)

    def without_word(self, word: Word | OneOf) -> Query:
        """Return the query without one of its words."""
        return Query(tuple(item for item in self.items if item != word))

    def with_word(self, word: Word, other: Word) -> Query:
        """Return the query with another word in the place of one."""

        def changed(item: Item) -> Item:
            if isinstance(item, OneOf):
                return OneOf(tuple(other if one == word else one for one in item.words))
            return other if item == word else item

        return Query(tuple(changed(item) for item in self.items))

    def hinting(self, *hints: Hint) -> Query:
        """Return the query with more hints."""
        return replace(self, hints=(*self.hints, *hints))

    @property
    def node(self) -> port.Node:
        """The words as the engine takes them."""
        return port.All(
            tuple(
                _node(item)
                for item in self.items
                if not isinstance(item, Filter) and not self._idle(item)
            )
        )

    @property
    def sort(self) -> port.Sort:
        """The order that was asked for."""
        return port.Sort(next(iter(self.values("sort")), port.Sort.RELEVANCE))

    def filters(self, *, now: datetime, zone: tzinfo) -> port.Filters:
        """Return those filters that need no database. Days are those of `zone`, years those of UTC, as
        they are counted."""
        states, has, where = self.values("is"), self.values("has"), self.values("in")
        answered = True if "answered" in states else False if "unanswered" in states else None
        since, until = self._bounds(now, zone)
        return port.Filters(
            kinds=frozenset(self.values("kind")) or None,
            where=frozenset(port.Where(one) for one in where if one != "bookmarks"),
            answered=answered,
            digest=True if "digest" in states else None,
            has_image="image" in has,
            has_file="file" in has,
            since=since,
            until=until,
        )

    def _bounds(self, now: datetime, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
        earliest = [
            operators.stretch_of(one, now=now, zone=zone).since for one in self.values("after")
        ]
        latest = [
            operators.stretch_of(one, now=now, zone=zone).since for one in self.values("before")
        ]
        for year in self.values("year"):
            whole = operators.stretch_of(year, now=now, zone=UTC)
            earliest.append(whole.since)
            latest.append(whole.until)
        since = max(earliest).astimezone(UTC) if earliest else None
        return since, min(latest).astimezone(UTC) if latest else None


# Words that stand in every text. In quotes, with `-` or `*` they are words like others.
_SAYING_NOTHING = frozenset(
    """
    的 了 吗 呢 吧 啊 呀 嘛 么 是 和 与 或 在 请问
    a an the and or of to in on at for with from by is are was were be been am do does did it its this that
    these those there i you he she we they me my your his her our their as if so but than then what which who
    whom whose when where why how can could will would shall should may might must has have had not
    """.split()
)


def _says_nothing(item: Item) -> bool:
    if not isinstance(item, Word) or item.exact or item.prefix or item.excluded:
        return False
    return fold(item.text).text in _SAYING_NOTHING


def _node(item: Word | OneOf) -> port.Node:
    if isinstance(item, OneOf):
        return port.Either(tuple(_node(word) for word in item.words))
    text = port.Text(item.text, exact=item.exact, prefix=item.prefix)
    return port.Without(text) if item.excluded else text


# --- reading -----------------------------------------------------------------------------------------

_QUOTES = '"“”＂「」『』'
_BARE_VALUE = re.compile(rf"[^\s{_QUOTES}]+")
_IN_QUOTES = r'["“”＂]([^"“”＂]*)["“”＂]|「([^」]*)」|『([^』]*)』'
_NAME = "|".join(map(in_either_script, sorted(operators.OPERATORS, key=len, reverse=True)))
_OPERATOR = re.compile(rf"([-－]?)({_NAME})[:：](?:{_IN_QUOTES}|([^\s{_QUOTES}]*))", re.IGNORECASE)
_PHRASE = re.compile(rf"([-－]?)(?:{_IN_QUOTES})(\*?)")
# Between words: spaces, and what ends a clause in Chinese.
_BETWEEN = "\\s，。！？；：、（）《》【】"
_WORD = re.compile(rf"[^{_BETWEEN}{_QUOTES}]+")
_LIKE_OPERATOR = re.compile(r"[-－]?([A-Za-z]{2,12}):\S")
_OR = frozenset({"OR", "|", "||", "或", "或者"})


def parse(text: str) -> Query:
    """Return what was asked. Never raises."""
    return _Parser(clean(text)).parsed()


class _Parser:
    """Reads a text from left to right. `either`: an OR stands before what comes next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.items: list[Item] = []
        self.hints: list[Hint] = []
        self.either = False
        self.dangling = ""

    def parsed(self) -> Query:
        if len(self.text) > MAX_LENGTH:
            self.text = self.text[:MAX_LENGTH]
            self._hint(Trouble.TOO_LONG)
        at = 0
        while at < len(self.text):
            at = self._read(at)
        if not self.items:
            self.either = False
            self._word(Word(self.dangling, exact=True))
        if self.text.strip() and not self.items and not self.hints:
            self._hint(Trouble.NO_WORDS, self.text.strip())
        return Query(tuple(self._capped()), tuple(dict.fromkeys(self.hints)))

    def _read(self, at: int) -> int:
        """Read what stands at a place; return where the next begins."""
        if found := _OPERATOR.match(self.text, at):
            minus, name, *values = found.groups()
            self._filter(found[0], minus, operators.name_of(name), values)
        elif found := _PHRASE.match(self.text, at):
            minus, *inside, star = found.groups()
            quoted = _unquoted(next(one for one in inside if one is not None))
            self._word(Word(quoted, exact=True, prefix=bool(star), excluded=bool(minus)))
        elif found := _WORD.match(self.text, at):
            self._typed(self._without_dash(found[0], at))
        else:
            if self.text[at] in '"“＂「『':
                self._hint(Trouble.OPEN_QUOTE)
            return at + 1
        return found.end()

    def _without_dash(self, typed: str, at: int) -> str:
        """Return a word without the dash it begins with right behind quotes: `他说"好"--然后走了`."""
        behind = at > 0 and self.text[at - 1] in _QUOTES
        return typed.lstrip("-－") or typed if behind and typed[1:2] in ("-", "－") else typed

    def _hint(self, trouble: Trouble, word: str = "", name: str = "", *choices: str) -> None:
        self.hints.append(Hint(trouble, word, name, choices))

    def _filter(self, typed: str, minus: str, name: str, values: list[str | None]) -> None:
        self.either = False
        value = next((one for one in values if one), "")
        if minus:
            return self._hint(Trouble.CANNOT_EXCLUDE, typed, name)
        if not value.strip():
            return self._hint(Trouble.EMPTY_VALUE, typed, name, *operators.CHOICES.get(name, ()))
        canonical = operators.read_value(name, _unquoted(value))
        if canonical is None:
            dated = name in ("before", "after", "year")
            trouble = Trouble.BAD_DATE if dated else Trouble.BAD_VALUE
            return self._hint(trouble, typed, name, *operators.CHOICES.get(name, ()))
        self.items = list(Query(tuple(self.items)).with_filter(name, canonical).items)
        return None

    def _typed(self, typed: str) -> None:
        if typed in _OR:
            self.either, self.dangling = True, typed
            return
        if like := _LIKE_OPERATOR.match(typed):
            known = [name for name in operators.OPERATORS if name.isascii()]
            if near := get_close_matches(like[1].lower(), known, n=1, cutoff=0.75):
                self._hint(Trouble.UNKNOWN_OPERATOR, typed, operators.OPERATORS[near[0]])
        bare = typed.lstrip("-－")
        star = bare.endswith("*")
        text = bare.rstrip("*")
        # Behind a second hyphen: what would be an operator when it is written again.
        exact = _OPERATOR.match(text) is not None
        self._word(Word(text, exact=exact, prefix=star, excluded=typed[0] in "-－"))

    def _word(self, word: Word) -> None:
        if analysis.wanted(port.Text(word.text)).empty:
            if any(unicodedata.category(one) == "So" for one in word.text):
                self._hint(Trouble.NO_WORDS, word.text)
            return
        before = self.items[-1] if self.items else None
        either, self.either = self.either, False
        if either and isinstance(before, Word | OneOf):
            held = before.words if isinstance(before, OneOf) else (before,)
            self.items[-1] = OneOf((*held, word))
        else:
            self.items.append(word)

    def _capped(self) -> list[Item]:
        kept: list[Item] = []
        room, prefixes = MAX_WORDS, MAX_PREFIXES
        for item in self.items:
            if not isinstance(item, Filter):
                words = item.words if isinstance(item, OneOf) else (item,)
                going_on = sum(word.prefix for word in words)
                if len(words) > room or going_on > prefixes:
                    self._hint(Trouble.TOO_MANY_WORDS)
                    continue
                room -= len(words)
                prefixes -= going_on
            kept.append(item)
        return kept


def _unquoted(text: str) -> str:
    return " ".join("".join(" " if char in _QUOTES else char for char in text).split())
