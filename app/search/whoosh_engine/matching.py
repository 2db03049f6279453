"""Where the words of a query stand and how well: `analysis.stands` for all passages at once.

Everything is an array of passage numbers (the place in the snapshot's columns), ascending.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.search.analysis import Place, Wanted
from app.search.whoosh_engine import packing
from app.search.whoosh_engine.packing import Array
from app.search.whoosh_engine.snapshot import Snapshot

_SPARSE = 16  # rows are sorted while there is not one for so many passages
_SHIFT = 1 << 20  # room before the first position, for places that begin later in the query
_UNLIKE = 8  # two rows are merged unless one is so many times longer
_SPAN = 33  # bits of a position


class Stood(NamedTuple):
    """The passages in which something stands, how often, and how often in the title."""

    numbers: Array
    counts: Array
    titles: Array

    def only(self, keep: Array) -> Stood:
        """Return those that are to be kept."""
        return Stood(self.numbers[keep], self.counts[keep], self.titles[keep])


# Where a page's passages begin, and what a term, or all that begin alike, say of them.
_Rows = tuple[int, packing.Postings | packing.Rows]
NONE = Stood(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.float32))


class Lookup:
    """Looks up the terms of one search; reads each once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._read: dict[str, list[_Rows]] = {}
        self._begun: dict[str, list[_Rows]] = {}

    def stood(self, need: Wanted) -> Stood:
        """Return the passages in which what a query's text needs stands."""
        found = self._stood(need)
        for other in need.instead:
            found = _any(found, self._stood(other))
        return found

    def numbers(self, key: str) -> Array:
        """Return the passages in which a term stands."""
        return _numbers(self._postings(key))

    def _stood(self, need: Wanted) -> Stood:
        found = self._in_a_row(need.places) if need.places else None
        for key in need.anywhere:
            single = self._counted(self._postings(key))
            found = single if found is None else _both(found, single)
        return NONE if found is None else found

    def _rows(self, place: Place) -> list[_Rows]:
        """Return where what serves a place stands: one of its keys, or any word that begins so."""
        if place.prefix:
            return self._beginning(place.prefix)
        return [rows for key in place.keys for rows in self._postings(key)]

    def _in_a_row(self, places: tuple[Place, ...]) -> Stood:
        if len(places) == 1:
            return self._counted(self._rows(places[0]), once=_is_one(places[0]))
        ordered = [self._starts(place) for place in places if not place.prefix]
        ordered.sort(key=len)
        starts = ordered[0]
        for other in ordered[1:]:
            if not len(starts):
                return NONE
            starts = _common(starts, other)
        for place in places:
            if place.prefix:
                starts = _common(starts, self._starts(place, among=starts >> _SPAN))
        return self._by_passage(starts)

    def _by_passage(self, starts: Array) -> Stood:
        """Return in which passages something starts, and how often; `starts` ascend."""
        if not len(starts):
            return NONE
        numbers = starts >> _SPAN
        firsts = np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1]]))
        in_title = (starts & ((1 << _SPAN) - 1)) - _SHIFT
        titled = in_title < self._snapshot.names_from[numbers]
        counts = np.diff(firsts, append=len(numbers)).astype(np.float32)
        titles = np.zeros(len(firsts), np.float32)
        if titled.any():
            titles = np.add.reduceat(titled.astype(np.float32), firsts)
        return Stood(numbers[firsts], counts, titles)

    def _starts(self, place: Place, among: Array | None = None) -> Array:
        """Return where the query would begin for a place to stand at its offset, passage and position in one
        number; in some passages alone, if they are given."""
        found = []
        wanted = None
        if among is not None:
            wanted = np.zeros(self._snapshot.size, bool)
            wanted[among] = True
        for start, one in self._rows(place):
            assert one.places is not None
            numbers = np.repeat((one.ordinals + start).astype(np.int64), one.counts)
            at = one.places
            if wanted is not None:
                keep = wanted[numbers]
                numbers, at = numbers[keep], at[keep]
            found.append((numbers << _SPAN) + (at.astype(np.int64) - place.offset + _SHIFT))
        if not found:
            return np.zeros(0, np.int64)
        whole = np.concatenate(found)
        return whole if _is_one(place) else np.unique(whole)

    def _counted(self, found: list[_Rows], *, once: bool = True) -> Stood:
        """`once`: a passage is in one row at most."""
        if not found:
            return NONE
        numbers = _numbers(found)
        counts = np.concatenate([one.counts for _start, one in found]).astype(np.float32)
        titles = np.concatenate([one.titles for _start, one in found]).astype(np.float32)
        if once:
            return Stood(numbers, counts, titles)
        if len(numbers) * _SPARSE < self._snapshot.size:
            unique, at = np.unique(numbers, return_inverse=True)
            many = len(unique)
            return Stood(unique, _sums(at, counts, many), _sums(at, titles, many))
        met = np.zeros(self._snapshot.size, bool)
        met[numbers] = True
        unique, many = np.flatnonzero(met), self._snapshot.size
        counts, titles = (_sums(numbers, column, many)[unique] for column in (counts, titles))
        return Stood(unique, counts, titles)

    def _postings(self, key: str) -> list[_Rows]:
        if key not in self._read:
            encoded = key.encode()
            found = (page.terms.postings(encoded) for page in self._snapshot.pages)
            self._read[key] = [
                (start, one)
                for start, one in zip(self._snapshot.starts.tolist(), found, strict=False)
                if one is not None
            ]
        return self._read[key]

    def _beginning(self, prefix: str) -> list[_Rows]:
        """Return the rows of all words that begin so: to leave out rare ones would take counting what the
        reader may not open."""
        if prefix not in self._begun:
            encoded = prefix.encode()
            found = (page.terms.rows_beginning(encoded) for page in self._snapshot.pages)
            self._begun[prefix] = [
                (start, one)
                for start, one in zip(self._snapshot.starts.tolist(), found, strict=False)
                if one is not None
            ]
        return self._begun[prefix]


def _numbers(found: list[_Rows]) -> Array:
    parts = [np.add(one.ordinals, start, dtype=np.int64) for start, one in found]
    return np.concatenate(parts) if parts else NONE.numbers


def _is_one(place: Place) -> bool:
    """Whether one key serves a place, so that its rows are in order and none comes twice."""
    return len(place.keys) == 1 and not place.prefix


def _sums(at: Array, counts: Array, many: int) -> Array:
    """Return the sums of counts in each of so many places."""
    sums = np.zeros(many, np.float32)
    if counts.any():
        np.add.at(sums, at, counts)
    return sums


def _common(values: Array, others: Array) -> Array:
    """Return what stands in both; each ascends and says nothing twice."""
    if len(values) * _UNLIKE < len(others):
        return values[_inside(values, others)]
    both = np.concatenate([values, others])
    both.sort(kind="stable")  # of two rows in order a merge
    return np.asarray(both[:-1][both[1:] == both[:-1]])


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
