"""Blocks: what some terms of a page say of its passages, packed into bytes as narrow as it fits and read as
arrays.

Most terms of real texts stand in one passage only; each by itself costs many times what it says. So terms
that follow each other in the order of their keys share a block, and a frequent one has a block of its own.
A term has a *row* for each passage in which it stands: the passage's ordinal in the page (kept as a gap),
how often it stands there, how often of these in the title, and, of some kinds of terms, at which positions.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PLACED = b"psw"  # the first bytes of keys whose positions are kept: pairs, stems, words
MOST_ROWS, MOST_TERMS = 1_024, 192  # of a block, unless a single term has more rows
MOST_COUNTED = 0xFFFF  # of a word in one text as many places are kept
_HEAD = struct.Struct("<HIII")  # flags, terms, rows, bytes of the keys
_WIDTHS = (np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4"))
# What a column of counts holds: the same everywhere, each row's in one byte or in two, or only those of the
# rows that differ.
_SAME, _BYTES, _SHORTS, _SOME = range(4)


class Postings(NamedTuple):
    """A term in a page. `places` holds the positions of all passages in a row, or is None."""

    ordinals: Array
    counts: Array
    titles: Array
    places: Array | None


class Part(NamedTuple):
    """Terms that follow each other in a block, without their keys, as they are packed."""

    spreads: Array
    gaps: Array
    counts: Array
    titles: Array
    places: Array


class Rows(NamedTuple):
    """The rows of several terms, those of one after those of another. `places`: see `Run`."""

    ordinals: Array
    counts: Array
    titles: Array
    places: Array


class Run(NamedTuple):
    """Terms in the order of their keys, with the rows of one after those of another. `spreads` says how many
    rows each has; `places` has the positions of those rows whose kind keeps them."""

    keys: list[bytes]
    spreads: Array
    ordinals: Array
    counts: Array
    titles: Array
    places: Array


def is_placed(key: bytes) -> bool:
    """Whether the positions of a term are kept."""
    return key[0] in PLACED


def placed_rows(run: Run) -> Array:
    """Return of how many positions each row has."""
    placed = np.repeat(placed_terms(run.keys), run.spreads)
    return np.where(placed, run.counts, 0).astype(np.int64)


def placed_terms(keys: list[bytes]) -> Array:
    """Return of which terms, in the order of their keys, the positions are kept."""
    placed = np.zeros(len(keys), bool)
    for kind in PLACED:
        placed[bisect_left(keys, bytes([kind])) : bisect_left(keys, bytes([kind + 1]))] = True
    return placed


# --- writing ------------------------------------------------------------------------------------------


def cut(run: Run) -> Iterator[tuple[bytes, bytes]]:
    """Return the blocks of a page's terms, each with its first key. No block holds terms of two kinds."""
    rows = np.concatenate([np.zeros(1, np.int64), np.cumsum(run.spreads)])
    places = np.concatenate([np.zeros(1, np.int64), np.cumsum(placed_rows(run))])
    at = turn = 0
    while at < len(run.keys):
        if at == turn:
            turn = bisect_left(run.keys, bytes([run.keys[at][0] + 1]))
        fits = int(np.searchsorted(rows, rows[at] + MOST_ROWS, side="right")) - 1
        end = max(at + 1, min(fits, at + MOST_TERMS, turn))
        one, other = int(rows[at]), int(rows[end])
        here = Run(
            run.keys[at:end],
            run.spreads[at:end],
            run.ordinals[one:other],
            run.counts[one:other],
            run.titles[one:other],
            run.places[places[one] : places[other]],
        )
        yield run.keys[at], pack(here)
        at = end


def pack(run: Run) -> bytes:
    """Pack terms of one kind."""
    keys = zlib.compress(b"\n".join(run.keys), 6)
    starts = np.cumsum(run.spreads) - run.spreads
    gaps = run.ordinals.astype(np.int64)
    gaps[1:] -= run.ordinals[:-1]
    gaps[starts] = run.ordinals[starts]
    wide = [_width(column) for column in (run.spreads, gaps, run.places)]
    counts, titles = _column(run.counts, 1), _column(run.titles, 0)
    flags = wide[0] | wide[1] << 2 | wide[2] << 4 | counts[0] << 6 | titles[0] << 8
    parts = [
        keys,
        run.spreads.astype(_WIDTHS[wide[0]]).tobytes(),
        gaps.astype(_WIDTHS[wide[1]]).tobytes(),
        counts[1],
        titles[1],
        run.places.astype(_WIDTHS[wide[2]]).tobytes(),
    ]
    return _HEAD.pack(flags, len(run.keys), len(gaps), len(keys)) + b"".join(parts)


def _width(column: Array) -> int:
    most = int(column.max()) if len(column) else 0
    return 0 if most < 1 << 8 else 1 if most < 1 << 16 else 2


def _column(values: Array, usual: int) -> tuple[int, bytes]:
    """Return which of the four ways is the shortest, and the column in it."""
    other = np.flatnonzero(values != usual)
    if not len(other):
        return _SAME, b""
    wide = int(values.max()) >= 1 << 8
    if 4 + 6 * len(other) < len(values) * (2 if wide else 1):
        rows = other.astype("<u4").tobytes() + values[other].astype("<u2").tobytes()
        return _SOME, len(other).to_bytes(4, "little") + rows
    return (_SHORTS if wide else _BYTES), values.astype("<u2" if wide else "u1").tobytes()


