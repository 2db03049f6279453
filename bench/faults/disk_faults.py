"""Disks that are full or may not be written, and files that are gone or damaged."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.crash_people import NO_ANSWER as BROKEN
from bench.faults.databases import SqliteFile
from bench.faults.fault import COME_BACK, Fault, Inject, doctor, log, metric, noted
from bench.faults.process_faults import upload
from bench.faults.stage import ROOM, Stage, wait_until_up
from bench.visitor import Visitor
from tests.cast import PASSWORD

NO_ROOM = doctor(r".*(MiB free|nothing can be written|not writable)")
ALL = frozenset({"sqlite", "postgresql"})
SQLITE, POSTGRESQL = frozenset({"sqlite"}), frozenset({"postgresql"})


def remount(place: Path, options: str) -> None:
    """Change what a mounted place allows."""
    subprocess.run(["mount", "-o", f"remount,{options}", place], check=True, timeout=30)


def full(place: str) -> Inject:
    """Let a place have no room left."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        folder = stage.folder / place
        held = os.statvfs(folder)
        used = (held.f_blocks - held.f_bfree) * held.f_frsize
        remount(folder, f"size={max(used, held.f_frsize)}")
        try:
            if place in ("data/media", "data/tmp"):
                _note_upload(stage)
            yield
        finally:
            remount(folder, f"size={ROOM}")

    return inject


def _note_upload(stage: Stage) -> None:
    owner = Visitor(stage.site.port)
    try:
        owner.sign_in("owner@example.test", PASSWORD)
        stage.notes.append(f"a picture was answered {upload(stage, owner)}")
    except BROKEN as error:
        stage.notes.append(f"a picture was lost: {error}")


@contextlib.contextmanager
def _read_only(stage: Stage) -> Iterator[None]:
    remount(stage.data, "ro")
    try:
        yield
    finally:
        remount(stage.data, "rw")


def damaged(how: Callable[[Path], None]) -> Inject:
    """Do something to each uploaded file; afterwards they are put back, as from a backup."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        owner = Visitor(stage.site.port)
        owner.sign_in("owner@example.test", PASSWORD)
        assert upload(stage, owner) < 300
        media, kept = stage.data / "media", stage.folder / "media-kept"
        shutil.copytree(media, kept)
        files = [path for path in media.rglob("*") if path.is_file()]
        for file in files:
            how(file)
        try:
            yield
        finally:
            shutil.copytree(kept, media, dirs_exist_ok=True)
            shutil.rmtree(kept)

    return inject


def cut(file: Path) -> None:
    """Leave the first half of a file."""
    os.truncate(file, file.stat().st_size // 2)


def flip(file: Path) -> None:
    """Turn the bits of a few bytes in the middle of a file."""
    with file.open("r+b") as opened:
        middle = file.stat().st_size // 2
        opened.seek(middle)
        found = opened.read(16)
        opened.seek(middle)
        opened.write(bytes(byte ^ 0xFF for byte in found))


def index(how: Callable[[Path], None]) -> Inject:
    """Do something to every large file of the index in files, once."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        for file in list((stage.data / "search_index").rglob("*")):
            if file.is_file() and file.stat().st_size > 64 and file.suffix != ".json":
                how(file)
        _search(stage)
        yield

    return inject


