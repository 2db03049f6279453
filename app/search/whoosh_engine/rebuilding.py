"""A rebuild: page after page in a generation of its own, which then is put in place.

Texts are analysed by other processes, as soon as there is more than one page to make.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import NamedTuple

from app.kernel.ids import new_public_id
from app.search.port import Entry
from app.search.whoosh_engine import pages
from app.search.whoosh_engine.pages import Columns
from app.search.whoosh_engine.stores import Packed, PageStore, Shelf

PAGE = 8_192  # passages
_LONGEST = 30.0  # seconds of work that a crash may cost
_PROCESSES = 2


class PagedRebuild:
    """See `app.search.port.Rebuild`. After a crash the next one goes on behind the last page written, and
    stays at the cursor of the first, so that no change is missed."""

    def __init__(self, shelf: Shelf, *, cursor: int, finished: Callable[[], None]) -> None:
        self._shelf = shelf
        self._finished = finished
        self.done_upto = 0
        self._number = 0
        self.cursor = cursor
        self._entries: list[Entry] = []
        self._passages = 0
        self._upto = 0
        self._taken_at = -_LONGEST
        self._pool: ProcessPoolExecutor | None = None
        self._coming: deque[Future[_Made]] = deque()
        self._generation, self._store = self._resumed() or self._begun()

    def _resumed(self) -> tuple[str, PageStore] | None:
        """Return what an earlier rebuild has written; None if there is nothing of use."""
        try:
            generation = self._shelf.in_the_making()
            if generation is None:
                return None
            store = self._shelf.store(generation)
            _number, files = store.read({})
            written = [Columns.read(file.columns()) for file in files]
        except Exception:  # whatever is wrong with it: it is made anew
            return None
        if written:
            last = max(written, key=lambda page: page.last)
            self._number, self.cursor = last.last, last.cursor
            self.done_upto = self._upto = last.upto
        return generation, store

    def _begun(self) -> tuple[str, PageStore]:
        generation = f"g-{new_public_id().lower()}"
        self._shelf.begin(generation)
        store = self._shelf.store(generation)
        store.create()
        return generation, store

    def add(self, entries: Sequence[Entry], *, upto: int) -> None:
        """Add whole topics in the order of their ids."""
        self._entries += entries
        self._passages += sum(len(entry.passages) for entry in entries)
        self._upto = upto
        if self._passages >= PAGE:
            self._make()
        elif time.monotonic() - self._taken_at > _LONGEST and not self._coming:
            self._write(_draft(*self._taken()))

    def _taken(self) -> tuple[list[Entry], int, int, int]:
        """Take what was added, as a page is made of it."""
        self._number += 1
        taken = (self._entries, self._number, self.cursor, self._upto)
        self._entries, self._passages = [], 0
        self._taken_at = time.monotonic()
        return taken

    def _make(self) -> None:
        """Let a page be made beside; write those that are ready."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                min(_PROCESSES, os.cpu_count() or 1), context, initializer=_end_with_parent
            )
        self._coming.append(self._pool.submit(_draft, *self._taken()))
        while len(self._coming) > _PROCESSES:
            self._write(self._coming.popleft().result())

    def _write(self, made: _Made) -> None:
        self._store.write(made.page, instead_of=frozenset())
        self.done_upto = made.upto

    def finish(self) -> None:
        """Put the new index in the place of the old one."""
        while self._coming:
            self._write(self._coming.popleft().result())
        self._close()
        if self._entries or not self._number:
            self._write(_draft(*self._taken()))
        self._shelf.put_in_place(self._generation)
        self._finished()

    def abandon(self) -> None:
        """Throw away what was built."""
        self._close()
        self._shelf.abandon(self._generation)

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _end_with_parent() -> None:
    """See that no process is left behind when the one that it works for is killed."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


class _Made(NamedTuple):
    """A page that is ready to be written; with it all topics up to `upto` are."""

    page: Packed
    upto: int


def _draft(entries: list[Entry], number: int, cursor: int, upto: int) -> _Made:
    """Make a page; in a process of its own."""
    draft = pages.draft(entries, number=number, cursor=cursor)
    draft.columns.upto = upto
    return _Made(draft.packed(), upto)
