"""A SQLite database in a backup: `planetarium.db`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.cli.backups import facts, shelves
from app.cli.backups.facts import Ask, Named
from app.cli.backups.manifest import Facts, chunks_of
from app.kernel.errors import Conflict

FILE = "planetarium.db"
_BESIDE = ("-wal", "-shm", "-journal")
_TOLD_FAULTS = 5


class Broken(Exception):
    """The database, or a copy of it, is damaged; the words are SQLite's."""


def dump(source: str, folder: Path) -> tuple[Facts, list[Named]]:
    """Copy a database as of one moment; Broken when it cannot be read to its end."""
    target = folder / FILE
    try:
        with closing(sqlite3.connect(source, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout=15000")
            # One snapshot, the log included; a plain copy of the file would miss that.
            connection.execute("VACUUM INTO ?", (str(target),))
        with _asking(target) as ask:
            if (verdict := ask("PRAGMA quick_check(1)")[0][0]) != "ok":
                raise Broken(verdict)
            return facts.gather("sqlite", ask), facts.list_named(ask)
    except sqlite3.DatabaseError as error:
        raise Broken(str(error)) from error


def examine(copy: Path) -> tuple[list[str], Facts | None, list[Named]]:
    """Read all of a copy; returns what is wrong, what it is and what it names."""
    try:
        with _asking(copy) as ask:
            found = [row[0] for row in ask(f"PRAGMA integrity_check({_TOLD_FAULTS})")]
            faults = [] if found == ["ok"] else [f"{FILE}: {words}" for words in found]
            dangling = ask("PRAGMA foreign_key_check")
            faults += [f"{FILE}: a row of {row[0]} refers to none of {row[2]}"
                       for row in dangling[:_TOLD_FAULTS]]  # fmt: skip
            return faults, facts.gather("sqlite", ask), facts.list_named(ask)
    except sqlite3.DatabaseError as error:
        return [f"{FILE}: {error}"], None, []


def require_empty(target: Path) -> None:
    """Conflict `inhabited` when there is a database with rows; `log` when a log lies about without one,
    which would be mixed into whatever is put beside it."""
    if target.exists() and target.stat().st_size:
        try:
            with _asking(target) as ask:
                inhabited = facts.is_inhabited("sqlite", ask)
        except sqlite3.DatabaseError as error:
            raise Conflict("inhabited") from error
        if inhabited:
            raise Conflict("inhabited")
    elif any(_beside(target)):
        raise Conflict("log")


def restore(copy: Path, target: Path) -> None:
    """Put a copy in the place of an empty database, by one rename."""
    for left in _beside(target):
        left.unlink()
    shelves.write_safely(target, chunks_of(copy))


def _beside(target: Path) -> Iterator[Path]:
    yield from (path for end in _BESIDE if (path := target.with_name(target.name + end)).exists())


@contextmanager
def _asking(path: Path) -> Iterator[Ask]:
    """Yield a way to ask a file that nobody writes to; it stays as it is."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        yield lambda words: connection.execute(words).fetchall()
