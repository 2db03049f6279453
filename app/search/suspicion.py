"""A reader found the index broken: told to the worker, of whatever process, by a mark.

A file in the index's folder, or a word at its generation in the database.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from app.kernel import patience
from app.kernel.db import db
from app.search.models import SearchGeneration

_FILE = "SUSPECT"
_LONGEST = 300
_WAITS = int(1000 * patience.SPARE_SECONDS)
G = SearchGeneration.__table__.c


class Suspicion:
    """The mark in an index's folder."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE

    def tell(self, why: str) -> None:
        """Leave the mark. Where nothing can be written, or there is no index, there is nothing to tell."""
        with suppress(OSError):
            self._file.write_text(why[:_LONGEST], "utf-8")

    def find(self) -> str | None:
        """Return why a reader left the mark; None where none did."""
        try:
            return self._file.read_text("utf-8")
        except OSError:
            return None

    def clear(self) -> None:
        """Take the mark away: the index was read, and is sound."""
        self._file.unlink(missing_ok=True)


class RowSuspicion:
    """The mark of an index in the database. A new generation bears none."""

    def tell(self, why: str) -> None:
        """Leave the mark, apart from what the reader is about; where nothing can be written at once, none."""
        marked = update(SearchGeneration).where(G.in_use, G.suspect == "")
        with suppress(SQLAlchemyError), db.engine.begin() as connection:
            # A searching page waits for nobody who holds the row.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAITS}ms'")
            connection.execute(marked.values(suspect=why[:_LONGEST] or "broken"))

    def find(self) -> str | None:
        """Return why a reader left the mark; None where none did."""
        with db.engine.connect() as connection:
            found: str | None = connection.scalar(
                select(G.suspect).where(G.in_use, G.suspect != "").limit(1)
            )
        return found

    def clear(self) -> None:
        """Take the mark away."""
        if self.find() is None:
            return
        with db.engine.begin() as connection:
            connection.execute(update(SearchGeneration).values(suspect=""))
