"""Analysis: from text to the units that are looked up, shared by the engines and by highlighting.

A text is a row of *atoms*: a Chinese character (kana, hangul as well), a run of letters, a run of digits.
Each takes a position. Units are made of them:

- PAIR: two atoms side by side, one of them Chinese (`退款`, `3月`, `a股`; spaces before or after a word
  don't part them). A run of Chinese is looked up as its overlapping pairs in a row, so no substring
  can be missed, whatever a dictionary would think.
- CHAR: one Chinese character, for looking up a single one. Its positions are not kept.
- WORD: a word as typed; `getUserName` and `user's` have their parts at the same position, `1,299` is `1299`
  and has them too. `e-mail` stands there as `email` as well.
- STEM: an English word's stem, where it is not the word itself.

A single line end parts nothing: Chinese is broken anywhere. An empty line does.

`units` gives them with their places in the original text; `wanted` says what a query's text needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from snowballstemmer.english_stemmer import EnglishStemmer

from app.search.folding import Folded, fold
from app.search.port import Text

GAP = 16  # positions between title, names and body: nothing stands together across them
_LONGEST_WORD = 64
_LONGEST_IN_PAIR = 16
CHINESE = (
    r"\u3005\u3007\u3021-\u3029\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf"
    r"\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
_RUNS = re.compile(
    rf"(?P<chinese>[{CHINESE}]+)"
    r"|(?P<word>(?<!\d,)\d{1,3}(?:,\d{3})+(?!,?\d)|\d+"
    r"|[a-z]+(?:\+\+|(?<![a-z]{3})\#)(?![a-z])"
    rf"|[a-z]+(?:'[a-z]+){{0,3}}(?=[\W\d_{CHINESE}]|$)"
    rf"|(?:(?![{CHINESE}])[^\W\d_])+)"
)
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PARTS = re.compile(r"[a-z]{2,}")
_PLAIN = re.compile(r"[a-z']{3,}\Z")
_BREAK = re.compile(r"[ \t\u00a0]*\r?\n[ \t\u00a0]*\Z")
_BLANKS = " \t\u00a0"
_HYPHENS = "-\u2010\u2011"
_MOST_JOINED, _LONGEST_JOINED = (
    4,
    24,
)  # parts and letters of what may be written with hyphens or without


class Kind(StrEnum):
    """What a unit is; its value is the first letter of its key."""

    WORD = "w"
    STEM = "s"
    PAIR = "p"
    CHAR = "c"


class Unit(NamedTuple):
    """Something that can be looked up. `start` and `end` are places in the original text."""

    token: str
    kind: Kind
    position: int
    start: int
    end: int

    @property
    def key(self) -> str:
        """What the index knows the unit by."""
        return self.kind + self.token


class Atom(NamedTuple):
    """A word or a Chinese character, with its places in the folded text. `joined`: one of it and the atom
    before is Chinese, and only blanks beside a word, or one line end, stand between."""

    token: str
    chinese: bool
    start: int
    end: int
    joined: bool


# A unit's key, position, and places in the folded text.
_Raw = tuple[str, int, int, int]
_stemmer = EnglishStemmer()
_WORD, _STEM, _PAIR, _CHAR = (kind.value for kind in Kind)
_KINDS = {kind.value: kind for kind in Kind}


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Return the stem of an English word; anything else is its own."""
    return str(_stemmer.stemWord(word)) if _PLAIN.match(word) else word


def atoms(folded: str) -> Iterator[Atom]:
    """Cut a folded text into atoms."""
    last_end, last_chinese = -1, False
    for run in _RUNS.finditer(folded):
        start, end = run.span()
        chinese = run.lastgroup == "chinese"
        joined = (chinese or last_chinese) and _touch(
            folded, last_end, start, blanks=chinese != last_chinese
        )
        if chinese:
            yield Atom(folded[start], True, start, start + 1, joined)
            for at in range(start + 1, end):
                yield Atom(folded[at], True, at, at + 1, True)
        else:
            token = run.group().replace(",", "")[:_LONGEST_WORD]
            yield Atom(token, False, start, end, joined)
        last_end, last_chinese = end, chinese


def _touch(folded: str, end: int, start: int, *, blanks: bool) -> bool:
    """Whether nothing parts what ends and what starts there. `blanks` part nothing beside a word."""
    if end < 0 or end == start:
        return end == start
    between = folded[end:start]
    return (blanks and not between.strip(_BLANKS)) or _BREAK.match(between) is not None


