"""Chinese words of which one character was taken for another, or all for others that sound the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from app.search import analysis, titles
from app.search.misspelling import SAME_SOUND, alike
from app.search.port import Request, Text
from app.search.whoosh_engine.matching import Lookup
from app.search.whoosh_engine.rights import Rights
from app.search.whoosh_engine.snapshot import Snapshot


def meant(snapshot: Snapshot, typed: str, request: Request, *, limit: int) -> list[str]:
    """Return words that the reader may read and that `typed` (folded, two to four characters) may stand for:
    those that sound the same before those that sound or look nearly so, then the most frequent."""
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

    def __call__(self, text: str) -> int:
        stood = self._lookup.stood(analysis.wanted(Text(text)))
        return int(self._open[stood.numbers].sum())


def _candidates(snapshot: Snapshot, typed: str, counted: _Counted) -> Iterator[tuple[str, int]]:
    """Yield words and how they are like what was typed, without a look whether anybody may read them."""
    made: dict[str, int] = {}
    for at in _doubtful(typed, counted):
        for other, how in alike(typed[at]).items():
            made[typed[:at] + other + typed[at + 1 :]] = how
    for sound in titles.sounds(typed):
        begun = f"{titles.SOUND}{sound} ".encode()
        for page in snapshot.pages:
            for key in page.terms.beginning(begun).keys:
                word = key[len(begun) :].decode()
                if len(word) == len(typed):
                    made[word] = SAME_SOUND
    made.pop(typed, None)
    yield from made.items()


def _doubtful(typed: str, counted: _Counted) -> list[int]:
    """Return which characters may be the wrong one: those that stand in all pairs that the reader never
    reads."""
    unread = [at for at, pair in enumerate(map("".join, pairwise(typed))) if not counted(pair)]
    return [at for at in range(len(typed)) if all(at in (pair, pair + 1) for pair in unread)]