def index_rows(statement: str) -> Inject:
    """Do something to the index in PostgreSQL, once."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        with stage.rows() as rows, rows.begin():
            rows.exec_driver_sql(statement)
        _search(stage)
        yield

    return inject


def _search(stage: Stage) -> None:
    """Somebody searches, for words that nobody has searched for."""
    member = Visitor(stage.site.port)
    member.sign_in("member@example.test", PASSWORD)
    for words in ("everybody talks", "told", "what about"):
        page = member.get(f"/p/{stage.cast.slug}/search?q={words.replace(' ', '+')}")
        stage.notes.append(f"a search was answered {page.status}")


@contextlib.contextmanager
def _log_removed(stage: Stage) -> Iterator[None]:
    """Stop, take away what SQLite left beside the database, start."""
    assert isinstance(stage.database, SqliteFile)
    stage.site.stop()
    for end in ("-wal", "-shm"):
        left = Path(f"{stage.database.file}{end}")
        stage.notes.append(f"{end}: {left.stat().st_size if left.exists() else 0} bytes")
        left.unlink(missing_ok=True)
    stage.site.start()
    wait_until_up(stage.site)
    yield


@contextlib.contextmanager
def _copy_cut(stage: Stage) -> Iterator[None]:
    """A backup whose database was cut in half is not called whole."""
    target = stage.folder / "backup-cut"
    made = stage.site.run("backup", "make", str(target))
    copies = [*target.glob("planetarium.*")]
    cut(max(copies, key=lambda path: path.stat().st_size))
    said = stage.site.run("backup", "verify", str(target))
    stage.notes.append(f"made {made.status}, verified {said.status}: {said.text[-200:]}")
    shutil.rmtree(target)
    yield


# Mended within seconds, it may not be seen by who asks once in a while.
AWAY = (log("the index is missing or broken: it is made anew"),)
FAULTS = (
    Fault(
        "disk-full-data",
        "disk",
        "no room on the disk of the data directory (SQLite's database)",
        full("data"),
        told=(NO_ROOM,),
        writes=COME_BACK,
        wants="mounts",
    ),
    Fault(
        "disk-full-postgresql",
        "disk",
        "no room on the disk of PostgreSQL",
        full("postgres"),
        told=(noted("503 kept=True"),),
        writes=COME_BACK,
        reads=False,
        on=POSTGRESQL,
        wants="mounts",
        stays=15,
    ),
    Fault(
        "disk-full-media",
        "disk",
        "no room on the disk of uploads",
        full("data/media"),
        told=(noted("a picture was answered 503"), NO_ROOM),
        wants="mounts",
    ),
    Fault(
        "disk-full-index",
        "disk",
        "no room on the disk of the index",
        full("data/search_index"),
        told=(NO_ROOM,),
        on=SQLITE,
        wants="mounts",
    ),
    Fault(
        "disk-full-temporary",
        "disk",
        "no room for temporary files",
        full("data/tmp"),
        told=(NO_ROOM,),
        wants="mounts",
    ),
    Fault(
        "data-read-only",
        "disk",
        "the data directory becomes read-only, as after an error of its disk",
        _read_only,
        told=(NO_ROOM,),
        writes=COME_BACK,
        on=SQLITE,
        wants="mounts",
    ),
    Fault(
        "media-deleted",
        "disk",
        "uploads are gone",
        damaged(Path.unlink),
        told=(metric("media_faults"), doctor("uploads are missing or unreadable")),
    ),
    Fault(
        "media-cut",
        "disk",
        "uploads are half there",
        damaged(cut),
        told=(metric("media_faults"),),
    ),
    Fault(
        "index-deleted",
        "disk",
        "the files of the index are gone",
        index(Path.unlink),
        AWAY,
        verifies=True,
        on=SQLITE,
    ),
    Fault(
        "index-cut",
        "disk",
        "the files of the index are half there",
        index(cut),
        AWAY,
        verifies=True,
        on=SQLITE,
    ),
    Fault(
        "index-flipped",
        "disk",
        "bits of the index are flipped",
        index(flip),
        AWAY,
        verifies=True,
        on=SQLITE,
    ),
    Fault(
        "index-deleted-rows",
        "disk",
        "the rows of the index are gone",
        index_rows("DELETE FROM search_pages"),
        AWAY,
        verifies=True,
        on=POSTGRESQL,
    ),
    Fault(
        "index-damaged-rows",
        "disk",
        "bytes of the index are others",
        index_rows("UPDATE search_blocks SET block = decode(md5(page_id::text), 'hex')"),
        AWAY,
        verifies=True,
        on=POSTGRESQL,
    ),
    Fault(
        "log-removed",
        "disk",
        "the write-ahead log is removed after a stop",
        _log_removed,
        told=(noted("-wal: 0 bytes"),),
        reads=False,
        answers=False,
        writes=frozenset({0}),
        on=SQLITE,
    ),
    Fault(
        "backup-cut",
        "disk",
        "a backup's database is cut in half",
        _copy_cut,
        told=(noted("made 0, verified [1-9]"),),
    ),
)