def _pairs(one: Atom, other: Atom) -> bool:
    """Whether two neighbours make a pair."""
    return other.joined and len(one.token) <= _LONGEST_IN_PAIR >= len(other.token)


def _compounds(row: Sequence[Atom], folded: str) -> Iterator[tuple[int, int, str]]:
    """Yield what is written with hyphens (`e-mail`, `Wi-Fi`): from which atom of a row up to which, without
    it, and as it is written without them."""
    first = 0
    for at in range(1, len(row) + 1):
        if at < len(row) and _hyphened(row[at - 1], row[at], folded):
            continue
        token = "".join(atom.token for atom in row[first:at])
        if 1 < at - first <= _MOST_JOINED and len(token) <= _LONGEST_JOINED:
            yield first, at, token
        first = at


def _hyphened(one: Atom, other: Atom, folded: str) -> bool:
    return (
        other.start - one.end == 1
        and folded[one.end] in _HYPHENS
        and all(atom.token.isascii() and atom.token.isalpha() for atom in (one, other))
    )


def _parts(word: Atom, text: str, folded: Folded) -> set[str]:
    """Return the parts of `getUserName`, `user's`, `c++`, `1,299`; none of most words."""
    token = word.token
    original = text[folded.starts[word.start] : folded.ends[word.end - 1]]
    if token.isdigit():
        return set(folded.text[word.start : word.end].split(",")) - {token}
    parts: set[str] = set()
    if "'" in token or token[-1] in "+#":
        parts.update(_PARTS.findall(token) or (token[:1],))
    if original.isascii() and not original[1:].islower() and not original.isupper():
        parts.update(
            part.lower()[:_LONGEST_WORD] for part in _CAMEL.findall(original) if len(part) > 1
        )
    parts.discard(token)
    return parts


def _word(token: str, parts: set[str], position: int, start: int, end: int) -> Iterator[_Raw]:
    """Yield the units of a word."""
    if not parts:
        yield _WORD + token, position, start, end
        root = stem(token)
        if root != token:
            yield _STEM + root, position, start, end
        return
    words = {token} | parts
    for word in sorted(words):
        yield _WORD + word, position, start, end
    for root in sorted({stem(word) for word in words} - words):
        yield _STEM + root, position, start, end


def _raw(text: str) -> tuple[Folded, list[_Raw]]:
    """Return a text folded, and its units with places in the folded text."""
    folded = fold(text)
    row = list(atoms(folded.text))
    found: list[_Raw] = []
    before: Atom | None = None
    for position, atom in enumerate(row):
        token, chinese, start, end, joined = atom
        if joined and before is not None:
            one = before.token
            if len(one) <= _LONGEST_IN_PAIR >= len(token):
                found.append((_PAIR + one + token, position - 1, before.start, end))
        before = atom
        if chinese:
            found.append((_CHAR + token, position, start, end))
        elif token.isdigit() and len(token) == end - start:
            found.append((_WORD + token, position, start, end))
        else:
            found += _word(token, _parts(atom, text, folded), position, start, end)
    if any(hyphen in folded.text for hyphen in _HYPHENS):
        for first, last, token in _compounds(row, folded.text):
            found += _word(token, set(), first, row[first].start, row[last - 1].end)
    return folded, found


def units(text: str) -> list[Unit]:
    """Return the units of a text in the order of their positions."""
    folded, found = _raw(text)
    found.sort(key=itemgetter(1))
    return [
        Unit(key[1:], _KINDS[key[0]], position, folded.starts[start], folded.ends[end - 1])
        for key, position, start, end in found
    ]


class Analysed(NamedTuple):
    """A passage's units by key, with their positions: those below `names_from` belong to its title, those
    from `body_from` on to its body. `length` counts the atoms."""

    places: dict[str, list[int]]
    names_from: int
    body_from: int
    length: int


def passage(title: str, names: str, body: str) -> Analysed:
    """Analyse a passage: title, names and body one after the other, with gaps between."""
    places: dict[str, list[int]] = {}
    starts = []
    at = length = 0
    for text in (title, names, body):
        starts.append(at)
        last = -1
        for key, position, _, _ in sorted(_raw(text)[1], key=itemgetter(1)) if text else ():
            places.setdefault(key, []).append(at + position)
            last = position
        length += last + 1
        at += last + 1 + GAP if last >= 0 else 0
    return Analysed(places, starts[1], starts[2], length)


