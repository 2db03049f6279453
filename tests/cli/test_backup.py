"""`flask backup make` and `verify`: what is in a backup, what it says of itself, and what is noticed."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import __version__
from app.cli.backups import making, manifest, postgres, rotating, sqlite
from app.cli.backups.shelves import FolderShelf, read_manifest
from app.kernel import clock, schema
from app.kernel.db import db
from app.kernel.libpq import reach
from tests.cast import Cast
from tests.cli.backups import run, upload
from tests.conftest import NOON
from tests.discussion.writing import post

pytestmark = pytest.mark.usefixtures("pg_tools", "no_uploads", "noon")


@pytest.fixture
def made(cast: Cast, tmp_path: Path) -> Path:
    """A backup of a planet with a topic and two uploads."""
    post(cast, text="写下的话")
    upload(cast, "firstone")
    upload(cast, "secondone", b"another")
    target = tmp_path / "backup"
    result = run(cast.app, "make", str(target))
    assert result.exit_code == 0, result.output
    return target


def manifest_of(target: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((target / "manifest.json").read_text("utf-8"))
    return found


def test_a_backup_says_what_it_is(made: Path, app: Flask, engine_name: str) -> None:
    told = manifest_of(made)
    facts = told["facts"]
    assert isinstance(facts, dict)
    assert told["version"] == __version__
    assert told["made_at"] == "2026-09-16T12:00:00Z"
    assert facts["migration"] == schema.head_of(app.extensions["migrate"].directory)
    assert facts["engine"] == engine_name
    assert facts["tables"]["topics"] == 1
    assert facts["tables"]["attachments"] == 2
    assert len(facts["identity"]) == 16
    assert facts["lineage"]["topics"] == 1
    files = told["files"]
    assert isinstance(files, dict)
    assert set(files) == {
        made_file(engine_name),
        "media/fi/rs/firstone",
        "media/se/co/secondone",
    }
    for path, kept in files.items():
        assert (made / path).stat().st_size == kept["bytes"]
    # What an operator has without us says the same.
    checked = subprocess.run(
        ["sha256sum", "--check", "manifest.json.sha256"], cwd=made, check=False
    )
    assert checked.returncode == 0


def made_file(engine_name: str) -> str:
    return sqlite.FILE if engine_name == "sqlite" else postgres.FILE


def test_the_short_form_makes_one_too(cast: Cast, tmp_path: Path) -> None:
    for words in (["--database-only", str(tmp_path / "a")], [str(tmp_path / "b")]):
        result = run(cast.app, *words)
        assert result.exit_code == 0, result.output
        assert run(cast.app, "verify", words[-1]).exit_code == 0
    assert run(cast.app, str(tmp_path / "b")).exit_code == 1


def test_a_sound_backup_is_verified(made: Path, app: Flask) -> None:
    result = run(app, "verify", str(made))
    assert result.exit_code == 0, result.output
    assert "every byte is as it was written" in result.output


def test_one_changed_byte_is_found_in_each_file(made: Path, app: Flask) -> None:
    files = [path for path in made.rglob("*") if path.is_file()]
    assert len(files) == 5
    for path in files:
        whole = path.read_bytes()
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        result = run(app, "verify", str(made))
        assert result.exit_code == 1, path
        path.write_bytes(whole)
    assert run(app, "verify", str(made)).exit_code == 0


def test_a_missing_file_and_a_missing_manifest_are_found(made: Path, app: Flask) -> None:
    (made / "media/fi/rs/firstone").unlink()
    assert "firstone: it is not there" in run(app, "verify", str(made)).output
    (made / "manifest.json").unlink()
    result = run(app, "verify", str(made))
    assert result.exit_code == 1
    assert "it is no backup, or it was broken off" in result.output


def test_an_upload_that_no_file_of_the_backup_holds_is_found(made: Path, app: Flask) -> None:
    """Checksums alone would not tell: the manifest was written anew, by whoever took a file out."""
    shelf = FolderShelf(made.parent)
    told = read_manifest(shelf, made.name)
    del told.files["media/fi/rs/firstone"]
    (made / "media/fi/rs/firstone").unlink()
    words, seal = manifest.write(told)
    (made / "manifest.json").write_bytes(words)
    (made / "manifest.json.sha256").write_bytes(seal)
    result = run(app, "verify", str(made))
    assert result.exit_code == 1
    assert "firstone: a row names it, and the backup has no such file" in result.output


def test_a_foreign_file_is_told_and_is_no_damage(made: Path, app: Flask) -> None:
    (made / "notes.txt").write_text("mine")
    result = run(app, "verify", str(made))
    assert result.exit_code == 0
    assert "notes.txt: not of this backup" in result.output


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_backup_without_an_upload_does_not_call_itself_whole(
    cast: Cast, tmp_path: Path, harm: str
) -> None:
    file = upload(cast, "firstone")
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(b"A picture")
    result = run(cast.app, "make", "--to", str(tmp_path / "all"), "--keep", "1")
    assert result.exit_code == 1
    assert "NOT WHOLE: 1 uploads" in result.output
    (name,) = FolderShelf(tmp_path / "all").names()
    verified = run(cast.app, "verify", str(tmp_path / "all" / name))
    assert verified.exit_code == 1
    assert "NOT WHOLE" in verified.output


def test_an_upload_that_is_deleted_meanwhile_is_not_missed(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = upload(cast, "firstone")
    dump = making.dump_database

    def dump_and_delete(folder: Path) -> object:
        dumped = dump(folder)
        with db.engine.connect().execution_options(writes=True) as connection, connection.begin():
            connection.execute(sa.text("DELETE FROM attachments"))
        file.unlink()
        return dumped

    monkeypatch.setattr(making, "dump_database", dump_and_delete)
    result = run(cast.app, str(tmp_path / "backup"))
    assert result.exit_code == 0, result.output
    assert run(cast.app, "verify", str(tmp_path / "backup")).exit_code == 0


@pytest.mark.parametrize("stop", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_is_broken_off_never_looks_whole(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    upload(cast, "firstone")

    def fail(*_arguments: object) -> None:
        raise stop

    monkeypatch.setattr(making, "_copy_uploads", fail)
    result = run(cast.app, "make", "--to", str(tmp_path / "all"))
    assert result.exit_code == 1
    assert list((tmp_path / "all").iterdir()) == []


def test_a_killed_one_is_swept_later(cast: Cast, tmp_path: Path) -> None:
    killed = tmp_path / f"{rotating.name_at(NOON - timedelta(days=2))}.part"
    foreign = tmp_path / "mine.part"
    for folder in (killed, foreign):
        folder.mkdir()
        os.utime(folder, (1, 1))
    assert FolderShelf(tmp_path).names() == []
    assert run(cast.app, "make", "--to", str(tmp_path), "--keep", "1").exit_code == 0
    assert not killed.exists()
    assert foreign.exists()


def test_the_newest_are_kept_and_nothing_else_is_touched(cast: Cast, tmp_path: Path) -> None:
    upload(cast, "firstone")
    (tmp_path / "planetarium-20200101T000000Z").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "manifest.json").write_text("{}")
    for day in range(4):
        with clock.fixed(NOON + timedelta(days=day)):
            result = run(cast.app, "make", "--to", str(tmp_path), "--keep", "2", "--verify")
            assert result.exit_code == 0, result.output
    own = [rotating.name_at(NOON + timedelta(days=day)) for day in (2, 3)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["mine", "planetarium-20200101T000000Z", *own]
    )
    # Uploads are taken over from the backup before, without further room.
    first, second = (tmp_path / name / "media/fi/rs/firstone" for name in own)
    assert first.stat().st_ino == second.stat().st_ino


def test_what_is_not_whole_takes_no_place_of_what_is(cast: Cast, tmp_path: Path) -> None:
    file = upload(cast, "firstone")
    assert run(cast.app, "make", "--to", str(tmp_path), "--keep", "1").exit_code == 0
    file.unlink()
    for day in (1, 2):
        with clock.fixed(NOON + timedelta(days=day)):
            assert run(cast.app, "make", "--to", str(tmp_path), "--keep", "1").exit_code == 1
    names = [rotating.name_at(NOON + timedelta(days=day)) for day in (0, 2)]
    assert FolderShelf(tmp_path).names() == names


def test_a_damaged_upload_is_not_taken_over(cast: Cast, tmp_path: Path) -> None:
    upload(cast, "firstone")
    run(cast.app, "make", "--to", str(tmp_path))
    kept = tmp_path / rotating.name_at(NOON) / "media/fi/rs/firstone"
    kept.write_bytes(b"a pictura")
    later: datetime = NOON + timedelta(days=1)
    with clock.fixed(later):
        assert run(cast.app, "make", "--to", str(tmp_path)).exit_code == 0
    again = tmp_path / rotating.name_at(later)
    assert (again / "media/fi/rs/firstone").read_bytes() == b"a picture"
    assert run(cast.app, "verify", str(again)).exit_code == 0


def test_keep_goes_with_dated_names_alone(app: Flask, tmp_path: Path) -> None:
    assert run(app, "make", str(tmp_path / "x"), "--keep", "2").exit_code == 2
    assert run(app, "make").exit_code == 2
    assert run(app, "make", str(tmp_path / "x"), "--to", str(tmp_path)).exit_code == 2


def test_a_database_that_cannot_be_read_is_told(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    monkeypatch.setattr(
        making, "dump_database", lambda folder: sqlite.dump(str(tmp_path / "bad.db"), folder)
    )
    result = run(cast.app, str(tmp_path / "copy"))
    assert result.exit_code == 1
    assert "the database is damaged" in result.output
    assert "doctor --deep" in result.output
    assert not (tmp_path / "copy").exists()


def test_all_options_of_an_address_reach_pg_dump() -> None:
    url = sa.make_url(
        "postgresql://lin:p%40ss@db.example:6432/planet?sslmode=verify-full&sslrootcert=/etc/ca.pem"
        "&target_session_attrs=read-write&keepalives_idle=30&connect_timeout=3"
    )
    environment, words = reach(url)
    assert environment["PGSSLMODE"] == "verify-full"
    assert environment["PGSSLROOTCERT"] == "/etc/ca.pem"
    assert environment["PGTARGETSESSIONATTRS"] == "read-write"
    assert environment["PGCONNECT_TIMEOUT"] == "3"
    assert environment["PGPASSWORD"] == "p@ss"
    assert (environment["PGHOST"], environment["PGPORT"]) == ("db.example", "6432")
    # What has no variable goes by words; a password never does.
    assert "keepalives_idle=30" in words
    assert "dbname=planet" in words
    assert "p@ss" not in words
