"""A clock that jumps ahead throws nothing away that is young."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.cli import doctor
from app.kernel import clock
from app.outbox import actions, believing, jobs
from app.outbox.jobs import Job, timetable

YEAR = timedelta(days=400)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ran(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the jobs that ran, of a timetable with one of either kind."""
    names: list[str] = []
    monkeypatch.setattr(timetable, "_jobs", {})
    timetable.add("plain", every=MINUTE, run=lambda: names.append("plain"))
    timetable.add_dated("dated", every=MINUTE, run=lambda: names.append("dated"))
    yield names


def work(at: datetime) -> None:
    with clock.fixed(at):
        actions.beat("w1", "0.1.0")
        jobs.run_due()


def test_dated_jobs_wait_while_the_clock_is_ahead_and_go_on_when_it_is_right(
    ran: list[str], noon: datetime
) -> None:
    work(noon)
    assert sorted(ran) == ["dated", "plain"]
    ran.clear()
    for minutes in range(3):
        work(noon + YEAR + minutes * MINUTE)
    assert ran == ["plain"] * 3
    ran.clear()
    work(noon + 5 * MINUTE)
    work(noon + 7 * MINUTE)
    assert "dated" in ran
    assert believing.find_doubt() is None


def test_a_clock_that_goes_on_for_a_day_is_believed(ran: list[str], noon: datetime) -> None:
    work(noon)
    ran.clear()
    moment = noon + YEAR
    work(moment)
    for _ in range(24 * 12):
        assert "dated" not in ran
        moment += 5 * MINUTE
        with clock.fixed(moment):
            believed = believing.look()
    assert believed
    work(moment + MINUTE)
    assert "dated" in ran


def test_a_short_rest_is_no_jump(ran: list[str], noon: datetime) -> None:
    work(noon)
    work(noon + timedelta(hours=20))
    assert ran.count("dated") == 2


def test_doctor_says_so_and_takes_a_word_for_it(app: Flask, ran: list[str], noon: datetime) -> None:
    work(noon)
    work(noon + YEAR)
    with clock.fixed(noon + YEAR + MINUTE):
        settings = app.extensions["planetarium.settings"]
        told = [f for f in doctor._clock(settings) if "jumped" in f.told]
        assert "from 2026-09-16 12:00:00Z to 2027-10-21 12:00:00Z" in told[0].told
        assert "24.0 h more" in told[0].told
        ended = app.test_cli_runner().invoke(doctor.command, ["--clock-is-right"])
        assert "the clock is believed" in ended.output
        assert believing.find_doubt() is None
        assert believing.look()


def test_an_older_database_knows_when_its_jobs_ran(ran: list[str], noon: datetime) -> None:
    """The first look after an upgrade, with a clock that is ahead."""
    jobs._claim(Job("plain", MINUTE, lambda: None), known={})
    work(noon + YEAR)
    assert ran == ["plain"]
