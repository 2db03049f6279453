"""Check-points: made by one worker, when there is something to move."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from app.factory import create_app
from app.kernel.audit import record
from app.kernel.db import checkpoint, db, unit_of_work
from app.outbox import wal
from app.outbox.wal import WalKeeper
from tests.cast import assemble
from tests.conftest import FreshClient, make_settings


@pytest.fixture(autouse=True)
def _buggy_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever SQLite runs the tests: behave as on one with the bug, and look at every tick."""
    monkeypatch.setattr(wal, "sqlite_checkpoint_is_safe", lambda: False)
    monkeypatch.setattr(wal, "EVERY_SECONDS", 0.0)


@pytest.fixture(scope="module")
def _alone(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An installation of these tests' own: whoever reads keeps frames in the log, so nobody may
    but they. The file that other tests share has had many a reader in this process."""
    built = create_app(make_settings(tmp_path_factory.mktemp("wal")))
    built.test_client_class = FreshClient
    built.config["WTF_CSRF_ENABLED"] = False
    with built.app_context():
        upgrade()
    return built


@pytest.fixture
def alone(_alone: Flask) -> Iterator[Flask]:
    """Return that installation inside an application context, its log empty."""
    with _alone.app_context():
        assert checkpoint("TRUNCATE") == (0, 0, 0)
        yield _alone
        db.session.remove()


@pytest.fixture
def keeper(alone: Flask) -> Iterator[WalKeeper]:
    """A keeper that gives its lock back."""
    held = WalKeeper()
    yield held
    held.close()


def write() -> None:
    with unit_of_work():
        record("written", actor_id=None, planet_id=None, subject=("n", 1))
    db.session.remove()


def wal_file() -> Path:
    return Path(f"{db.engine.url.database}-wal")


def test_a_small_log_is_moved_once_and_then_left_until_the_next_write(
    keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "QUIET_SECONDS", 0.0)
    write()
    assert [keeper.tick(), keeper.tick()] == [True, False]
    moved = checkpoint("PASSIVE")
    assert moved is not None
    assert moved[1] == moved[2], "all frames are in the database"
    write()
    assert keeper.tick() is True


def test_a_small_log_waits_for_quiet_and_a_large_one_does_not(
    keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    keeper.tick()
    write()
    assert keeper.tick() is False
    monkeypatch.setattr(wal, "WORTH_MOVING_BYTES", 1)
    assert keeper.tick() is True


def test_a_very_large_log_is_emptied(keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "WORTH_MOVING_BYTES", 1)
    monkeypatch.setattr(wal, "WORTH_TRUNCATING_BYTES", 1)
    write()
    assert wal_file().stat().st_size > 0
    assert keeper.tick() is True
    assert wal_file().stat().st_size == 0


def test_a_second_worker_keeps_out_until_the_first_is_gone(
    keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "WORTH_MOVING_BYTES", 1)
    second = WalKeeper()
    write()
    assert keeper.tick() is True
    write()
    assert second.tick() is False
    keeper.close()
    assert second.tick() is True
    second.close()


def test_an_sqlite_without_the_bug_keeps_its_log_itself(
    keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "sqlite_checkpoint_is_safe", lambda: True)
    monkeypatch.setattr(wal, "WORTH_MOVING_BYTES", 1)
    write()
    assert keeper.tick() is False


@pytest.mark.parametrize("safe", [True, False])
def test_after_a_stop_the_file_is_whole_by_itself(
    keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch, safe: bool
) -> None:
    monkeypatch.setattr(wal, "sqlite_checkpoint_is_safe", lambda: safe)
    write()
    assert wal_file().stat().st_size > 0
    keeper.finish()
    assert wal_file().stat().st_size == 0


def test_whoever_may_not_keep_the_log_leaves_it_to_who_does(keeper: WalKeeper) -> None:
    second = WalKeeper()
    write()
    keeper.tick()
    assert keeper._holds_lock(wal_file())
    second.finish()
    assert wal_file().stat().st_size > 0


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_postgresql_has_no_such_log(app: Flask) -> None:
    assert WalKeeper().tick() is False
    WalKeeper().finish()
    assert checkpoint("PASSIVE") is None


def test_neither_a_page_nor_a_download_in_progress_keeps_a_reader(alone: Flask) -> None:
    cast = assemble(alone)
    client = cast.client("owner")
    sent = client.post(
        f"/p/{cast.slug}/uploads",
        data={"kind": "file", "file": (io.BytesIO(b"x" * 300_000), "notes.txt")},
    )
    assert sent.status_code == 201
    for path in ("/", f"/p/{cast.slug}", f"/p/{cast.slug}/members", "/notices"):
        assert client.get(path, follow_redirects=True).status_code == 200
    download = client.get(sent.get_json()["url"])
    assert next(iter(download.iter_encoded())), "begun, and not at its end"
    db.session.remove()
    write()
    result = checkpoint("TRUNCATE")
    assert result == (0, 0, 0), (
        "who reads an older state of the file would keep the log from ending"
    )
    download.close()