# --- the query's side ---------------------------------------------------------------------------------


class Place(NamedTuple):
    """What must stand `offset` atoms after the first: one of the keys, or one that begins with `prefix`."""

    offset: int
    keys: tuple[str, ...]
    prefix: str = ""


class Wanted(NamedTuple):
    """What a text of the query needs: all places in a row in one field, and each of the keys in `anywhere`
    somewhere in the passage; or else one of `instead`. `empty` if the text holds nothing that can be looked
    up."""

    places: tuple[Place, ...]
    anywhere: tuple[str, ...]
    instead: tuple[Wanted, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look up."""
        return not self.places and not self.anywhere


def _word_place(offset: int, token: str, *, exact: bool) -> Place:
    """Return what a word needs: itself, or, unless it was quoted, whatever has its stem."""
    root = token if exact else stem(token)
    keys = (
        (Kind.WORD + token,) if exact else (Kind.WORD + token, Kind.STEM + root, Kind.WORD + root)
    )
    return Place(offset, tuple(dict.fromkeys(keys)))


def wanted(text: Text) -> Wanted:
    """Say what a text of a query needs. Everything is folded as the index is."""
    folded = fold(text.text).text
    row = list(atoms(folded))
    need = _needed(row, text)
    joined = without_hyphens(row, folded)
    return need if joined is None else need._replace(instead=(_needed(joined, text),))


def without_hyphens(row: list[Atom], folded: str) -> list[Atom] | None:
    """Return a row in which `e-mail` is one word, None if there is none."""
    whole = list(row)
    found = list(_compounds(row, folded))
    for first, last, token in reversed(found):
        whole[first:last] = [
            Atom(token, False, row[first].start, row[last - 1].end, row[first].joined)
        ]
    return whole if found else None


def _needed(row: list[Atom], text: Text) -> Wanted:
    places: list[Place] = []
    anywhere: list[str] = []
    last = len(row) - 1
    for at, atom in enumerate(row):
        follows = row[at + 1] if at < last else None
        if not atom.chinese:
            if text.prefix and at == last:
                places.append(Place(at, (), Kind.WORD + atom.token))
            else:
                places.append(_word_place(at, atom.token, exact=text.exact))
        elif _alone(row, at):
            pairs = _edges(row, at, open_end=text.prefix)
            places += pairs
            anywhere += [] if pairs else [Kind.CHAR + atom.token]
        elif follows is not None and follows.chinese and follows.joined:
            places.append(Place(at, (Kind.PAIR + atom.token + follows.token,)))
    return Wanted(tuple(places), tuple(dict.fromkeys(anywhere)))


def _alone(row: list[Atom], at: int) -> bool:
    """Whether a Chinese character has no Chinese neighbour."""
    follows = at + 1 < len(row) and row[at + 1].chinese and row[at + 1].joined
    return not follows and not (at > 0 and row[at - 1].chinese and row[at].joined)


def _edges(row: list[Atom], at: int, *, open_end: bool) -> list[Place]:
    """Return the pairs of a single Chinese character with the words beside it (`a股`)."""
    last = len(row) - 1
    edges: list[Place] = []
    if at > 0 and row[at].joined and _pairs(row[at - 1], row[at]):
        edges.append(Place(at - 1, (Kind.PAIR + row[at - 1].token + row[at].token,)))
    if (
        at < last
        and row[at + 1].joined
        and _pairs(row[at], row[at + 1])
        and not (open_end and at + 1 == last)
    ):
        edges.append(Place(at, (Kind.PAIR + row[at].token + row[at + 1].token,)))
    return edges


def stands(need: Wanted, places: dict[str, list[int]]) -> bool:
    """Whether what a query's text needs stands among a passage's units (`Analysed.places`): the meaning of
    a search, in its plainest words. Engines do the same faster."""
    if any(stands(other, places) for other in need.instead):
        return True
    if need.empty or any(key not in places for key in need.anywhere):
        return False
    starts: set[int] | None = None
    for place in need.places:
        here = {position - place.offset for position in _positions(place, places)}
        starts = here if starts is None else starts & here
    return starts is None or bool(starts)


def _positions(place: Place, places: dict[str, list[int]]) -> Iterable[int]:
    """Return the positions of a place's keys."""
    keys: Iterable[str] = place.keys
    if place.prefix:
        keys = [key for key in places if key.startswith(place.prefix)]
    return [position for key in keys for position in places.get(key, ())]
