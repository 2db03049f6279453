"""Chinese words of which one character was taken for another, or several for others that sound the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product
from typing import NamedTuple

from app.search import analysis, titles
from app.search.misspelling import SAME_SOUND, alike
from app.search.port import Request, Text
from app.search.whoosh_engine.matching import Lookup
from app.search.whoosh_engine.rights import Rights
from app.search.whoosh_engine.snapshot import Snapshot

LONGEST = 12  # characters of a word
_MOST_GAPS = 3  # of a word so many places may be wrong
_TRIED = 150  # so many ways to write a word whole are looked up


def meant(snapshot: Snapshot, typed: str, request: Request, *, limit: int) -> list[str]:
    """Return words that the reader may read and that `typed` (folded, two to twelve characters) may stand
    for: those that sound the same before those that sound or look nearly so, then the most frequent."""
    counted = _Counted(snapshot, request)
    found = [
        (how, -many, word)
        for word, how in _candidates(snapshot, typed, counted)
        if (many := counted(word))
    ]
    return [word for _how, _many, word in sorted(found)[:limit]]


class _Counted:
    """Counts in how many passages that a request may find a text stands."""

    def __init__(self, snapshot: Snapshot, request: Request) -> None:
        self._open = Rights(snapshot, request).findable
        self._lookup = Lookup(snapshot)
        self._known: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        if text not in self._known:
            stood = self._lookup.stood(analysis.wanted(Text(text)))
            self._known[text] = int(self._open[stood.numbers].sum())
        return self._known[text]


class _Piece(NamedTuple):
    """What may stand in the place of characters from `start` on. It stands somewhere that the reader may
    open, together with its neighbours."""

    how: int
    rank: int
    start: int
    text: str


def _candidates(snapshot: Snapshot, typed: str, counted: _Counted) -> Iterator[tuple[str, int]]:
    """Yield words and how they are like what was typed, without a look whether the reader may read them
    whole."""
    made: dict[str, int] = {}
    gaps = list(_gaps(typed, counted))
    if not gaps:
        for at in _doubtful(typed, counted):
            made |= {_with(typed, [one]): one.how for one in _instead(typed, at, counted)}
    elif len(gaps) <= _MOST_GAPS:
        most = round(_TRIED ** (1 / len(gaps)))
        choices = [sorted(_filling(typed, gap, counted))[:most] for gap in gaps]
        for pieces in product(*choices):
            made[_with(typed, list(pieces))] = max(piece.how for piece in pieces)
    if len(typed) <= titles.LONGEST_PIECE:
        made |= dict.fromkeys(_sounding_like(snapshot, typed), SAME_SOUND)
    made.pop(typed, None)
    yield from made.items()


def _gaps(typed: str, counted: _Counted) -> Iterator[range]:
    """Yield where characters stand side by side that do so in nothing the reader reads: each row of such
    pairs, as the range of their first characters."""
    start: int | None = None
    for at, pair in enumerate(map("".join, pairwise(typed))):
        if counted(pair):
            if start is not None:
                yield range(start, at)
            start = None
        elif start is None:
            start = at
    if start is not None:
        yield range(start, len(typed) - 1)


def _doubtful(typed: str, counted: _Counted) -> list[int]:
    """Return which characters may be wrong where all pairs are read somewhere: those of threes that are
    not."""
    threes = [range(at, at + 3) for at in range(len(typed) - 2)]
    unread = [three for three in threes if not counted(typed[three.start : three.stop])]
    return sorted({at for three in unread for at in three}) or list(range(len(typed)))


def _filling(typed: str, gap: range, counted: _Counted) -> list[_Piece]:
    """Return what may have been meant there: with another character in all of the pairs, or else with several
    that sound the same."""
    doubtful = [
        at for at in range(gap.start, gap.stop + 1) if all(at in (pair, pair + 1) for pair in gap)
    ]
    if single := [piece for at in doubtful for piece in _instead(typed, at, counted)]:
        return single
    respelled = _respelled(typed[gap.start : gap.stop + 1], counted)
    pieces = ((counted(piece), piece) for piece in respelled)
    return [_Piece(SAME_SOUND, -many, gap.start, piece) for many, piece in pieces if many]


def _respelled(piece: str, counted: _Counted) -> list[str]:
    """Return pieces of characters that sound the same one by one, each pair of them read somewhere; those
    with the fewest changes, if there are many."""
    begun = [(0, "")]
    for char in piece:
        sounding = (other for other, how in alike(char).items() if how == SAME_SOUND)
        choices = [(0, char), *((1, other) for other in sounding)]
        longer = [
            (changes + change, before + other)
            for changes, before in begun
            for change, other in choices
            if not before or counted(before[-1] + other)
        ]
        begun = sorted(longer)[:_TRIED]
    return [text for _changes, text in begun]


def _instead(typed: str, at: int, counted: _Counted) -> Iterator[_Piece]:
    """Yield the characters that may have been meant in one place and stand beside both neighbours
    somewhere."""
    before, after = typed[max(at - 1, 0) : at], typed[at + 1 : at + 2]
    for other, how in alike(typed[at]).items():
        pairs = (before and before + other, after and other + after)
        together = all(counted(pair) for pair in pairs if pair)
        if together and (many := counted(before + other + after)):
            yield _Piece(how, -many, at, other)


def _with(typed: str, pieces: list[_Piece]) -> str:
    """Return what was typed with other pieces in their places."""
    for piece in pieces:
        typed = typed[: piece.start] + piece.text + typed[piece.start + len(piece.text) :]
    return typed


def _sounding_like(snapshot: Snapshot, typed: str) -> Iterator[str]:
    """Yield pieces of titles, as long as `typed`, that sound the same, whoever may read them."""
    for sound in titles.sounds(typed):
        begun = f"{titles.SOUND}{sound} ".encode()
        for page in snapshot.pages:
            for key in page.terms.beginning(begun).keys:
                word = key[len(begun) :].decode()
                if len(word) == len(typed):
                    yield word
