"""Reading a backup from its first byte to its last, and comparing it with what it says of itself."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.cli.backups import manifest, postgres, sqlite
from app.cli.backups.facts import Named
from app.cli.backups.making import TOLD_EVERY_SECONDS, Tell, file_of, is_kept, path_of
from app.cli.backups.manifest import Manifest
from app.cli.backups.shelves import Shelf, at_hand


def find_faults(shelf: Shelf, name: str, made: Manifest, tell: Tell) -> Iterator[str]:
    """Yield what is wrong with a backup. What its manifest admits (`missing`) is no fault here."""
    yield from _unequal_files(shelf, name, made, tell)
    dumped = file_of(made.facts.engine)
    if dumped not in made.files:
        yield f"{dumped}: the manifest does not name it"
        return
    tell(f"reading {dumped} …")
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with at_hand(shelf, name, dumped, Path(scratch)) as copy:
                yield from _database(copy, made)
        except FileNotFoundError:
            # That it is not there was told.
            return


def list_foreign(shelf: Shelf, name: str, made: Manifest) -> list[str]:
    """Return what lies in a backup and is not of it. It is never put back."""
    return sorted(shelf.paths(name) - set(made.files) - {manifest.FILE, manifest.SEAL})


def _unequal_files(shelf: Shelf, name: str, made: Manifest, tell: Tell) -> Iterator[str]:
    told = time.monotonic()
    for number, (path, kept) in enumerate(made.files.items()):
        try:
            found = manifest.measure(shelf.chunks(name, path))
        except FileNotFoundError:
            yield f"{path}: it is not there"
            continue
        except OSError as error:
            yield f"{path}: {error.strerror or error}"
            continue
        if found != kept:
            yield f"{path}: it is not what was written ({found.bytes:,} bytes, {kept.bytes:,} then)"
        if time.monotonic() - told > TOLD_EVERY_SECONDS:
            tell(f"{number:,} of {len(made.files):,} files …")
            told = time.monotonic()


def _database(copy: Path, made: Manifest) -> Iterator[str]:
    counts: Mapping[str, int]
    if made.facts.engine == "sqlite":
        faults, found, named = sqlite.examine(copy)
        counts = found.tables if found else made.facts.tables
    else:
        faults, contents = postgres.examine(copy)
        counts, named = contents.tables, contents.named
    yield from faults
    if faults:
        return
    for table, rows in made.facts.tables.items():
        if counts.get(table, 0) != rows:
            yield f"{table}: {counts.get(table, 0):,} rows, {rows:,} when it was made"
    if made.uploads:
        yield from _uploads(made, named)


def _uploads(made: Manifest, named: list[Named]) -> Iterator[str]:
    admitted = {*made.missing, *made.gone}
    for each in named:
        path = path_of(each.key)
        if each.key not in admitted and not is_kept(made.files.get(path), each):
            yield f"{path}: a row names it, and the backup has no such file"
