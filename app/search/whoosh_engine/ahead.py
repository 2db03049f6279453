"""What an index will be when it has followed: entries as one more page in memory, over a snapshot's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from app.search.port import Entry
from app.search.whoosh_engine import pages
from app.search.whoosh_engine.snapshot import Page, Snapshot
from app.search.whoosh_engine.stores import Packed


class PageInMemory:
    """A page that no store keeps."""

    name = ""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed

    def columns(self) -> bytes:
        """Return what it knows beside its terms."""
        return self._packed.columns

    def block(self, number: int) -> bytes:
        """Return one of its blocks."""
        return self._packed.blocks[number]


class _Made(NamedTuple):
    key: Hashable
    before: Snapshot
    snapshot: Snapshot


class Ahead:
    """The last snapshot that was made so. All who search in these seconds ask for the same one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: _Made | None = None

    def of(self, before: Snapshot, key: Hashable, load: Callable[[], Sequence[Entry]]) -> Snapshot:
        """Return a snapshot with entries over another one's."""
        with self._lock:
            made = self._made
            if made is None or made.key != key or made.before is not before:
                made = self._made = _Made(key, before, _over(before, load()))
            return made.snapshot


def _over(before: Snapshot, entries: Sequence[Entry]) -> Snapshot:
    number = before.pages[-1].columns.last + 1 if before.pages else 1
    draft = pages.draft(entries, number=number, cursor=before.cursor)
    page = Page(PageInMemory(draft.packed()))
    return Snapshot(before.generation, before.number, [*before.pages, page], before)
