"""Where the words of a query stand and how well: `analysis.stands` for all passages at once.

Everything is an array of passage numbers (the place in the snapshot's columns), ascending.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from app.search.analysis import Place, Wanted
from app.search.whoosh_engine import packing
from app.search.whoosh_engine.packing import Array
from app.search.whoosh_engine.snapshot import Snapshot

MOST_COMPLETIONS = 64  # of a prefix as many words are looked up, the most frequent
_SHIFT = 1 << 20  # room before the first position, for places that begin later in the query
_SPAN = 33  # bits of a position


class Stood(NamedTuple):
    """The passages in which something stands, how often, and how often in the title."""

    numbers: Array
    counts: Array
    titles: Array

    def only(self, keep: Array) -> Stood:
        """Return those that are to be kept."""
        return Stood(self.numbers[keep], self.counts[keep], self.titles[keep])


NONE = Stood(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.float32))


class Lookup:
    """Looks up the terms of one search; reads each once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._read: dict[str, list[tuple[int, packing.Postings]]] = {}

    def stood(self, need: Wanted) -> Stood:
        """Return the passages in which what a query's text needs stands."""
        found = self._stood(need)
        for other in need.instead:
            found = _any(found, self._stood(other))
        return found

    def _stood(self, need: Wanted) -> Stood:
        found = self._in_a_row(need.places) if need.places else None
        for key in need.anywhere:
            single = self._counted((key,))
            found = single if found is None else _both(found, single)
        return NONE if found is None else found

    def keys(self, place: Place) -> tuple[str, ...]:
        """Return the keys that serve a place."""
        if not place.prefix:
            return place.keys
        return completions(self._snapshot, place.prefix)

    def _in_a_row(self, places: tuple[Place, ...]) -> Stood:
        if len(places) == 1:
            return self._counted(self.keys(places[0]))
        ordered = [self._starts(place) for place in places]
        ordered.sort(key=len)
        starts = ordered[0]
        for other in ordered[1:]:
            if not len(starts):
                return NONE
            starts = starts[_inside(starts, other)]
        numbers, counts = np.unique(starts >> _SPAN, return_counts=True)
        in_title = (starts & ((1 << _SPAN) - 1)) - _SHIFT
        titled = in_title < self._snapshot.names_from[starts >> _SPAN]
        titles = np.bincount(
            np.searchsorted(numbers, starts[titled] >> _SPAN), minlength=len(numbers)
        )
        return Stood(numbers, counts.astype(np.float32), titles.astype(np.float32))

    def _starts(self, place: Place) -> Array:
        """Return where the query would begin for a place to stand at its offset, passage and position in one
        number."""
        found = []
        keys = self.keys(place)
        for key in keys:
            for start, one in self._postings(key):
                assert one.places is not None
                numbers = np.repeat((one.ordinals + start).astype(np.int64), one.counts)
                found.append(
                    (numbers << _SPAN) + (one.places.astype(np.int64) - place.offset + _SHIFT)
                )
        if not found:
            return np.zeros(0, np.int64)
        whole = np.concatenate(found)
        return np.unique(whole) if len(keys) > 1 else whole

    def _counted(self, keys: tuple[str, ...]) -> Stood:
        found = [(start, one) for key in keys for start, one in self._postings(key)]
        if not found:
            return NONE
        numbers = np.concatenate([one.ordinals.astype(np.int64) + start for start, one in found])
        counts = np.concatenate([one.counts for _start, one in found]).astype(np.float32)
        titles = np.concatenate([one.titles for _start, one in found]).astype(np.float32)
        if len(keys) == 1:
            return Stood(numbers, counts, titles)
        unique, at = np.unique(numbers, return_inverse=True)
        return Stood(
            unique,
            np.bincount(at, counts).astype(np.float32),
            np.bincount(at, titles).astype(np.float32),
        )

    def _postings(self, key: str) -> list[tuple[int, packing.Postings]]:
        if key not in self._read:
            encoded = key.encode()
            found = (page.terms.postings(encoded) for page in self._snapshot.pages)
            self._read[key] = [
                (start, one)
                for start, one in zip(self._snapshot.starts.tolist(), found, strict=False)
                if one is not None
            ]
        return self._read[key]


def completions(snapshot: Snapshot, prefix: str) -> tuple[str, ...]:
    """Return the keys of the most frequent words that begin with a prefix (itself a word's key)."""
    counts: dict[bytes, int] = {}
    for page in snapshot.pages:
        found = page.terms.beginning(prefix.encode())
        for key, spread in zip(found.keys, found.spreads.tolist(), strict=True):
            counts[key] = counts.get(key, 0) + spread
    keys = heapq.nsmallest(MOST_COMPLETIONS, counts, key=lambda key: (-counts[key], key))
    return tuple(key.decode() for key in keys)


def _inside(values: Array, others: Array) -> Array:
    """Return which values are among others, both ascending."""
    if not len(others):
        return np.zeros(len(values), bool)
    at = np.searchsorted(others, values)
    at[at == len(others)] = 0
    return np.asarray(others[at] == values)


def _any(one: Stood, other: Stood) -> Stood:
    """Return where either stands, with the larger counts."""
    numbers = np.union1d(one.numbers, other.numbers)
    counts, titles = (np.zeros(len(numbers), np.float32) for _ in range(2))
    for part in (one, other):
        at = np.searchsorted(numbers, part.numbers)
        counts[at] = np.maximum(counts[at], part.counts)
        titles[at] = np.maximum(titles[at], part.titles)
    return Stood(numbers, counts, titles)


def _both(one: Stood, other: Stood) -> Stood:
    """Return where both stand, with the smaller counts."""
    keep = _inside(one.numbers, other.numbers)
    kept = one.only(keep)
    at = np.searchsorted(other.numbers, kept.numbers)
    return Stood(
        kept.numbers,
        np.minimum(kept.counts, other.counts[at]),
        np.minimum(kept.titles, other.titles[at]),
    )
