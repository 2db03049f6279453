"""Making a backup, while the site runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from app import __version__
from app.cli.backups import postgres, sqlite
from app.cli.backups.facts import Named
from app.cli.backups.manifest import Facts, Kept, Manifest
from app.cli.backups.shelves import Shelf
from app.kernel import clock
from app.kernel.db import db
from app.media.models import Attachment
from app.media.storage import place_of

MEDIA = "media"
TOLD_EVERY_SECONDS = 5.0
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A whole backup on the same shelf, from which uploads are taken over: they never change."""

    name: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be made. `media` is the folder of uploads, None to leave them out."""

    name: str
    media: Path | None
    earlier: Earlier | None = None


@dataclass(slots=True)
class _Uploads:
    files: dict[str, Kept] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def make(shelf: Shelf, wish: Wish, tell: Tell) -> Manifest:
    """Make a backup and return what it says of itself; whatever stops it, nothing of it stays.

    OSError, `sqlite.Broken`, `postgres.Failed` and what a shelf raises.
    """
    try:
        return _make(shelf, wish, tell)
    except BaseException:
        shelf.abandon(wish.name)
        raise


def _make(shelf: Shelf, wish: Wish, tell: Tell) -> Manifest:
    folder = shelf.begin(wish.name)
    made_at = clock.now()
    # The database first: uploads are never changed, so each that a row names is there to copy.
    facts, named = dump_database(folder)
    db.session.remove()
    dumped = file_of(facts.engine)
    files = {dumped: shelf.put(wish.name, dumped, folder / dumped)}
    uploads = _Uploads()
    if wish.media is not None:
        uploads = _copy_uploads(shelf, wish, wish.media, tell)
        _compare(uploads, named)
    made = Manifest(
        made_at=made_at,
        version=__version__,
        facts=facts,
        uploads=wish.media is not None,
        files={**files, **uploads.files},
        missing=uploads.missing,
        gone=uploads.gone,
    )
    shelf.finish(wish.name, made)
    return made


def dump_database(folder: Path) -> tuple[Facts, list[Named]]:
    """Copy the application's database into a folder, as of one moment."""
    if db.engine.dialect.name == "sqlite":
        return sqlite.dump(str(db.engine.url.database), folder)
    return postgres.dump(db.engine, folder)


def file_of(engine: str) -> str:
    """Return the name of a database's file in a backup."""
    return sqlite.FILE if engine == "sqlite" else postgres.FILE


def path_of(key: str) -> str:
    """Return where a backup keeps an object of the storage."""
    return f"{MEDIA}/{place_of(key)}"


def _copy_uploads(shelf: Shelf, wish: Wish, media: Path, tell: Tell) -> _Uploads:
    copied, told = _Uploads(), time.monotonic()
    for source in _objects(media):
        path = f"{MEDIA}/{source.relative_to(media)}"
        # Deleted meanwhile; `_compare` sees whether that was meant.
        with suppress(FileNotFoundError):
            copied.files[path] = _copy(shelf, wish, path, source)
        if time.monotonic() - told > TOLD_EVERY_SECONDS:
            tell(f"{len(copied.files):,} uploads …")
            told = time.monotonic()
    return copied


def _objects(media: Path) -> Iterator[Path]:
    return (file for file in media.rglob("*") if file.is_file() and file.suffix != ".part")


def _copy(shelf: Shelf, wish: Wish, path: str, source: Path) -> Kept:
    if wish.earlier is not None:
        before = wish.earlier.manifest.files.get(path)
        same = before is not None and before.bytes == source.stat().st_size
        if same and before and shelf.reuse(
            wish.name, path, earlier=wish.earlier.name, kept=before
        ):  # fmt: skip
            return before
    return shelf.put(wish.name, path, source)


def _compare(uploads: _Uploads, named: Iterable[Named]) -> None:
    """Note what rows name and is not there, or not as the row says."""
    for each in named:
        if is_kept(uploads.files.get(path_of(each.key)), each):
            continue
        if _is_named_still(each.key):
            uploads.missing.append(each.key)
        else:
            uploads.gone.append(each.key)


def is_kept(found: Kept | None, named: Named) -> bool:
    """Whether a file is what a row says of it."""
    if found is None:
        return False
    return named.bytes is None or (found.bytes, found.sha256) == (named.bytes, named.sha256)


def _is_named_still(key: str) -> bool:
    either = (Attachment.storage_key == key) | (Attachment.thumbnail_key == key)
    found = db.session.scalar(select(Attachment.id).where(either).limit(1))
    db.session.rollback()
    return found is not None
