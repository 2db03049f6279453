"""Suggestions: words of titles by letters or pinyin, and English words that were almost typed."""

from __future__ import annotations

import heapq

import numpy as np

from app.search import analysis, titles
from app.search.folding import fold
from app.search.port import Part, Request
from app.search.whoosh_engine.matching import Lookup
from app.search.whoosh_engine.pages import PARTS
from app.search.whoosh_engine.rights import Rights
from app.search.whoosh_engine.snapshot import Snapshot

_SCANNED = 500  # keys of each page
_COUNTED = 30  # words of which the readable titles are counted
_NEAREST = 40


def complete(snapshot: Snapshot, prefix: str, request: Request, *, limit: int) -> list[str]:
    """Return words of readable titles that begin with what was typed, or whose pinyin does."""
    typed = "".join(fold(prefix).text.split())
    if not typed:
        return []
    spreads: dict[str, int] = {}
    spoken: set[str] = set()
    for page in snapshot.pages:
        for key, spread in page.terms.spreads((titles.WORD + typed).encode(), _SCANNED):
            word = key.decode()[1:]
            spreads[word] = spreads.get(word, 0) + spread
        for key, spread in page.terms.spreads((titles.PINYIN + typed).encode(), _SCANNED):
            sound, word = key.decode()[1:].split(" ", 1)
            spreads[word] = spreads.get(word, 0) + spread
            if sound == typed:
                spoken.add(word)
    spreads.pop(typed, None)
    candidates = heapq.nsmallest(
        _COUNTED, spreads, key=lambda word: (word not in spoken, -spreads[word], len(word), word)
    )
    counts = _readable_titles(snapshot, candidates, request)
    kept = [word for word in counts if word in spoken or not _goes_on(word, counts)]
    return sorted(kept, key=lambda word: (word not in spoken, -counts[word], len(word), word))[
        :limit
    ]


def _goes_on(word: str, counts: dict[str, int]) -> bool:
    """Whether a word is just the beginning of another that stands wherever it does."""
    return any(
        other != word and other.startswith(word) and counts[other] == counts[word]
        for other in counts
    )


def _readable_titles(snapshot: Snapshot, words: list[str], request: Request) -> dict[str, int]:
    """Return in how many titles that may be read each word stands; none that stands in none."""
    rights, lookup = Rights(snapshot, request), Lookup(snapshot)
    topic_part = PARTS.index(Part.TOPIC)
    counts = {}
    for word in words:
        numbers = lookup.stood(analysis.Wanted((), (titles.WORD + word,))).numbers
        numbers = numbers[snapshot.part[numbers] == topic_part]
        numbers = numbers[rights.passages(numbers) & rights.topics[snapshot.topic[numbers]]]
        if len(numbers):
            counts[word] = len(numbers)
    return counts


def similar_words(snapshot: Snapshot, word: str, request: Request, *, limit: int) -> list[str]:
    """Return readable English words one or two letters away, the nearest and most frequent first."""
    typed = fold(word).text
    if not typed.isascii() or not typed.isalpha() or len(typed) < 3:
        return []
    most = 1 if len(typed) < 6 else 2
    spreads: dict[bytes, int] = {}
    for page in snapshot.pages:
        for key, spread in page.terms.spreads((analysis.Kind.WORD + typed[0]).encode()):
            other = key[1:]
            if abs(len(other) - len(typed)) <= most and other.isalpha():
                spreads[other] = spreads.get(other, 0) + spread
    found = []
    for raw, times in spreads.items():
        near = raw.decode()
        apart = distance(typed, near, most)
        if 0 < apart <= most:
            found.append((apart, -times, near))
    rights, lookup = Rights(snapshot, request), Lookup(snapshot)
    kept: list[str] = []
    for _apart, _times, near in heapq.nsmallest(_NEAREST, found):
        numbers = lookup.stood(analysis.Wanted((), (analysis.Kind.WORD + near,))).numbers
        open_ = rights.passages(numbers) & rights.topics[snapshot.topic[numbers]]
        if np.any(open_):
            kept.append(near)
        if len(kept) >= limit:
            break
    return kept


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
