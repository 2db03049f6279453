"""Suggestions: words and names by letters or pinyin, and English words that were almost typed.

Everything is counted in what the reader may open, so that the rest changes nothing of what is offered.
"""

from __future__ import annotations

import numpy as np

from app.search import analysis, titles
from app.search.folding import fold
from app.search.port import Request
from app.search.whoosh_engine.misspelt import LONGEST, meant
from app.search.whoosh_engine.rights import Rights
from app.search.whoosh_engine.snapshot import Snapshot

_SHORTEST_NEAR = 3  # letters


def complete(snapshot: Snapshot, prefix: str, request: Request, *, limit: int) -> list[str]:
    """Return words of readable titles that begin with what was typed, or whose pinyin does; first those that
    sound just so."""
    offered = _Offered(snapshot, prefix, request)
    offered.add(titles.WORD, titles.PINYIN)
    offered.add_spoken(titles.SOUND)
    return offered.best(limit)


def complete_name(snapshot: Snapshot, prefix: str, request: Request, *, limit: int) -> list[str]:
    """Return names that begin with what was typed, or whose pinyin does, of who wrote what may be read."""
    offered = _Offered(snapshot, prefix, request)
    offered.add(titles.NAME, titles.NAME_PINYIN)
    return offered.best(limit)


class _Offered:
    """What may be offered for the beginning of a word. Of several ways to write a word the most frequent one
    is shown."""

    def __init__(self, snapshot: Snapshot, prefix: str, request: Request) -> None:
        self._readable = _Readable(snapshot, request)
        self._typed = "".join(fold(prefix).text.split())
        self._written: dict[str, dict[str, int]] = {}
        self._spoken: set[str] = set()

    def add(self, plain: str, spoken: str) -> None:
        """Add what begins so, by letters and, where letters were typed, by pinyin."""
        for _typed, word, count in self._read(plain + self._typed):
            self._add(word, count)
        if self._typed.isascii():
            for sound, word, count in self._read(spoken + self._typed):
                self._add(word, count)
                if sound == self._typed:
                    self._spoken.add(fold(word).text)

    def add_spoken(self, sound: str) -> None:
        """Add pieces that sound just as it was typed."""
        if self._typed.isascii():
            for _sound, word, count in self._read(f"{sound}{self._typed} "):
                self._add(word, count)
                self._spoken.add(fold(word).text)

    def _read(self, prefix: str) -> list[tuple[str, str, int]]:
        if not self._typed:
            return []
        found = self._readable.beginning(prefix)
        return [(*key[1:].split(" ", 1), count) for key, count in found.items()]  # type: ignore[misc]

    def _add(self, word: str, count: int) -> None:
        counts = self._written.setdefault(fold(word).text, {})
        counts[word] = max(count, counts.get(word, 0))

    def best(self, limit: int) -> list[str]:
        """Return the best, as they are written. What is typed already is none."""
        ranked = sorted(
            (word not in self._spoken, -sum(counts.values()), len(word), word)
            for word, counts in self._written.items()
            if word != self._typed
        )
        return [self._usual(word) for *_rank, word in ranked[:limit]]

    def _usual(self, word: str) -> str:
        counts = self._written[word]
        return min(counts, key=lambda written: (-counts[written], written))


class _Readable:
    """Counts in how many passages terms stand that a request may find."""

    def __init__(self, snapshot: Snapshot, request: Request) -> None:
        self._snapshot = snapshot
        self._open = Rights(snapshot, request).findable

    def beginning(self, prefix: str) -> dict[str, int]:
        """Return the keys that begin so and stand anywhere there, each with in how many passages."""
        counts: dict[str, int] = {}
        for start, page in zip(self._snapshot.starts.tolist(), self._snapshot.pages, strict=False):
            run = page.terms.beginning(prefix.encode())
            if not run.keys:
                continue
            open_ = self._open[run.ordinals + start].astype(np.int64)
            sums = np.add.reduceat(open_, np.cumsum(run.spreads) - run.spreads)
            for at in np.flatnonzero(sums).tolist():
                key = run.keys[at].decode()
                counts[key] = counts.get(key, 0) + int(sums[at])
        return counts


def similar_words(snapshot: Snapshot, word: str, request: Request, *, limit: int) -> list[str]:
    """Return readable English words one or two letters away, the nearest and most frequent first; for a
    Chinese word those that it may have been typed for."""
    typed = fold(word).text
    if titles.is_chinese(typed):
        in_reach = titles.SHORTEST <= len(typed) <= LONGEST
        return meant(snapshot, typed, request, limit=limit) if in_reach else []
    if not typed.isascii() or not typed.isalpha() or len(typed) < _SHORTEST_NEAR:
        return []
    most = 1 if len(typed) < 6 else 2
    found = []
    for key, times in _Readable(snapshot, request).beginning(analysis.Kind.WORD + typed[0]).items():
        near = key[1:]
        if abs(len(near) - len(typed)) <= most and near.isascii() and near.isalpha():
            apart = distance(typed, near, most)
            if 0 < apart <= most:
                found.append((apart, -times, near))
    return [near for _apart, _times, near in sorted(found)[:limit]]


def distance(one: str, other: str, most: int) -> int:
    """Return how many letters to change, add, leave out or swap with the next; `most` + 1 if more."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return last[-1]
