"""How a term's postings within a page are packed into bytes, as narrow as they fit, and read as arrays.

For each passage: its ordinal in the page (as a gap), how often the term stands in it, how often of these
in the title, and, unless the term is a single character, at which positions.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_HEAD = struct.Struct("<BI")
_WIDTHS = (np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4"))
_COUNTS, _TITLES, _PLACES = (
    4,
    8,
    16,
)  # flags beside the width of gaps (bits 0, 1) and of positions (5, 6)


class Postings(NamedTuple):
    """A term in a page. `places` holds the positions of all passages in a row, or is None."""

    ordinals: Array
    counts: Array
    titles: Array
    places: Array | None


class Slices(NamedTuple):
    """A term while a page is made."""

    ordinals: list[int]
    counts: list[int]
    titles: list[int]
    places: list[int]


def _width(most: int) -> int:
    return 0 if most < 1 << 8 else 1 if most < 1 << 16 else 2


def pack(ordinals: Any, counts: Any, titles: Any, places: Any | None) -> bytes:
    """Pack postings; sequences or arrays, ordinals ascending."""
    if len(ordinals) == 1:
        where = None if places is None else list(map(int, places))
        return _pack_one(int(ordinals[0]), int(counts[0]), int(titles[0]), where)
    ordinals = np.asarray(ordinals, np.int64)
    counts = np.asarray(counts, np.uint32)
    titles = np.asarray(titles, np.uint32)
    gaps = ordinals.copy()
    gaps[1:] -= ordinals[:-1]
    width = _width(int(gaps.max()))
    flags = width
    parts = [gaps.astype(_WIDTHS[width]).tobytes()]
    if counts.max() > 1:
        flags |= _COUNTS
        parts.append(counts.astype("<u2").tobytes())
    if titles.any():
        flags |= _TITLES
        parts.append(titles.astype("<u2").tobytes())
    if places is not None:
        places = np.asarray(places, np.uint32)
        width = _width(int(places.max()))
        flags |= _PLACES | width << 5
        parts.append(places.astype(_WIDTHS[width]).tobytes())
    return _HEAD.pack(flags, len(ordinals)) + b"".join(parts)


_ONE = (struct.Struct("<B"), struct.Struct("<H"), struct.Struct("<I"))
_SHORT = struct.Struct("<H")


def _pack_one(ordinal: int, count: int, title: int, places: Sequence[int] | None) -> bytes:
    """The same for a term of one passage, as most are."""
    flags = _width(ordinal)
    body = _ONE[flags].pack(ordinal)
    if count > 1:
        flags |= _COUNTS
        body += _SHORT.pack(count)
    if title:
        flags |= _TITLES
        body += _SHORT.pack(title)
    if places is not None:
        width = _width(places[-1])
        flags |= _PLACES | width << 5
        body += struct.pack(f"<{len(places)}{'BHI'[width]}", *places)
    return _HEAD.pack(flags, 1) + body


def unpack(value: bytes) -> Postings:
    """Read packed postings."""
    flags, many = _HEAD.unpack_from(value)
    at = _HEAD.size
    width = _WIDTHS[flags & 3]
    ordinals = np.frombuffer(value, width, many, at).cumsum(dtype=np.int32)
    at += many * width.itemsize
    if flags & _COUNTS:
        counts = np.frombuffer(value, "<u2", many, at)
        at += 2 * many
    else:
        counts = np.ones(many, np.uint16)
    if flags & _TITLES:
        titles = np.frombuffer(value, "<u2", many, at)
        at += 2 * many
    else:
        titles = np.zeros(many, np.uint16)
    places = np.frombuffer(value, _WIDTHS[flags >> 5 & 3], -1, at) if flags & _PLACES else None
    return Postings(ordinals, counts, titles, places)


def join(pieces: Iterable[tuple[Postings, Array]]) -> tuple[int, bytes] | None:
    """Pack a term of several pages for one that takes their place. With each goes the new ordinal of each of
    its passages, -1 for those that are left out. None if nothing is left."""
    kept = [_renumbered(postings, numbers) for postings, numbers in pieces]
    kept = [postings for postings in kept if len(postings.ordinals)]
    if not kept:
        return None
    whole = kept[0] if len(kept) == 1 else Postings(*map(_in_a_row, zip(*kept, strict=True)))
    return len(whole.ordinals), pack(*whole)


def _in_a_row(arrays: tuple[Array, ...]) -> Array:
    return None if arrays[0] is None else np.concatenate(arrays)


def _renumbered(postings: Postings, numbers: Array) -> Postings:
    ordinals = numbers[postings.ordinals]
    keep = ordinals >= 0
    if keep.all():
        return postings._replace(ordinals=ordinals)
    places = postings.places
    if places is not None:
        places = places[np.repeat(keep, postings.counts)]
    return Postings(ordinals[keep], postings.counts[keep], postings.titles[keep], places)
