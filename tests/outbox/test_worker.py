"""Worker processes: several share the work, none repeats an effect, a death loses nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.outbox import worker as worker_module
from app.outbox.events import put, subscriptions
from app.outbox.models import OutboxDelivery, WorkerBeat
from app.outbox.worker import Worker
from tests.outbox.bells import HANDLERS, Rung, hear_as, subscribe, unsubscribe

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0

Start = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def start(app: Flask) -> Iterator[Start]:
    """Start worker processes on the test's database; those that still run are ended afterwards."""
    settings = app.extensions["planetarium.settings"]
    environment = {
        **os.environ,
        "PLANETARIUM_ENV": "testing",
        "PLANETARIUM_DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
    }
    running: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.outbox.bells"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def wait_ready(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what other processes do; the test fails by its assertions afterwards."""
    ends_at = time.monotonic() + PATIENCE
    while time.monotonic() < ends_at:
        db.session.rollback()
        if condition():
            return
        time.sleep(0.05)


def ring(*bells: int) -> None:
    subscribe()
    try:
        for bell in bells:
            with unit_of_work():
                put(Rung(bell=bell))
    finally:
        unsubscribe()


def traces(*actions: str) -> Counter[tuple[str, int]]:
    db.session.rollback()
    rows = db.session.execute(
        sa.select(AuditEntry.action, AuditEntry.subject_id).where(AuditEntry.action.in_(actions))
    )
    return Counter((action, bell) for action, bell in rows)


def undone() -> int:
    return (
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(OutboxDelivery)
            .where(OutboxDelivery.state != "done")
        )
        or 0
    )


def test_two_workers_share_the_letters_and_each_has_one_effect(app: Flask, start: Start) -> None:
    bells = range(100, 140)
    ring(*bells)
    workers = [start(), start()]
    wait_ready(*workers)
    wait_until(lambda: undone() == 0)
    assert traces(*HANDLERS) == Counter({(h, b): 1 for h in HANDLERS for b in bells})


def test_two_workers_run_a_timed_job_once(app: Flask, start: Start) -> None:
    workers = [start(), start()]
    wait_ready(*workers)
    wait_until(lambda: db.session.scalar(sa.select(sa.func.count(WorkerBeat.name))) == 2)
    ring(1)
    wait_until(lambda: undone() == 0)
    for process in workers:
        process.terminate()
    assert [process.wait(PATIENCE) for process in workers] == [0, 0]
    assert traces("struck").total() == 1


def test_a_letter_that_kills_its_worker_does_not_keep_others_waiting(
    app: Flask, start: Start
) -> None:
    """Bell 13 kills each worker that hears it; a supervisor starts the next, as here."""
    ring(13, 14, 15, 16)
    deaths = 0
    innocent = {(h, b) for h in HANDLERS for b in (14, 15, 16)}
    while deaths < 8 and set(traces(*HANDLERS)) != innocent:
        process = start()
        wait_ready(process)
        wait_until(lambda p=process: p.poll() is not None or set(traces(*HANDLERS)) == innocent)
        deaths += process.poll() == -signal.SIGKILL
    assert traces(*HANDLERS) == Counter(dict.fromkeys(innocent, 1))
    assert deaths >= 1


def test_a_worker_ends_gently_when_told(app: Flask, start: Start) -> None:
    process = start()
    wait_ready(process)
    ring(1, 2, 3)
    wait_until(lambda: undone() == 0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


@pytest.fixture
def quick_worker(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker in a thread of this process."""
    monkeypatch.setattr(worker_module, "AFTER_TROUBLE", 0.05)
    worker = Worker(name="thread", version="test", scope=app.app_context)
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield worker
    worker.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_worker_survives_trouble_with_the_database(
    app: Flask, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    troubles = iter(range(3))

    def stumble(*arguments: object) -> list[object]:
        if next(troubles, None) is not None:
            raise sa.exc.OperationalError("SELECT 1", None, Exception("server closed"))
        return claim(*arguments)  # type: ignore[arg-type,return-value]

    claim = worker_module.claim
    monkeypatch.setattr(worker_module, "claim", stumble)
    request.getfixturevalue("quick_worker")
    subscribe()
    try:
        with unit_of_work():
            put(Rung(bell=1))
        wait_until(lambda: undone() == 0)
    finally:
        unsubscribe()
    assert traces(*HANDLERS).total() == 2
    assert next(troubles, None) is None


def test_a_worker_shows_that_it_lives(app: Flask, quick_worker: Worker) -> None:
    wait_until(lambda: db.session.scalar(sa.select(WorkerBeat.name)) == "thread")
    beat = db.session.scalars(sa.select(WorkerBeat)).one()
    assert clock.now() - beat.at < timedelta(seconds=PATIENCE)
    assert beat.version == "test"


def test_letters_in_hand_are_given_back_when_the_worker_stops(app: Flask) -> None:
    """The handler of the first letter stops the worker; the others are free at once. Outside a transaction:
    those that only write go together."""
    worker = Worker(name="brief", version="test", scope=app.app_context)
    subscribe()

    def stop(payload: dict[str, object]) -> None:
        with unit_of_work():
            hear_as(HANDLERS[0])(payload)
        worker.stop()

    for handler in HANDLERS:
        subscriptions.add_outside(Rung.name, handler, stop)
    try:
        with unit_of_work():
            put(Rung(bell=1))
            put(Rung(bell=2))
        worker.run()
    finally:
        unsubscribe()
    assert traces(*HANDLERS).total() == 1
    rows = db.session.execute(sa.select(OutboxDelivery.state, OutboxDelivery.tries)).all()
    assert sorted(tuple(row) for row in rows) == [("done", 1)] + [("pending", 0)] * 3
