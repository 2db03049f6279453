"""What never returns stops neither the others nor what keeps the worker; it is told, and replaced."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.kernel import patience
from app.kernel.db import db
from app.kernel.progress import signal
from app.outbox import worker as worker_module
from app.outbox.events import subscriptions
from app.outbox.jobs import timetable
from app.outbox.queries import list_stuck
from app.outbox.worker import Worker
from tests.outbox.test_delivery import Rung
from tests.outbox.test_together import ring

PATIENCE = 20.0
HOUR = timedelta(hours=1)


@dataclass
class Stage:
    """A worker in a thread of this process; what hangs in it waits for `end`."""

    worker: Worker
    end: threading.Event = field(default_factory=threading.Event)
    heard: list[int] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)
    anew: list[str] = field(default_factory=list)

    def hear(self, payload: dict[str, Any]) -> None:
        """Hang at bell 13."""
        if payload["bell"] == 13:
            self.end.wait(PATIENCE * 2)
        self.heard.append(payload["bell"])


@pytest.fixture
def stage(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Give the worker little patience, and an empty timetable."""
    for name, seconds in {
        "LETTER_SECONDS": 0.5,
        "JOB_SECONDS": 0.6,
        "SLOW_JOB_SECONDS": 0.2,
        "LOOK_EVERY": 0.05,
        "BEAT_EVERY": 0.1,
        "AFTER_TROUBLE": 0.1,
    }.items():
        monkeypatch.setattr(worker_module, name, seconds)
    monkeypatch.setattr(patience, "PATIENT_SECONDS", 0.5)
    monkeypatch.setattr(timetable, "_jobs", {})
    made = Stage(Worker(name="thread", version="test", scope=app.app_context))
    made.worker._start_anew = lambda: made.anew.append("anew")
    monkeypatch.setattr(made.worker._wal, "tick", lambda: made.ticks.append(time.monotonic()))
    thread = threading.Thread(target=made.worker.run)
    thread.start()
    yield made
    made.end.set()
    made.worker.stop()
    thread.join(PATIENCE)
    subscriptions.remove(Rung.name, "one")
    assert not thread.is_alive()


def wait_until(condition: Callable[[], object]) -> None:
    ends_at = time.monotonic() + PATIENCE
    while time.monotonic() < ends_at and not condition():
        db.session.rollback()
        time.sleep(0.05)
    assert condition()


def test_a_hung_letter_outside_does_not_stop_its_lane(stage: Stage) -> None:
    subscriptions.add_outside(Rung.name, "one", stage.hear)
    ring(13)
    wait_until(lambda: any("one (letter" in line for line in list_stuck()))
    ring(14)
    wait_until(lambda: stage.heard == [14])
    before = len(stage.ticks)
    wait_until(lambda: len(stage.ticks) > before + 3)
    stage.end.set()
    wait_until(lambda: not list_stuck())
    assert 13 in stage.heard, "what returns at last has its effect, and is told no more"


def test_a_hung_job_stops_neither_other_jobs_nor_check_points(stage: Stage) -> None:
    ran: list[str] = []
    timetable.add("a_hanging", every=HOUR, run=lambda: stage.end.wait(PATIENCE * 2))
    timetable.add("b_next", every=HOUR, run=lambda: ran.append("next"))
    wait_until(lambda: ran == ["next"])
    wait_until(lambda: any("timed job a_hanging since" in line for line in list_stuck()))
    before = len(stage.ticks)
    wait_until(lambda: len(stage.ticks) > before + 3)
    assert stage.anew == []


def test_a_slow_job_that_gives_signs_of_life_is_not_given_up(stage: Stage) -> None:
    from_job: list[int] = []

    def work() -> None:
        for number in range(15):
            signal(number)
            time.sleep(0.1)
        from_job.append(1)

    timetable.add("slow", every=HOUR, run=work)
    wait_until(lambda: from_job)
    assert list_stuck() == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_hung_handler_that_holds_the_writer_makes_the_worker_start_anew(stage: Stage) -> None:
    subscriptions.add(Rung.name, "one", stage.hear)
    ring(13)
    hung_at = time.monotonic()
    wait_until(lambda: stage.anew)
    assert max(stage.ticks) > hung_at, "check-points went on meanwhile"
