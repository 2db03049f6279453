"""Which errors of a database are no fault of ours: busy, full, or out of reach. All others are bugs.

Sources: sqlite.org/rescode.html; PostgreSQL's manual, appendix A.
"""

from __future__ import annotations

import errno
import sqlite3
import tempfile
from typing import Literal

from sqlalchemy.exc import DBAPIError

from app.kernel.errors import Unavailable

Why = Literal["busy", "full", "away"]

_SQLITE: dict[int, Why] = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "full",
    sqlite3.SQLITE_IOERR: "full",
    sqlite3.SQLITE_CANTOPEN: "away",
}
# By code, or by the class of codes in its first two characters.
_POSTGRES: dict[str, Why] = {
    "55P03": "busy",  # lock_not_available
    "57014": "busy",  # query_canceled
    "40001": "busy",  # serialization_failure
    "40P01": "busy",  # deadlock_detected
    "25006": "full",  # read_only_sql_transaction
    "53100": "full",  # disk_full
    "58": "full",  # system_error: the server's own disk
    "53": "away",  # insufficient_resources, too_many_connections
    "57": "away",  # admin_shutdown, crash_shutdown, cannot_connect_now
    "08": "away",  # connection_exception
    "28": "away",  # the server refuses us
    "3D": "away",  # no such database
    "42P01": "away",  # no such table: an empty database stands in its place
}
# A disk that is full, read-only, broken or closed to us, and a process that may open no more files.
_DISK = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EFBIG,
        errno.EIO,
        errno.EACCES,
        errno.EPERM,
        errno.EMFILE,
        errno.ENFILE,
    }
)


def find_trouble(error: BaseException) -> Why | None:
    """Return what an error says of the database or the disk; None when it says nothing of the kind.

    Asked is also what it came of: after a full disk SQLite's transaction is gone, and what ends it fails.
    """
    seen: BaseException | None = error
    while seen is not None:
        if (why := _read(seen)) is not None:
            return why
        seen = seen.__cause__ or seen.__context__
    return None


def _read(error: BaseException) -> Why | None:
    if isinstance(error, Unavailable):
        return error.why
    if isinstance(error, OSError):
        return "full" if error.errno in _DISK or _is_of_temporary(error) else None
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        if str(error.orig).startswith("no such table"):
            # Somebody took the file away, and the driver made an empty one in its place.
            return "away"
        # The extended code carries the plain one in its last byte. Errors of the driver itself have none.
        return _SQLITE.get(getattr(error.orig, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        # The driver's own word: the server was not reached, or went away in the middle.
        return "away" if error.connection_invalidated or _is_of_connection(error) else None
    return _POSTGRES.get(state) or _POSTGRES.get(state[:2])


def _is_of_temporary(error: OSError) -> bool:
    """Whether the folder of temporary files is gone, in which what is sent lies while it comes in."""
    if error.errno != errno.ENOENT or tempfile.tempdir is None:
        # Without a folder at all Python says so once, with a name of no file.
        return error.errno == errno.ENOENT and "temporary directory" in str(error)
    return str(error.filename).startswith(f"{tempfile.tempdir}/")


def _is_of_connection(error: DBAPIError) -> bool:
    return type(error.orig).__name__ in ("OperationalError", "ConnectionTimeout")
