"""Timed jobs: run when due, once for all workers, and again after a failure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.kernel import clock, limits
from app.kernel.db import db, unit_of_work
from app.outbox import jobs
from app.outbox.jobs import Job, Timetable
from app.outbox.models import TimedJob
from app.outbox.queries import list_failing_jobs

HOUR = timedelta(hours=1)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Timetable]:
    """An empty timetable in place of the installation's."""
    empty = Timetable()
    monkeypatch.setattr(jobs, "timetable", empty)
    yield empty


def test_a_job_runs_when_new_and_then_when_due(
    app: Flask, noon: datetime, table: Timetable
) -> None:
    runs: list[datetime] = []
    table.add("count", every=HOUR, run=lambda: runs.append(clock.now()))
    assert [jobs.run_due(), jobs.run_due()] == [1, 0]
    with clock.fixed(noon + timedelta(minutes=59)):
        assert jobs.run_due() == 0
    with clock.fixed(noon + HOUR):
        assert [jobs.run_due(), jobs.run_due()] == [1, 0]
    assert runs == [noon, noon + HOUR]


def test_a_failing_job_is_written_down_and_due_again_soon(
    app: Flask, noon: datetime, table: Timetable
) -> None:
    def stumble() -> None:
        raise OSError("disk full")

    table.add("stumble", every=HOUR, run=stumble)
    jobs.run_due()
    assert [name for name, error in list_failing_jobs() if "disk full" in error] == ["stumble"]
    with clock.fixed(noon + jobs.AFTER_FAILURE):
        table.add("stumble", every=HOUR, run=lambda: None)
        assert jobs.run_due() == 1
    assert list_failing_jobs() == []


def test_a_due_time_is_claimed_once(app: Flask, noon: datetime) -> None:
    job = Job("once", HOUR, lambda: None)
    assert jobs._claim(job, known={}) is True
    assert jobs._claim(job, known={}) is False, "another worker wrote the row first"
    with clock.fixed(noon + HOUR):
        due = {"once": noon + HOUR}
        assert [jobs._claim(job, known=due), jobs._claim(job, known=due)] == [True, False]


def test_the_installation_has_its_jobs(app: Flask) -> None:
    names = {job.name for job in jobs.timetable.jobs()}
    assert {"purge_outbox", "purge_rate_counters"} <= names
    jobs.run_due()
    assert set(db.session.scalars(sa.select(TimedJob.name))) == names
    assert list_failing_jobs() == []


def test_old_rate_counters_are_forgotten(app: Flask, noon: datetime) -> None:
    with unit_of_work():
        limits.hit("door:1", limit=5, window=HOUR)
    with clock.fixed(noon + timedelta(days=3)):
        jobs.purge_rate_counters()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(limits.RateCounter)) == 0
