"""Putting a backup back, into an empty place."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.cli.backups import manifest, postgres, sqlite
from app.cli.backups.making import MEDIA, file_of
from app.cli.backups.manifest import Kept, Manifest
from app.cli.backups.shelves import Shelf, at_hand, write_safely
from app.kernel import schema
from app.kernel.db import db
from app.kernel.errors import Conflict


@dataclass(frozen=True, slots=True)
class Back:
    """A way back: from which backup, and where its uploads go (None: nowhere)."""

    shelf: Shelf
    name: str
    made: Manifest
    media: Path | None

    def uploads(self) -> Iterator[tuple[str, Path, Kept]]:
        """Yield each upload's path in the backup, its place here, and what it is."""
        if self.media is None:
            return
        for path, kept in self.made.files.items():
            if path.startswith(f"{MEDIA}/"):
                yield path, self.media / path.removeprefix(f"{MEDIA}/"), kept


def require_possible(back: Back, migrations: str) -> None:
    """Conflict: `engine` when the backup is of the other kind of database, `newer` when this version does
    not know its migration, `inhabited`, `log` (see `sqlite.require_empty`), `different` when other files
    lie where its uploads belong, `room` when the disk has none for them."""
    if back.made.facts.engine != db.engine.dialect.name:
        raise Conflict("engine")
    if not schema.knows(migrations, back.made.facts.migration):
        raise Conflict("newer")
    if back.made.facts.engine == "sqlite":
        sqlite.require_empty(Path(str(db.engine.url.database)))
    else:
        postgres.require_empty(db.engine)
    wanted = 0
    for _path, place, kept in back.uploads():
        if not place.exists():
            wanted += kept.bytes
        elif manifest.measure(manifest.chunks_of(place)) != kept:
            raise Conflict("different")
    if back.media is not None and wanted > shutil.disk_usage(_nearest(back.media)).free:
        raise Conflict("room")


def restore(back: Back) -> int:
    """Put uploads back that are not there, then the database, as one step; returns how many uploads. Broken
    off in between, the database is empty still, and it can be run again."""
    count = 0
    for path, place, _kept in back.uploads():
        if not place.exists():
            write_safely(place, back.shelf.chunks(back.name, path))
            count += 1
    dumped = file_of(back.made.facts.engine)
    # Not in /tmp, which may lie in memory: a bucket's copy of the database can be large.
    with (
        tempfile.TemporaryDirectory(dir=back.media.parent if back.media else None) as scratch,
        at_hand(back.shelf, back.name, dumped, Path(scratch)) as copy,
    ):
        _put_back(copy, back.made.facts.engine)
    return count


def _put_back(copy: Path, engine: str) -> None:
    db.session.remove()
    db.engine.dispose()
    if engine == "sqlite":
        sqlite.restore(copy, Path(str(db.engine.url.database)))
    else:
        postgres.restore(copy, db.engine)


def _nearest(folder: Path) -> Path:
    while not folder.exists():
        folder = Path(os.path.dirname(folder.absolute()))
    return folder
