"""The choice of an engine. It is loaded when it is first asked: with what it needs (numpy, Whoosh) it takes
some 20 MB of each process, also of those that never search."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from app.search.port import Engine, Entry, Found, Rebuild, Request, Stats


def open_engine(*, folder: Path | None) -> Engine:
    """Return the engine that keeps its index in a folder, or in the database; it looks at the index when it
    is first asked."""
    return _Waiting(folder)


class _Waiting:
    """An engine that is not loaded before it is asked for something."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.name = "postgres" if folder is None else "whoosh"

    @cached_property
    def _engine(self) -> Engine:
        made: Engine
        if self._folder is None:
            made = importlib.import_module("app.search.postgres_engine").PostgresEngine()
        else:
            made = importlib.import_module("app.search.whoosh_engine").WhooshEngine(self._folder)
        return made

    def cursor(self) -> int:
        """See `port.Engine`, as of all others."""
        return self._engine.cursor()

    def apply(self, entries: Sequence[Entry], *, cursor: int) -> None:
        """Write the entries and the cursor."""
        self._engine.apply(entries, cursor=cursor)

    def search(self, request: Request) -> Found:
        """Search."""
        return self._engine.search(request)

    def words(self, prefix: str, request: Request, *, limit: int) -> list[str]:
        """Return words of titles that begin so."""
        return self._engine.words(prefix, request, limit=limit)

    def names(self, prefix: str, request: Request, *, limit: int) -> list[str]:
        """Return names of authors that begin so."""
        return self._engine.names(prefix, request, limit=limit)

    def near(self, word: str, request: Request, *, limit: int) -> list[str]:
        """Return words almost like this one."""
        return self._engine.near(word, request, limit=limit)

    def contents(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        """Return fingerprints."""
        return self._engine.contents(after=after, limit=limit)

    def begin_rebuild(self, *, cursor: int) -> Rebuild:
        """Start or resume a rebuild."""
        return self._engine.begin_rebuild(cursor=cursor)

    def tidy(self) -> None:
        """Merge what small commits left behind."""
        self._engine.tidy()

    def stats(self) -> Stats:
        """Return numbers about the index."""
        return self._engine.stats()
