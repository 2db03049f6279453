"""Where backups lie: in a folder of this machine, or in a bucket (`backups/bucket.py`)."""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from app.cli.backups import manifest
from app.cli.backups.manifest import Damaged, Kept, Manifest

BUCKETS = "s3://"
_PART = ".part"
_LEFT_AFTER_SECONDS = 24 * 3600


class Shelf(Protocol):
    """Backups side by side, each under a name."""

    def tell(self, name: str) -> str:
        """Return a backup's address, for people."""
        ...

    def names(self) -> list[str]:
        """Return the names of finished backups, sorted."""
        ...

    def is_taken(self, name: str) -> bool:
        """Whether anything lies under a name."""
        ...

    def begin(self, name: str) -> Path:
        """Make room for a backup; returns a private folder for what has to be a file first."""
        ...

    def put(self, name: str, path: str, source: Path) -> Kept:
        """Copy a file into a backup that was begun. FileNotFoundError when it is gone."""
        ...

    def reuse(self, name: str, path: str, *, earlier: str, kept: Kept) -> bool:
        """Take a file over from an earlier backup, without room or transfer; False when that cannot be,
        or the earlier one is not what it was."""
        ...

    def finish(self, name: str, made: Manifest) -> None:
        """Write the manifest: only now it is a backup."""
        ...

    def abandon(self, name: str) -> None:
        """Throw away what was begun and not finished."""
        ...

    def sweep(self, prefix: str) -> None:
        """Throw away what was begun under names with a prefix, and left by a process that died."""
        ...

    def chunks(self, name: str, path: str) -> Iterable[bytes]:
        """Yield the bytes of a backup's file. FileNotFoundError when it is not there."""
        ...

    def paths(self, name: str) -> set[str]:
        """Return the paths of all that lies in a backup."""
        ...

    def remove(self, name: str) -> None:
        """Delete a backup, its manifest first: halfway it is none."""
        ...


def open_shelf(address: str) -> Shelf:
    """Return the shelf at an address: a folder, or s3://bucket/prefix."""
    if address.startswith(BUCKETS):
        # Loaded where it is used: it is some megabytes of compiled code.
        made: Shelf = importlib.import_module("app.cli.backups.bucket").BucketShelf(address)
        return made
    return FolderShelf(Path(address))


def open_backup(address: str) -> tuple[Shelf, str]:
    """Return the shelf that one backup lies on, and its name."""
    if address.startswith(BUCKETS):
        above, _, name = address.rstrip("/").rpartition("/")
        return open_shelf(above), name
    folder = Path(address).absolute()
    return FolderShelf(folder.parent), folder.name


def read_manifest(shelf: Shelf, name: str) -> Manifest:
    """Return a backup's manifest. Damaged when there is none, or it was changed."""
    try:
        words, seal = (
            b"".join(shelf.chunks(name, each)) for each in (manifest.FILE, manifest.SEAL)
        )
    except FileNotFoundError as error:
        raise Damaged(
            f"there is no {manifest.FILE}: it is no backup, or it was broken off"
        ) from error
    return manifest.read(words, seal)


@contextmanager
def at_hand(shelf: Shelf, name: str, path: str, scratch: Path) -> Iterator[Path]:
    """Yield a file of this machine with the content of a backup's file; of a bucket's, a private copy."""
    if isinstance(shelf, FolderShelf):
        yield shelf.root / name / path
        return
    copy = scratch / Path(path).name
    write_safely(copy, shelf.chunks(name, path))
    try:
        yield copy
    finally:
        copy.unlink()


def write_safely(path: Path, chunks: Iterable[bytes]) -> Kept:
    """Write a private file beside, flush it, then give it its name; returns what was written."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(path.name + _PART)
    digest, size = hashlib.sha256(), 0
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return Kept(size, digest.hexdigest())


class FolderShelf:
    """Backups as folders in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def tell(self, name: str) -> str:
        """Return its path."""
        return str(self.root / name)

    def names(self) -> list[str]:
        """Return folders with a manifest."""
        return sorted(path.parent.name for path in self.root.glob(f"[!.]*/{manifest.FILE}")
                      if path.parent.suffix != _PART)  # fmt: skip

    def is_taken(self, name: str) -> bool:
        """Whether the folder, or a file, exists."""
        return (self.root / name).exists()

    def begin(self, name: str) -> Path:
        """Make the folder under another name."""
        self.abandon(name)
        self._begun(name).mkdir(parents=True, mode=0o700)
        return self._begun(name)

    def put(self, name: str, path: str, source: Path) -> Kept:
        """Copy, or only measure and flush what was made in place."""
        target = self._begun(name) / path
        if source != target:
            return write_safely(target, manifest.chunks_of(source))
        target.chmod(0o600)
        _flush(target)
        return manifest.measure(manifest.chunks_of(target))

    def reuse(self, name: str, path: str, *, earlier: str, kept: Kept) -> bool:
        """Make a second name of the earlier file; it is read once."""
        target = self._begun(name) / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            os.link(self.root / earlier / path, target)
        except OSError:
            return False
        if manifest.measure(manifest.chunks_of(target)) == kept:
            return True
        target.unlink()
        return False

    def finish(self, name: str, made: Manifest) -> None:
        """Write the manifest, flush all folders, give the folder its name."""
        begun = self._begun(name)
        words, seal = manifest.write(made)
        write_safely(begun / manifest.FILE, [words])
        write_safely(begun / manifest.SEAL, [seal])
        for folder, _folders, _files in os.walk(begun):
            _flush(Path(folder))
        begun.rename(self.root / name)
        _flush(self.root)

    def abandon(self, name: str) -> None:
        """Delete the folder with the other name."""
        shutil.rmtree(self._begun(name), ignore_errors=True)

    def sweep(self, prefix: str) -> None:
        """Delete what has not been touched for a day."""
        for folder in self.root.glob(f"{prefix}*{_PART}"):
            if time.time() - folder.stat().st_mtime > _LEFT_AFTER_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)

    def chunks(self, name: str, path: str) -> Iterable[bytes]:
        """Yield a file's bytes."""
        return manifest.chunks_of(self.root / name / path)

    def paths(self, name: str) -> set[str]:
        """Return all files, by their paths in the backup."""
        top = self.root / name
        return {str(path.relative_to(top)) for path in top.rglob("*") if not path.is_dir()}

    def remove(self, name: str) -> None:
        """Delete the folder."""
        (self.root / name / manifest.FILE).unlink(missing_ok=True)
        shutil.rmtree(self.root / name)

    def _begun(self, name: str) -> Path:
        return self.root / f"{name}{_PART}"


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
