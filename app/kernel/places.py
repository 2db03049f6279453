"""Where an installation keeps its files, and how much room there is: for doctor, readiness and metrics.

Asking needs no database. A place that is not there yet is asked of the folder that will hold it.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import make_url

MIB = 1024 * 1024
# Below these writing stops soon, or is about to.
LOW_BYTES, LITTLE_BYTES = 200 * MIB, 1024 * MIB
LOW_FILES = 1_000

_STANDARD_ERROR = 2

# These are made when they are first needed; nobody makes the others anew.
MADE_LATER = frozenset({"media", "index"})

Name = Literal["data", "database", "media", "index", "uploads", "log"]


@dataclass(frozen=True, slots=True)
class Place:
    """Something we write, and the folder it lies in."""

    name: Name
    folder: Path


@dataclass(frozen=True, slots=True)
class Room:
    """What a place has: `free` and `size` in bytes, how many new files its disk takes (None: any number), the
    disk itself, and why nothing can be written there ("" when it can)."""

    place: Place
    free: int
    size: int
    files: int | None
    disk: int
    refused: str = ""

    @property
    def is_low(self) -> bool:
        """Whether writing stops soon, or has."""
        return bool(
            self.refused
            or self.free < LOW_BYTES
            or (self.files is not None and self.files < LOW_FILES)
        )


def list_places(*, data_dir: Path, index_dir: Path | None, database_uri: str) -> list[Place]:
    """Return the places of an installation. `index_dir` is None when the index lies in the database."""
    places = [Place("data", data_dir), Place("media", data_dir / "media")]
    url = make_url(database_uri)
    if url.get_backend_name() == "sqlite" and url.database:
        places.append(Place("database", Path(url.database).parent))
    if index_dir is not None:
        places.append(Place("index", index_dir))
    places.append(Place("uploads", _parking(data_dir)))
    if (log := _log_folder()) is not None:
        places.append(Place("log", log))
    return places


def measure(places: list[Place]) -> Iterator[Room]:
    """Yield the room of each place, after writing a byte there that leaves no trace."""
    for place in places:
        folder = place.folder.absolute()
        if place.name in MADE_LATER:
            folder = _nearest(folder)
        try:
            found = os.statvfs(folder)
            disk = folder.stat().st_dev
        except OSError as error:
            yield Room(place, 0, 0, None, 0, _words(error))
            continue
        yield Room(
            place,
            free=found.f_bavail * found.f_frsize,
            size=found.f_blocks * found.f_frsize,
            # Some file systems count no files.
            files=found.f_favail if found.f_files else None,
            disk=disk,
            refused=_try(folder),
        )


def _try(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(b"?")
    except OSError as error:
        return _words(error)
    return ""


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _nearest(folder: Path) -> Path:
    """Return the folder itself, or of those above it the nearest that is there."""
    for each in (folder, *folder.parents):
        with suppress(OSError):
            if each.is_dir():
                return each
    return folder


def _parking(data_dir: Path) -> Path:
    """Return where uploads lie while they come in: `bin/serve` sets it, commands have to guess."""
    if named := os.environ.get("TMPDIR"):
        # Not asked of `tempfile`, which goes elsewhere when nothing can be written there.
        return Path(named)
    served = data_dir / "tmp"
    try:
        return served if served.is_dir() else Path(tempfile.gettempdir())
    except OSError:
        # It looked everywhere and found none that takes a file.
        return served


def _log_folder() -> Path | None:
    """Return where this process's log lies; None when it is no file."""
    with suppress(OSError):
        if stat.S_ISREG(os.fstat(_STANDARD_ERROR).st_mode):
            return Path(os.readlink(f"/proc/self/fd/{_STANDARD_ERROR}")).parent
    return None
