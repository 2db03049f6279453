"""Files that only their owner opens: the database with its log, uploads, index, mails, backups.

The one place that knows the rights of files. New ones are made private by the process's mask; what
lay open before (an older version, a copy made by hand) is mended when an installation starts.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import make_url

OTHERS = stat.S_IRWXG | stat.S_IRWXO
# What SQLite lays beside a database.
_BESIDE = ("", "-wal", "-shm", "-journal")


def keep_to_ourselves() -> None:
    """Let whatever this process and its children make be closed to everybody else (0600, 0700)."""
    os.umask(OTHERS)


def places_of(data_dir: Path, index_dir: Path, database_uri: str) -> list[Path]:
    """Return what must be private and exists: the data directory, the index, and the files of a SQLite
    database, which may lie elsewhere (not the folder that holds them: that can be anybody's)."""
    url = make_url(database_uri)
    sqlite = url.database if url.get_backend_name() == "sqlite" else None
    files = [Path(sqlite + end) for end in _BESIDE] if sqlite else []
    return [place for place in (data_dir, index_dir, *files) if place.exists()]


def find_open(places: Iterable[Path]) -> Iterator[Path]:
    """Yield what others could enter or read: a place itself and what lies directly in it. What lies
    deeper is behind these folders, so asking is cheap however many uploads there are."""
    for place in places:
        if _is_open(place):
            yield place
        if place.is_dir():
            yield from (inner for inner in sorted(place.iterdir()) if _is_open(inner))


def close(places: Iterable[Path]) -> int:
    """Take all rights of others from the places and all that is in them; returns of how many. Links
    are not followed; what belongs to another user is left, and doctor tells of it."""
    places = list(places)
    if next(find_open(places), None) is None:
        return 0
    return sum(_close(path) for place in places for path in _inside_first(place))


def _inside_first(place: Path) -> Iterator[Path]:
    """Yield the place last: whoever is stopped halfway finds it open still, and begins again."""
    for folder, folders, files in os.walk(place, topdown=False):
        yield from (Path(folder, name) for name in (*files, *folders))
    yield place


def _is_open(path: Path) -> bool:
    with suppress(FileNotFoundError):
        found = path.lstat().st_mode
        return not stat.S_ISLNK(found) and bool(found & OTHERS)
    return False


def _close(path: Path) -> bool:
    if not _is_open(path):
        return False
    with suppress(OSError):
        path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS)
        return True
    return False
