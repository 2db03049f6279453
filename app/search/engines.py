"""The choice of an engine. It is loaded when it is first asked: with what it needs (numpy, Whoosh) it takes
some 20 MB of each process, also of those that never search."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from pathlib import Path

from app.search.history import History
from app.search.port import Broken, Engine, Entry, Found, Rebuild, Request, Stats
from app.search.suspicion import RowSuspicion, Suspicion


def open_engine(*, folder: Path | None) -> Engine:
    """Return the engine that keeps its index in a folder, or in the database; it looks at the index when it
    is first asked."""
    return _Waiting(folder)


class _Waiting:
    """An engine that is not loaded before it is asked for something."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        # An index in the database goes back with it.
        self._history = History(folder) if folder is not None else None
        self._suspicion = Suspicion(folder) if folder is not None else RowSuspicion()
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
        """See `port.Engine`, as of all others. Broken too for an index of another history."""
        cursor = self._engine.cursor()
        if self._history is not None:
            self._history.check(cursor)
        return cursor

    @property
    def _believed(self) -> Engine:
        """The engine, once its index is known to be of this database's history. Raises Broken."""
        if self._history is not None and not self._history.is_sure:
            self.cursor()
        return self._engine

    def apply(self, entries: Sequence[Entry], *, cursor: int) -> None:
        """Write the entries and the cursor."""
        if self._history is not None:
            self._history.note(cursor)
        self._engine.apply(entries, cursor=cursor)

    def now(self) -> Engine:
        """Return the engine as it stands."""
        with self._told():
            return self._standing(self._believed.now())

    def ahead(self, key: Hashable, load: Callable[[], Sequence[Entry]]) -> Engine:
        """Return the engine as it will be."""
        return self._standing(self._believed.ahead(key, load))

    def _standing(self, engine: Engine) -> Engine:
        """Return another engine in the place of this one's, of the same history: it is believed already."""
        other = copy(self)
        other._engine, other._history = engine, None
        return other

    def search(self, request: Request) -> Found:
        """Search."""
        with self._told():
            return self._believed.search(request)

    def words(self, prefix: str, request: Request, *, limit: int) -> list[str]:
        """Return words of titles that begin so."""
        with self._told():
            return self._believed.words(prefix, request, limit=limit)

    def names(self, prefix: str, request: Request, *, limit: int) -> list[str]:
        """Return names of authors that begin so."""
        with self._told():
            return self._believed.names(prefix, request, limit=limit)

    def near(self, word: str, request: Request, *, limit: int) -> list[str]:
        """Return words almost like this one."""
        with self._told():
            return self._believed.near(word, request, limit=limit)

    def contents(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        """Return fingerprints."""
        with self._told():
            return self._believed.contents(after=after, limit=limit)

    def check(self) -> None:
        """Read all that a search may ever read."""
        self._engine.check()

    def sample(self, seconds: float) -> None:
        """Read a little of it, in turn."""
        self._engine.sample(seconds)

    def suspect(self) -> str | None:
        """Return why a reader found the index broken."""
        return self._suspicion.find()

    def trust(self) -> None:
        """Say that the index is sound."""
        self._suspicion.clear()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell the worker when what is read is broken."""
        try:
            yield
        except Broken as error:
            self._suspicion.tell(str(error))
            raise

    def begin_rebuild(self, *, cursor: int) -> Rebuild:
        """Start or resume a rebuild."""
        building = self._engine.begin_rebuild(cursor=cursor)
        return building if self._history is None else _Noted(building, self._history)

    def tidy(self) -> None:
        """Merge what small commits left behind."""
        self._engine.tidy()

    def stats(self) -> Stats:
        """Return numbers about the index."""
        return self._believed.stats()


class _Noted:
    """A rebuild whose cursor is written down before the new index is used."""

    def __init__(self, building: Rebuild, history: History) -> None:
        self._building = building
        self._history = history
        self.done_upto, self.cursor = building.done_upto, building.cursor

    def add(self, entries: Sequence[Entry], *, upto: int) -> None:
        """See `port.Rebuild`, as of all others."""
        self._building.add(entries, upto=upto)

    def finish(self) -> None:
        """Put the new index in place."""
        self._history.note(self.cursor)
        self._building.finish()

    def abandon(self) -> None:
        """Throw it away."""
        self._building.abandon()