# --- reading ------------------------------------------------------------------------------------------


class Block:
    """A block, read. Its terms are found by their places in `keys`."""

    def __init__(self, packed: bytes) -> None:
        flags, terms, rows, length = _HEAD.unpack_from(packed)
        at = _HEAD.size
        self.terms = terms
        self._keys = packed[at : at + length]
        at += length
        width = _WIDTHS[flags & 3]
        self._spreads = np.frombuffer(packed, width, terms, at)
        at += terms * width.itemsize
        width = _WIDTHS[flags >> 2 & 3]
        self._gaps = np.frombuffer(packed, width, rows, at)
        at += rows * width.itemsize
        self._counts, at = _read(packed, flags >> 6 & 3, rows, 1, at)
        self._titles, at = _read(packed, flags >> 8 & 3, rows, 0, at)
        self._places = np.frombuffer(packed, _WIDTHS[flags >> 4 & 3], -1, at)

    @cached_property
    def keys(self) -> list[bytes]:
        """The keys of its terms, in order."""
        return zlib.decompress(self._keys).split(b"\n")

    @cached_property
    def _ends(self) -> Array:
        return self._spreads.cumsum(dtype=np.int64)

    def find(self, key: bytes) -> int | None:
        """Return the place of a term, None if it is not there."""
        at = bisect_left(self.keys, key)
        return at if at < len(self.keys) and self.keys[at] == key else None

    def spread(self, term: int) -> int:
        """Return how many rows a term has."""
        return int(self._ends[term]) - (int(self._ends[term - 1]) if term else 0)

    def postings(self, term: int) -> Postings:
        """Return the rows of a term."""
        start, end = (int(self._ends[term - 1]) if term else 0), int(self._ends[term])
        counts, places = self._counts[start:end], None
        if is_placed(self.keys[term]):
            first = int(self._counts[:start].sum(dtype=np.int64))
            places = self._places[first : first + int(counts.sum(dtype=np.int64))]
        ordinals = self._gaps[start:end].cumsum(dtype=np.int32)
        return Postings(ordinals, counts, self._titles[start:end], places)

    def run(self, first: int, end: int) -> Run:
        """Return the terms from one place up to another, without it."""
        part = self.part(first, end)
        return Run(self.keys[first:end], part.spreads.astype(np.int64), *rows([part]))

    def part(self, first: int, end: int) -> Part:
        """Return the same without the keys, as it is packed."""
        if first == 0 and end == self.terms:
            return Part(self._spreads, self._gaps, self._counts, self._titles, self._places)
        start, stop = (int(self._ends[at - 1]) if at else 0 for at in (first, end))
        here = slice(start, stop)
        before, within = (
            int(self._counts[one].sum(dtype=np.int64)) for one in (slice(start), here)
        )
        # Of terms whose positions are not kept there are none to be cut.
        places = self._places[before : before + within]
        return Part(
            self._spreads[first:end],
            self._gaps[here],
            self._counts[here],
            self._titles[here],
            places,
        )


def rows(parts: list[Part]) -> Rows:
    """Return the rows of terms that follow each other."""
    whole = [_joined([part[at] for part in parts]) for at in range(len(Part._fields))]
    spreads, gaps, counts, titles, places = whole
    ends, sums = spreads.cumsum(dtype=np.int64), gaps.cumsum(dtype=np.int64)
    before = np.concatenate([np.zeros(1, np.int64), sums])[ends - spreads]
    ordinals = np.subtract(sums, np.repeat(before, spreads), dtype=np.int32, casting="unsafe")
    return Rows(ordinals, counts, titles, places)


def _joined(columns: list[Array]) -> Array:
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _read(packed: bytes, way: int, rows: int, usual: int, at: int) -> tuple[Array, int]:
    """Return a column of counts, and where the next one begins."""
    if way == _BYTES:
        return np.frombuffer(packed, "u1", rows, at), at + rows
    if way == _SHORTS:
        return np.frombuffer(packed, "<u2", rows, at), at + 2 * rows
    whole = np.full(rows, usual, np.uint16)
    if way == _SAME:
        return whole, at
    many = int.from_bytes(packed[at : at + 4], "little")
    at += 4
    whole[np.frombuffer(packed, "<u4", many, at)] = np.frombuffer(
        packed, "<u2", many, at + 4 * many
    )
    return whole, at + 6 * many


def between(run: Run, first: bytes, end: bytes) -> Run:
    """Return the terms of a run from one key up to another, without it."""
    one, other = bisect_left(run.keys, first), bisect_left(run.keys, end)
    rows = [int(run.spreads[:at].sum()) for at in (one, other)]
    placed = placed_rows(run)
    places = [int(placed[:row].sum()) for row in rows]
    here = slice(*rows)
    return Run(
        run.keys[one:other],
        run.spreads[one:other],
        run.ordinals[here],
        run.counts[here],
        run.titles[here],
        run.places[slice(*places)],
    )


def together(runs: list[Run]) -> Run:
    """Return runs that follow each other as one."""
    if len(runs) == 1:
        return runs[0]
    if not runs:
        none = np.zeros(0, np.int32)
        return Run([], none, none, none, none, none)
    keys = [key for run in runs for key in run.keys]
    columns = (np.concatenate([getattr(run, name) for run in runs]) for name in Run._fields[1:])
    return Run(keys, *columns)
