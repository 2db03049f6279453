"""The engine over pages: see `app.search.port.Engine`. Where they are kept is the shelf's business.

A shelf holds generations of the index. One is in use; every rebuild makes a new one beside it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Self

import numpy as np

from app.search.fingerprints import topic_mark
from app.search.port import Broken, Entry, Found, Request, Stats
from app.search.whoosh_engine import counting, writing
from app.search.whoosh_engine.ahead import Ahead
from app.search.whoosh_engine.ranking import Ranking
from app.search.whoosh_engine.rebuilding import PagedRebuild
from app.search.whoosh_engine.rounds import Round
from app.search.whoosh_engine.snapshot import Page, Snapshot
from app.search.whoosh_engine.stores import Shelf
from app.search.whoosh_engine.suggesting import complete, complete_name, similar_words

_LOOK_EVERY = 0.3  # seconds between two looks for a newer commit
_TRIES = 5


class PagedEngine:
    """An engine whose index stands on a shelf, in pages."""

    name: str

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._looked = 0.0
        # The snapshot that is read whatever is committed meanwhile, see `now`.
        self._still: Snapshot | None = None
        self._ahead = Ahead()
        self._round = Round()

    # --- reading ------------------------------------------------------------------------------------

    def cursor(self) -> int:
        """Return the last change in the index."""
        return self._current(fresh=True).cursor

    def now(self) -> Self:
        """Return the engine as it stands at this moment."""
        still = copy(self)
        still._still = self._current()
        return still

    def ahead(self, key: Hashable, load: Callable[[], Sequence[Entry]]) -> Self:
        """Return the engine as it will be when entries have been applied."""
        still = copy(self)
        still._still = self._ahead.of(self._current(), key, load)
        return still

    def search(self, request: Request) -> Found:
        """Return what the readers may open and the query asks."""
        snapshot = self._current()
        with _broken():
            ranking = Ranking(snapshot, request)
            hits = ranking.page()
        slots = ranking.slots
        if not request.facets:
            return Found(hits, len(slots))
        facets = counting.count(snapshot.topics, slots, request.facet_authors)
        return Found(hits, len(slots), facets)

    def words(self, prefix: str, request: Request, *, limit: int) -> list[str]:
        """Return words of titles that begin with `prefix`, by letters or by pinyin."""
        snapshot = self._current()
        with _broken():
            return complete(snapshot, prefix, request, limit=limit)

    def names(self, prefix: str, request: Request, *, limit: int) -> list[str]:
        """Return names that begin with `prefix`, by letters or by pinyin."""
        snapshot = self._current()
        with _broken():
            return complete_name(snapshot, prefix, request, limit=limit)

    def near(self, word: str, request: Request, *, limit: int) -> list[str]:
        """Return English words that are almost `word`."""
        snapshot = self._current()
        with _broken():
            return similar_words(snapshot, word, request, limit=limit)

    def contents(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        """Return (topic id, fingerprint), by id."""
        snapshot = self._current(fresh=True)
        topics = snapshot.topics
        sums = np.zeros(len(topics.id), np.int64)
        with np.errstate(over="ignore"):
            np.add.at(
                sums, snapshot.topic[snapshot.alive], snapshot.passages("mark")[snapshot.alive]
            )
        first = int(np.searchsorted(topics.id, after, side="right"))
        return [
            (int(topics.id[at]), topic_mark(int(topics.mark[at]), (int(sums[at]),)))
            for at in range(first, min(first + limit, len(topics.id)))
        ]

    def check(self) -> None:
        """Read everything from where it is kept."""
        with _broken():
            for file in self._shelf.opened(self._shelf.in_use()):
                Page(file).terms.check()

    def sample(self, seconds: float) -> None:
        """Read for about so long, going on where the last call ended."""
        with _broken():
            self._round.go_on(self._shelf.opened(self._shelf.in_use()), seconds)

    def suspect(self) -> str | None:
        """Nobody tells this engine; see `app.search.engines`."""
        return None

    def trust(self) -> None:
        """There is nothing to take back."""

    def stats(self) -> Stats:
        """Return numbers about the index."""
        snapshot = self._current(fresh=True)
        return Stats(
            engine=self.name,
            passages=int(snapshot.alive.sum()),
            topics=len(snapshot.topics.id),
            size_bytes=self._shelf.store(snapshot.generation).size(),
            cursor=snapshot.cursor,
            generation=snapshot.generation,
        )

    # --- writing ------------------------------------------------------------------------------------

    def apply(self, entries: Sequence[Entry], *, cursor: int) -> None:
        """Write the entries and the cursor in one commit."""
        snapshot = self._current(fresh=True)
        writing.apply(self._shelf.store(snapshot.generation), snapshot, entries, cursor=cursor)
        self._looked = 0.0

    def tidy(self) -> None:
        """Merge what small commits left behind."""
        while True:
            snapshot = self._current(fresh=True)
            if not writing.tidy(self._shelf.store(snapshot.generation), snapshot):
                return

    def begin_rebuild(self, *, cursor: int) -> PagedRebuild:
        """Start or resume an index beside this one."""
        return PagedRebuild(self._shelf, cursor=cursor, finished=self._look_again)

    def _look_again(self) -> None:
        self._looked = 0.0

    # --- the snapshot in use ------------------------------------------------------------------------

    def _current(self, *, fresh: bool = False) -> Snapshot:
        """Return the snapshot in use; at intervals, or if `fresh`, after a look for a newer commit."""
        if self._still is not None:
            return self._still
        held = self._snapshot
        now = time.monotonic()
        if held is not None and not fresh and now - self._looked < _LOOK_EVERY:
            return held
        if held is not None and not fresh and self._lock.locked():
            return held  # somebody else is looking
        with self._lock:
            held = self._snapshot
            if held is not None and not fresh and time.monotonic() - self._looked < _LOOK_EVERY:
                return held
            try:
                self._snapshot = self._look(held)
            except Broken:
                self._snapshot = None
                raise
            self._looked = time.monotonic()
            return self._snapshot

    def _look(self, held: Snapshot | None) -> Snapshot:
        """Read what is on the disk. A commit or a rebuild in between makes files vanish: then once more."""
        for last in range(_TRIES - 1, -1, -1):
            try:
                with _broken():
                    return self._read(held)
            except Broken:
                if not last or self._shelf.is_empty():
                    raise
                time.sleep(0.02)
        raise AssertionError("unreachable")

    def _read(self, held: Snapshot | None) -> Snapshot:
        generation = self._shelf.in_use()
        store = self._shelf.store(generation)
        if held is not None and held.generation != generation:
            held = None
        if held is not None and store.state() == held.number:
            return held
        pages = {page.file.name: page for page in held.pages} if held is not None else {}
        number, files = store.read({name: page.file for name, page in pages.items()})
        return Snapshot(
            generation, number, [pages.get(file.name) or Page(file) for file in files], held
        )


@contextmanager
def _broken() -> Iterator[None]:
    """Say of whatever goes wrong when an index is read that the index is broken."""
    try:
        yield
    except Broken:
        raise
    except Exception as error:
        raise Broken(f"{type(error).__name__}: {error}") from error
