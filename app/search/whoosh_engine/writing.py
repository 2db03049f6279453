"""Writing: a commit adds a page; eight pages of a size become one, so that their number stays small.

Small pages are merged in the commit itself, large ones when the writer is idle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from app.search.port import Entry
from app.search.whoosh_engine import packing, pages
from app.search.whoosh_engine.reading import AFTER
from app.search.whoosh_engine.snapshot import Page, Snapshot
from app.search.whoosh_engine.stores import PageStore

FEW = 8  # as many pages of a size become one
LARGEST = 131_072  # passages of a page that is not merged any more: a look-up asks each page
_AT_ONCE = 512  # passages that a commit may merge
_AT_ONCE_CROWDED = 2_048
_IN_MEMORY = 512  # blocks of terms that a merge holds at once, of all pages together
_ROW, _SCATTERED = 4, 2_048  # so many pages, with so many passages together
_WORTH = 256  # passages of a page from which on it is freed of those that were replaced
_CROWDED = 60  # with more pages a commit merges large ones, too


def apply(store: PageStore, snapshot: Snapshot, entries: Sequence[Entry], *, cursor: int) -> None:
    """Commit entries as a page."""
    number = snapshot.pages[-1].columns.last + 1 if snapshot.pages else 1
    draft = pages.draft(entries, number=number, cursor=max(cursor, snapshot.cursor))
    sizes = [page.columns.size for page in snapshot.pages]
    most = _AT_ONCE if len(sizes) < _CROWDED else _AT_ONCE_CROWDED
    start = to_merge([*sizes, draft.columns.size], most)
    if start is None or start == len(sizes):
        store.write(draft.packed(), instead_of=frozenset())
        return
    merged = snapshot.pages[start:]
    (run,) = draft.terms
    unharmed = np.zeros(draft.columns.size, bool)
    new = pages.Piece(draft.columns, partial(packing.between, run), unharmed)
    pieces = [*_pieces(snapshot, merged), new]
    whole = pages.merge(pieces, _cuts(merged), nothing_before=start == 0)
    _replace(store, merged, whole)


def tidy(store: PageStore, snapshot: Snapshot) -> bool:
    """Merge what should be merged; False if there was nothing."""
    sizes = [page.columns.size for page in snapshot.pages]
    start, end = to_merge(sizes, LARGEST), len(sizes)
    if start is None:
        start, end = scattered(sizes)
    if start == end:
        start, end = _mostly_dead(snapshot)
    if start == end:
        return False
    merged = snapshot.pages[start:end]
    pieces = _pieces(snapshot, merged)
    _replace(store, merged, pages.merge(pieces, _cuts(merged), nothing_before=start == 0))
    return True


def _pieces(snapshot: Snapshot, merged: Sequence[Page]) -> list[pages.Piece]:
    return [
        pages.Piece(page.columns, page.terms.between, snapshot.dead[page.file.name])
        for page in merged
    ]


def _cuts(merged: Sequence[Page]) -> list[bytes]:
    """Return keys between which terms are merged by themselves, from before the first to behind the last."""
    firsts = sorted(first for page in merged for first in page.terms.firsts)
    inner = dict.fromkeys(firsts[_IN_MEMORY::_IN_MEMORY])
    return [b"", *inner, AFTER]


def _mostly_dead(snapshot: Snapshot) -> tuple[int, int]:
    """Return a page most of whose passages later pages have replaced; an empty row if there is none."""
    for at, page in enumerate(snapshot.pages):
        if (
            page.columns.size >= _WORTH
            and 2 * snapshot.dead[page.file.name].sum() > page.columns.size
        ):
            return at, at + 1
    return 0, 0


def _replace(store: PageStore, merged: Sequence[Page], whole: pages.Draft) -> None:
    names = frozenset(page.file.name for page in merged)
    store.write(whole.packed(), instead_of=names)


def to_merge(sizes: Sequence[int], most: int) -> int | None:
    """Return from which page on all are to become one: the longest row of the latest pages, none larger than
    a size, of which there are eight, together not more than `most`; None if nothing is."""
    levels = [int(math.log(size + 1, FEW)) for size in sizes]
    chosen = None
    for level in range(max(levels, default=-1) + 1):
        start = len(sizes)
        while start and levels[start - 1] <= level:
            start -= 1
        if len(sizes) - start >= FEW and sum(sizes[start:]) <= most:
            chosen = start
    return chosen


def scattered(sizes: Sequence[int]) -> tuple[int, int]:
    """Return the longest row of at least four pages that fit into one and of which none is most of it, as
    slow rebuilds leave them; an empty one if there is none. Small ones are left to `to_merge`."""
    best = (0, 0)
    for start in range(len(sizes)):
        total = largest = 0
        for end in range(start + 1, len(sizes) + 1):
            total += sizes[end - 1]
            largest = max(largest, sizes[end - 1])
            if total > LARGEST:
                break
            fits = end - start >= _ROW and total >= _SCATTERED and 2 * largest <= total
            if fits and end - start > best[1] - best[0]:
                best = (start, end)
    return best
