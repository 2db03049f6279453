"""A clock that was ahead for a while: what it put off is due again, and it is told."""

import time
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.notifications import pace
from app.outbox import actions, jobs, pulse
from app.outbox.claiming import claim
from app.outbox.delivery import Later, deliver, deliver_due
from app.outbox.events import Lane, put, subscriptions
from app.outbox.models import OutboxDelivery, TimedJob, WorkerBeat
from tests.outbox.bells import Rung

FAR = timedelta(days=400)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What a handler heard, its mail server refusing until it is told otherwise."""
    bells: list[int] = []
    subscriptions.add(Rung.name, "ahead", lambda payload: bells.append(payload["bell"]))
    yield bells
    subscriptions.remove(Rung.name, "ahead")


def ring(bell: int) -> None:
    with unit_of_work():
        put(Rung(bell=bell))


def due() -> datetime:
    db.session.rollback()
    found = db.session.scalar(sa.select(sa.func.max(OutboxDelivery.next_try_at)))
    assert found is not None
    return found


def test_letters_written_and_tried_ahead_are_delivered_when_the_clock_is_right(
    app: Flask, noon: datetime, heard: list[int]
) -> None:
    ring(1)
    with clock.fixed(noon + FAR):
        ring(2)
        claim(Lane.INSIDE)
    assert deliver_due() == 0 and due() > noon + timedelta(days=300)
    jobs.run_due()
    deliver_due()
    assert sorted(heard) == [1, 2]


def test_a_retry_of_an_hour_is_left_alone(app: Flask, noon: datetime, heard: list[int]) -> None:
    ring(1)
    with unit_of_work() as session:
        session.execute(sa.update(OutboxDelivery).values(next_try_at=noon + timedelta(minutes=70)))
    jobs.run_due()
    assert deliver_due() == 0


def test_a_handler_that_waits_for_long_is_asked_in_between(app: Flask, noon: datetime) -> None:
    def wait(_payload: dict[str, object]) -> None:
        raise Later(noon + FAR)

    subscriptions.add(Rung.name, "ahead", wait)
    ring(1)
    for letter in claim(Lane.INSIDE):
        deliver(letter)
    subscriptions.remove(Rung.name, "ahead")
    assert due() == noon + pulse.FARTHEST


def test_timed_jobs_go_on(app: Flask, noon: datetime) -> None:
    with clock.fixed(noon + FAR):
        jobs.run_due()
    ran = jobs.run_due()
    assert ran == len(jobs.timetable.jobs())
    assert db.session.scalar(sa.select(sa.func.max(TimedJob.due_at))) <= noon + timedelta(days=2)
    assert jobs.run_due() == 0


def test_a_slow_domain_does_not_wait_for_a_year(app: Flask, noon: datetime) -> None:
    with clock.fixed(noon + FAR):
        pace.slow_down("a@qq.test", "frequency limited")
    assert pace.find_turn("a@qq.test") is None
    assert pace.take_turn("a@qq.test") is None
    assert pace.find_turn("b@qq.test") == noon + timedelta(seconds=60)


def test_readiness_and_doctor_tell_until_it_is_mended(app: Flask, noon: datetime) -> None:
    actions.beat("w1", "0.1.0")
    with clock.fixed(noon + FAR):
        jobs.run_due()
    client = app.test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "2027-10-21" in answer.text
    told = app.test_cli_runner().invoke(args=["doctor"]).output
    assert "fail  the clock says 2026-09-16 12:00:00Z, but timed work stands at 2027-10-21" in told
    jobs.run_due()
    assert client.get("/readyz").status_code == 200


def test_a_sign_of_life_from_a_time_to_come_counts_when_it_goes_on(
    app: Flask, noon: datetime
) -> None:
    with clock.fixed(noon + FAR):
        actions.beat("w1", "0.1.0")
    seen = pulse.watch.look()
    assert seen is not None and seen.silent_seconds == float("inf")
    assert "to come" in app.test_client().get("/readyz").text
    with clock.fixed(noon + FAR):
        actions.beat("w1", "0.1.0")
    seen = pulse.watch.look()
    assert seen is not None and seen.silent_seconds < 5


def test_a_count_that_stands_still_is_silence_whatever_the_clock_says(
    app: Flask, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.beat("w1", "0.1.0")
    pulse.watch.look()
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    seen = pulse.watch.look()
    assert seen is not None and seen.silent_seconds >= 61
    actions.beat("w1", "0.1.0")
    seen = pulse.watch.look()
    assert seen is not None and seen.silent_seconds == 0


def test_a_living_worker_forgets_those_from_a_time_to_come(app: Flask, noon: datetime) -> None:
    with clock.fixed(noon + FAR):
        actions.beat("ahead", "0.1.0")
    actions.beat("here", "0.1.0")
    assert db.session.scalars(sa.select(WorkerBeat.name)).all() == ["here"]


def test_whoever_looks_often_does_not_believe_another_machines_clock(
    app: Flask, noon: datetime
) -> None:
    """The worker's clock is two minutes behind: only its count can say that it lives."""
    actions.beat("w1", "0.1.0")
    with clock.fixed(noon + timedelta(minutes=2)):
        first = pulse.watch.look()
        assert first is not None and first.silent_seconds == 120
        with clock.fixed(noon):
            actions.beat("w1", "0.1.0")
        second = pulse.watch.look()
    assert second is not None and second.silent_seconds < 10
    assert pulse.watch.seen_seconds() < 10
