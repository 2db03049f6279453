"""Writing: a commit adds a page; eight pages of a size become one, so that their number stays small.

Small pages are merged in the commit itself, large ones when the writer is idle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.search.port import Entry
from app.search.whoosh_engine import pages
from app.search.whoosh_engine.snapshot import Page, Snapshot
from app.search.whoosh_engine.stores import PageStore

FEW = 8  # as many pages of a size become one
LARGEST = 16_384  # passages of a page that is not merged any more
_AT_ONCE = 512  # passages that a commit may merge
_CROWDED = 60  # with more pages a commit merges large ones, too


def apply(store: PageStore, snapshot: Snapshot, entries: Sequence[Entry], *, cursor: int) -> None:
    """Commit entries as a page."""
    number = snapshot.pages[-1].columns.last + 1 if snapshot.pages else 1
    draft = pages.draft(entries, number=number, cursor=max(cursor, snapshot.cursor))
    sizes = [page.columns.size for page in snapshot.pages]
    most = _AT_ONCE if len(sizes) < _CROWDED else LARGEST // FEW
    start = to_merge([*sizes, draft.columns.size], most)
    if start is None or start == len(sizes):
        store.write(draft.items(), draft.columns.stored(), instead_of=frozenset())
        return
    merged = snapshot.pages[start:]
    new = [(key, packed) for key, (_many, packed) in draft.terms.items()]
    whole = pages.merge(
        [*((page.columns, page.file.items()) for page in merged), (draft.columns, new)],
        nothing_before=start == 0,
    )
    _replace(store, merged, whole)


def tidy(store: PageStore, snapshot: Snapshot) -> bool:
    """Merge what should be merged; False if there was nothing."""
    start = to_merge([page.columns.size for page in snapshot.pages], LARGEST)
    if start is None:
        return False
    merged = snapshot.pages[start:]
    whole = pages.merge(
        [(page.columns, page.file.items()) for page in merged], nothing_before=start == 0
    )
    _replace(store, merged, whole)
    return True


def _replace(store: PageStore, merged: Sequence[Page], whole: pages.Draft) -> None:
    names = frozenset(page.file.name for page in merged)
    store.write(whole.items(), whole.columns.stored(), instead_of=names)


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
