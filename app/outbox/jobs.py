"""Timed jobs: what runs every so often, in whichever worker claims it first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from app.kernel import clock, limits
from app.kernel.db import db, unit_of_work
from app.kernel.logs import get_logger
from app.kernel.progress import following
from app.outbox import believing
from app.outbox.actions import pull_back
from app.outbox.delivery import describe
from app.outbox.models import TimedJob
from app.outbox.pulse import SKEW, find_ahead

AFTER_FAILURE = timedelta(minutes=5)
# A job that has not ended after so long is another worker's to run, whatever its interval.
LEASE = timedelta(hours=1)

log = get_logger("jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """A function and how often it runs. A `dated` one throws away or ends what is old by the clock, and waits
    while that is not believed."""

    name: str
    every: timedelta
    run: Callable[[], object]
    dated: bool = False


class Timetable:
    """The jobs of this installation. Filled by the factory, run by the worker."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def add(self, name: str, *, every: timedelta, run: Callable[[], object]) -> None:
        """Add a job; the same name again replaces it. `run` opens its own units of work."""
        self._jobs[name] = Job(name, every, run)

    def add_dated(self, name: str, *, every: timedelta, run: Callable[[], object]) -> None:
        """Add a job that throws away or ends what is old: it waits while the clock is not believed."""
        self._jobs[name] = Job(name, every, run, dated=True)

    def remove(self, name: str) -> None:
        """Take a job out; nothing happens when it is not there."""
        self._jobs.pop(name, None)

    def jobs(self) -> list[Job]:
        """Return all jobs by name."""
        return [self._jobs[name] for name in sorted(self._jobs)]


timetable = Timetable()


def run_due() -> int:
    """Run the jobs that are due, each once; returns how many ran. The worker does the same one by one."""
    ran: set[str] = set()
    while (job := claim_next(besides=ran)) is not None:
        run(job)
        ran.add(job.name)
    return len(ran)


def claim_next(*, besides: Collection[str] = ()) -> Job | None:
    """Return a job that is due and that no other worker has claimed, now claimed; None when there is none.

    A job that is new to the database is due at once. One that fails is due again after five minutes
    or its interval, whichever is shorter, and its error stands in its row. One that is due later than
    its interval allows was put there by a clock that was ahead: it is due at once. One that never ends is
    due again after its interval, at the latest after an hour: whoever claimed it has died, or it hangs.
    """
    _pull_back()
    believed = believing.look()
    moment = clock.now()
    rows = db.session.execute(select(TimedJob.name, TimedJob.due_at))
    due = {row.name: row.due_at for row in rows}
    db.session.rollback()
    for job in timetable.jobs():
        if job.name in besides or (job.dated and not believed):
            continue
        if job.name in due and moment < due[job.name] <= _latest(job, moment):
            continue
        if _claim(job, known=due):
            return job
    return None


def _pull_back() -> None:
    ahead = find_ahead()
    db.session.rollback()
    if ahead is not None:
        log.warning("the clock was ahead, or is behind now", ahead=ahead.isoformat())
        pull_back()


def _latest(job: Job, moment: datetime) -> datetime:
    """Return when a job may be due at the latest, seen from this moment."""
    return moment + job.every + SKEW


def _claim(job: Job, *, known: Mapping[str, datetime]) -> bool:
    moment = clock.now()
    values = {"due_at": moment + min(job.every, LEASE), "ran_at": moment}
    try:
        with unit_of_work() as session:
            if job.name not in known:
                session.add(TimedJob(name=job.name, last_error="", **values))
                return True
            claimed = session.execute(
                update(TimedJob)
                .where(
                    TimedJob.name == job.name,
                    or_(TimedJob.due_at <= moment, TimedJob.due_at > _latest(job, moment)),
                )
                .values(**values)
                .returning(TimedJob.name)
            )
            return claimed.first() is not None
    except IntegrityError:
        # Another worker wrote the row of this new job first, and so claimed it.
        return False


def run(job: Job) -> None:
    """Run a claimed job, and write down when it is due next."""
    try:
        with following(f"timed job {job.name}"):
            job.run()
    except Exception as error:
        log.error("timed job failed", job=job.name, exc_info=error)
        _note(job, last_error=describe(error), due_in=min(job.every, AFTER_FAILURE))
    else:
        _note(job, last_error="", due_in=job.every)


def _note(job: Job, *, last_error: str, due_in: timedelta) -> None:
    with unit_of_work() as session:
        session.execute(
            update(TimedJob)
            .where(TimedJob.name == job.name)
            .values(last_error=last_error, due_at=clock.now() + due_in)
        )


def purge_rate_counters() -> None:
    """Forget rate counters whose windows are long gone."""
    with unit_of_work():
        limits.purge()
