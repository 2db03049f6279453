"""The indexer: a lane of the worker that lets the index follow the changes, and mends it by itself.

Only the process that holds the lock writes. What the index holds, and how far it has followed, is written
in one commit; so after a death at any moment the next indexer goes on where the index is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from app.kernel.db import db
from app.kernel.errors import Unavailable
from app.kernel.logs import get_logger
from app.search.changes import Row, list_after, list_newest, purge
from app.search.documents import ANEW, load
from app.search.port import Broken, Engine, Entry
from app.search.rebuilding import Busy, rebuild
from app.search.writing import Lock

# Changes in one commit: ever more while commits are quick, fewer where they are slow. What is posted
# meanwhile waits for one of them.
FIRST_BATCH = 200
SMALLEST_BATCH, LARGEST_BATCH = 25, 5_000
SLOW_SECONDS = 0.5
# While many wait, so many of the newest go first: a post does not wait for an import.
NEWEST = 100
# What small commits leave behind is merged in a quiet moment, or after so many.
QUIET_SECONDS = 1.0
COMMITS_WITHOUT_TIDYING = 500
# Damage that no reader has met is found by reading a little every few seconds, in turn: by that a round
# through 64,000 topics takes about a minute. And by reading all of it now and then.
SAMPLED_EVERY, SAMPLE_SECONDS = 5.0, 0.2
EXAMINED_EVERY = 900.0

# What says nothing of the text that was being indexed: it is tried again later.
_NOT_OF_THE_TEXT = (Broken, OSError, SQLAlchemyError, Unavailable)

log = get_logger("search")


class Indexer:
    """One per worker process. `step` does one commit's work, if there is any."""

    name = "search"

    def __init__(self, engine: Engine, writer: Lock, rebuilder: Lock) -> None:
        self._engine = engine
        self._writer = writer
        self._rebuilder = rebuilder
        self._batch = FIRST_BATCH
        self._examine_at = 0.0
        self._sample_at = 0.0
        self._seen = 0
        # Changes beyond the cursor that are in the index already.
        self._early: set[int] = set()
        self._commits = 0
        self._wrote_at = 0.0

    def step(self, stopping: Callable[[], bool]) -> bool:
        """Follow some changes, or make the index anew where it is missing; False: there is nothing to do."""
        if not self._writer.take():
            return False
        try:
            return self._go_on(stopping)
        except Broken as error:
            log.error("the index is missing or broken: it is made anew", why=str(error))
            return self._rebuild(stopping)

    def _go_on(self, stopping: Callable[[], bool]) -> bool:
        self._examine()
        cursor = self._engine.cursor()
        rows = list_after(cursor, self._batch)
        if rows is None:
            # Away for too long, or made of another database.
            log.warning("the index has missed changes: it is made anew", cursor=cursor)
            return self._rebuild(stopping)
        if not rows:
            self._tidy_when_quiet()
            return False
        if len(rows) == self._batch:
            self._newest_first(cursor, beyond=rows[-1].id)
        self._follow(rows, cursor)
        return True

    def _examine(self) -> None:
        """Read the whole index when a reader stumbled, when this process begins, and now and then."""
        why = self._engine.suspect() or self._sample()
        if why is None and time.monotonic() < self._examine_at:
            return
        if why is not None:
            log.warning("the index was found broken: it is examined", why=why)
        self._engine.check()
        self._examine_at = time.monotonic() + EXAMINED_EVERY
        self._engine.trust()

    def _sample(self) -> str | None:
        """Return what is damaged of the next stretch of the index, which is looked at when it is time."""
        began = time.monotonic()
        if began < self._sample_at:
            return None
        try:
            self._engine.sample(SAMPLE_SECONDS)
        except Broken as error:
            return str(error)
        finally:
            # Opening a large index counts too: at most a twentieth of a processor goes into this.
            now = time.monotonic()
            self._sample_at = now + max(SAMPLED_EVERY, 20 * (now - began))
        return None

    def close(self) -> None:
        """Let another process write."""
        self._writer.give_back()

    def _rebuild(self, stopping: Callable[[], bool]) -> bool:
        self._early.clear()
        try:
            return rebuild(self._engine, self._rebuilder, stopping=stopping)
        except Busy:
            return False

    def _newest_first(self, cursor: int, *, beyond: int) -> None:
        rows = list_newest(max(beyond, self._seen), NEWEST)
        if not rows:
            return
        self._write(rows, cursor, cursor)
        self._seen = rows[0].id
        self._early.update(row.id for row in rows)

    def _follow(self, rows: Sequence[Row], cursor: int) -> None:
        began = time.monotonic()
        last = rows[-1].id
        self._write([row for row in rows if row.id not in self._early], cursor, last)
        self._early = {early for early in self._early if early > last}
        took = time.monotonic() - began
        if took > SLOW_SECONDS:
            self._batch = max(self._batch // 2, SMALLEST_BATCH)
        elif took < SLOW_SECONDS / 3 and len(rows) == self._batch:
            self._batch = min(self._batch * 2, LARGEST_BATCH)
        if self._commits >= COMMITS_WITHOUT_TIDYING:
            self._tidy()

    def _write(self, rows: Sequence[Row], cursor: int, upto: int) -> None:
        """Apply changes; those that make the engine stumble alone, so that one text cannot stop all."""
        anew = {row.change.topic_id for row in rows if row.change.part == ANEW}
        if anew:
            self._engine.apply([Entry(topic_id, None) for topic_id in sorted(anew)], cursor=cursor)
        try:
            self._engine.apply(_entries(rows), cursor=upto)
        except _NOT_OF_THE_TEXT:
            raise
        except Exception as error:
            # A damaged page stumbles over every text, and is none's fault.
            self._engine.check()
            log.error("some text cannot be indexed; each is tried alone", exc_info=error)
            for row in rows:
                self._write_alone(row, cursor)
            self._engine.apply([], cursor=upto)
        self._commits += 1
        self._wrote_at = time.monotonic()

    def _write_alone(self, row: Row, cursor: int) -> None:
        try:
            self._engine.apply(_entries([row]), cursor=cursor)
        except _NOT_OF_THE_TEXT:
            raise
        except Exception as error:
            log.error(
                "cannot be indexed",
                topic_id=row.change.topic_id,
                part=row.change.part,
                exc_info=error,
            )

    def _tidy_when_quiet(self) -> None:
        if self._commits and time.monotonic() - self._wrote_at >= QUIET_SECONDS:
            self._tidy()

    def _tidy(self) -> None:
        self._commits = 0
        self._engine.tidy()


def _entries(rows: Sequence[Row]) -> list[Entry]:
    entries = load(row.change for row in rows)
    db.session.rollback()
    return entries


def purge_followed(engine: Engine) -> int:
    """Forget changes that the index has followed long ago; a timed job. Returns how many."""
    try:
        cursor = engine.cursor()
    except Broken:
        return 0
    return purge(cursor)
