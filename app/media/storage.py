"""Where bytes lie. A small interface, so that another place (S3) can be put behind it later."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from app.kernel.errors import NotFound, Unavailable

_PART = ".part"


class Storage(Protocol):
    """Keeps objects under keys. `put` returns only when the bytes are safe."""

    def put(self, key: str, data: IO[bytes]) -> int:
        """Store all of `data` under a new key and return its size in bytes. OSError when full."""
        ...

    def open(self, key: str) -> IO[bytes]:
        """Return a seekable stream of the object; NotFound when it is gone, Unavailable when it cannot be
        reached."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; no error when it is gone already."""
        ...

    def sweep_broken_off(self, before: datetime) -> int:
        """Delete what was being put and never was whole, begun before a moment; returns how many."""
        ...

    def keys(self, before: datetime) -> Iterator[str]:
        """Yield the keys of objects that were put before a moment, in no order."""
        ...


def place_of(key: str) -> Path:
    """Return where below a folder of objects one lies: two levels deep, so that no folder grows large."""
    return Path(key[:2]) / key[2:4] / key


class DiskStorage:
    """Objects as files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, key: str) -> Path:
        if not key.replace("-", "").replace(".", "").isalnum() or len(key) < 5:
            raise NotFound(key)
        return self._root / place_of(key)

    def put(self, key: str, data: IO[bytes]) -> int:
        """Write beside, flush to disk, then rename: a crash leaves the whole object or none."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PART}")
        try:
            with beside.open("wb") as target:
                while chunk := data.read(1024 * 1024):
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
                size = target.tell()
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return size

    def open(self, key: str) -> IO[bytes]:
        """Open the file for reading."""
        try:
            return self._path(key).open("rb")
        except FileNotFoundError as error:
            raise NotFound(key) from error
        except OSError as error:
            raise Unavailable("away") from error

    def delete(self, key: str) -> None:
        """Unlink the file."""
        self._path(key).unlink(missing_ok=True)

    def sweep_broken_off(self, before: datetime) -> int:
        """Delete files that a process was writing when it was killed."""
        left = [path for path in self._files(before) if path.suffix == _PART]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def keys(self, before: datetime) -> Iterator[str]:
        """Yield names of files where objects lie; what somebody else laid into the folder is none."""
        for path in self._files(before):
            if path.suffix != _PART and path == self._root / place_of(path.name):
                yield path.name

    def _files(self, before: datetime) -> Iterator[Path]:
        for path in self._root.rglob("*"):
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < before.timestamp():
                    yield path


def _sync_folder(folder: Path) -> None:
    """Flush the folder itself: without it a crash may forget the new name."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
