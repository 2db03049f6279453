"""Check-points: made by one worker, when there is something to move."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.kernel.audit import record
from app.kernel.db import checkpoint, db, unit_of_work
from app.outbox import wal
from app.outbox.wal import WalKeeper


@pytest.fixture(autouse=True)
def _buggy_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever SQLite runs the tests: behave as on one with the bug, and look at every tick."""
    monkeypatch.setattr(wal, "sqlite_checkpoint_is_safe", lambda: False)
    monkeypatch.setattr(wal, "EVERY_SECONDS", 0.0)


@pytest.fixture
def keeper(app: Flask) -> Iterator[WalKeeper]:
    """A keeper that gives its lock back; nobody else reads, since a reader keeps frames in the log."""
    db.session.remove()
    db.engine.dispose()
    gc.collect()
    held = WalKeeper()
    yield held
    held.close()


def write() -> None:
    with unit_of_work():
        record("written", actor_id=None, planet_id=None, subject=("n", 1))
    db.session.remove()


def wal_file() -> Path:
    return Path(f"{db.engine.url.database}-wal")


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_small_log_is_moved_once_and_then_left_until_the_next_write(
    app: Flask, keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "QUIET_SECONDS", 0.0)
    write()
    assert [keeper.tick(), keeper.tick()] == [True, False]
    moved = checkpoint("PASSIVE")
    assert moved is not None
    assert moved[1] == moved[2], "all frames are in the database"
    write()
    assert keeper.tick() is True


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_small_log_waits_for_quiet_and_a_large_one_does_not(
    app: Flask, keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    keeper.tick()
    write()
    assert keeper.tick() is False
    monkeypatch.setattr(wal, "WORTH_MOVING_BYTES", 1)
    assert keeper.tick() is True


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_very_large_log_is_emptied(
    app: Flask, keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "WORTH_MOVING_BYTES", 1)
    monkeypatch.setattr(wal, "WORTH_TRUNCATING_BYTES", 1)
    write()
    assert wal_file().stat().st_size > 0
    assert keeper.tick() is True
    assert wal_file().stat().st_size == 0


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_second_worker_keeps_out_until_the_first_is_gone(
    app: Flask, keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch
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


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_an_sqlite_without_the_bug_keeps_its_log_itself(
    app: Flask, keeper: WalKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "sqlite_checkpoint_is_safe", lambda: True)
    monkeypatch.setattr(wal, "WORTH_MOVING_BYTES", 1)
    write()
    assert keeper.tick() is False


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_postgresql_has_no_such_log(app: Flask, keeper: WalKeeper) -> None:
    assert keeper.tick() is False
    assert checkpoint("PASSIVE") is None
