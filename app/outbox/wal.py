"""Check-points of SQLite's write-ahead log, where only one process may make them.

SQLite before 3.51.3 (3.50.7, 3.44.6) can corrupt a WAL database when two connections check-point at
once. On such a version `kernel.db` switches automatic check-points off, and the worker makes them
here, under a file lock that ends with its process, so that a second worker keeps out.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import IO

from app.kernel.db import checkpoint, db, sqlite_checkpoint_is_safe
from app.kernel.logs import get_logger

EVERY_SECONDS = 3.0
# 1,000 pages, SQLite's own default for an automatic check-point.
WORTH_MOVING_BYTES = 4 * 1024 * 1024
# A quiet log is moved after this time although it is small, so that copies of the file are fresh.
QUIET_SECONDS = 60.0
WORTH_TRUNCATING_BYTES = 32 * 1024 * 1024

log = get_logger("wal")


class WalKeeper:
    """Keeps the log short; one per worker. `tick` is cheap when there is nothing to do."""

    def __init__(self) -> None:
        self._lock: IO[str] | None = None
        self._next_look = 0.0
        self._moved_at = 0.0
        self._seen_mtime = 0.0

    def tick(self) -> bool:
        """Check-point when the log has grown or lain still; returns whether it did."""
        wal = _wal_path()
        moment = time.monotonic()
        if wal is None or moment < self._next_look:
            return False
        self._next_look = moment + EVERY_SECONDS
        try:
            found = wal.stat()
        except FileNotFoundError:
            return False
        unmoved = found.st_mtime != self._seen_mtime
        large = found.st_size >= WORTH_MOVING_BYTES
        quiet = moment - self._moved_at >= QUIET_SECONDS
        if not unmoved or not (large or quiet) or not self._holds_lock(wal):
            return False
        self._moved_at = moment
        result = checkpoint("TRUNCATE" if found.st_size >= WORTH_TRUNCATING_BYTES else "PASSIVE")
        if result is not None and result[0] == 0 and result[1] == result[2]:
            # All frames are in the database: look again only after the next write.
            self._seen_mtime = found.st_mtime
        log.debug("check-point", result=result, wal_bytes=found.st_size)
        return True

    def _holds_lock(self, wal: Path) -> bool:
        if self._lock is not None:
            return True
        lock = open(f"{wal}.keeper", "w")  # noqa: SIM115 - held as long as the process lives
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        self._lock = lock
        return True

    def finish(self) -> None:
        """Move all of the log into the database, as far as those who read let it, and give the lock back:
        after a stop the file is whole by itself."""
        wal = _log_path()
        if (
            wal is not None
            and wal.exists()
            and (sqlite_checkpoint_is_safe() or self._holds_lock(wal))
        ):
            log.debug("last check-point", result=checkpoint("TRUNCATE"))
        self.close()

    def close(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _wal_path() -> Path | None:
    """Return the log's path where the worker must keep it; None where the engine does by itself."""
    return None if sqlite_checkpoint_is_safe() else _log_path()


def _log_path() -> Path | None:
    """Return the path of SQLite's log; None with another engine."""
    url = db.engine.url
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(f"{os.fspath(url.database)}-wal")
