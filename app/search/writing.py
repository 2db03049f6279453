"""Who writes the index: one process at a time, and another as soon as that one is gone."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.db import db


class Lock(Protocol):
    """A lock that ends with its process."""

    def take(self) -> bool:
        """Take it, or see that it is held still; False when another process has it."""

    def give_back(self) -> None:
        """Let another have it; nothing happens when it is not held."""


class FileLock:
    """For an index in files, which the processes of one machine share."""

    def __init__(self, path: Path) -> None:
        """`path` lies outside the index: whoever deletes that must not delete the lock."""
        self._path = path
        self._held: IO[str] | None = None

    def take(self) -> bool:
        """See Lock."""
        if self._held is not None:
            return True
        file = open(self._path, "w")  # noqa: SIM115 - held as long as the process lives
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._held = file
        return True

    def give_back(self) -> None:
        """See Lock."""
        if self._held is not None:
            self._held.close()
            self._held = None


class DatabaseLock:
    """For an index in PostgreSQL, which several machines share: bound to a connection of its own."""

    def __init__(self, key: int) -> None:
        self._key = key
        self._connection: Connection | None = None

    def take(self) -> bool:
        """See Lock."""
        if self._connection is not None:
            try:
                self._connection.execute(text("SELECT 1"))
            except SQLAlchemyError:
                # The server was started anew: the lock went with the connection.
                self.give_back()
                raise
            return True
        connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}):
            connection.close()
            return False
        self._connection = connection
        return True

    def give_back(self) -> None:
        """See Lock."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


# Any two numbers that nothing else in the house takes.
_KEYS = {"writer": 732725, "rebuild": 732726}


def lock(name: str, *, folder: Path, in_database: bool) -> Lock:
    """Return the lock "writer" (whoever follows the changes) or "rebuild"."""
    if in_database:
        return DatabaseLock(_KEYS[name])
    return FileLock(folder / f"search_{name}.lock")
