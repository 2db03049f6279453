"""Whether workers live, and whether the clock was wrong: told without trusting the clock alone.

A worker counts its signs of life. Whoever watches for longer than an instant sees the count go on, by
their own monotonic clock, whatever the time of day is said to be. The times beside the counts serve a first
look, and show that a clock was ahead: nothing that happened bears a time that is to come.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.db import db
from app.outbox.models import OutboxDelivery, TimedJob, WorkerBeat

# A worker that was heard within this time is at work.
AT_WORK = timedelta(seconds=60)
# How far clocks of several machines may differ.
SKEW = timedelta(seconds=60)
# Nothing is put off for longer (`delivery`): what is due later was written by a clock that was ahead.
FARTHEST = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Sign:
    """A worker's last sign of life: its name and version, what the clock said, and its count."""

    name: str
    at: datetime
    version: str
    beats: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """The worker heard last, and for how many seconds it has been silent; `inf` where only a time that is to
    come speaks for it, until its count has been seen to go on."""

    sign: Sign
    silent_seconds: float


class Watch:
    """What one process has seen of workers' counts, and when by its monotonic clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # The count, when it was first seen, whether it was seen to go on, and when it was looked at last.
        self._seen: dict[str, tuple[int, float, bool, float]] = {}

    def forget(self) -> None:
        """Forget all counts: the database is another one now, as between two tests."""
        with self._lock:
            self._seen.clear()

    def look(self) -> Pulse | None:
        """Return the liveliest worker; None when none ever ran."""
        rows = db.session.execute(
            select(WorkerBeat.name, WorkerBeat.at, WorkerBeat.version, WorkerBeat.beats)
        )
        signs = [Sign(*row) for row in rows]
        with self._lock:
            pulses = [Pulse(sign, self._silence(sign)) for sign in signs]
            names = {sign.name for sign in signs}
            self._seen = {name: held for name, held in self._seen.items() if name in names}
        return min(pulses, key=lambda each: each.silent_seconds, default=None)

    def seen_seconds(self) -> float:
        """Return for how many seconds no count was seen to go on, without asking the database, which may be
        away; `inf` when none ever was."""
        with self._lock:
            latest = max((held[1] for held in self._seen.values()), default=float("-inf"))
        return time.monotonic() - latest

    def _silence(self, sign: Sign) -> float:
        moment = time.monotonic()
        known = self._seen.get(sign.name)
        since, moves, looked = known[1:] if known else (moment, False, float("-inf"))
        if known is None or known[0] != sign.beats:
            # A count that has moved is life; a first look knows nothing but the time.
            since, moves = moment, known is not None
        # Whoever looks often need not believe the time, which may come from another machine.
        often = moves and moment - looked < AT_WORK.total_seconds()
        self._seen[sign.name] = (sign.beats, since, moves, moment)
        by_clock = (clock.now() - sign.at).total_seconds()
        if by_clock < -SKEW.total_seconds():
            return moment - since if moves else float("inf")
        return moment - since if often else max(by_clock, moment - since)


watch = Watch()


def is_at_work() -> bool:
    """Whether a worker was heard a short time ago: what wants the house empty waits."""
    pulse = watch.look()
    return pulse is not None and pulse.silent_seconds < AT_WORK.total_seconds()


def find_offset() -> timedelta:
    """Return how far this clock and the database's differ; nothing where both are one machine's."""
    if db.engine.dialect.name != "postgresql":
        return timedelta()
    there: datetime = db.session.scalars(select(func.clock_timestamp())).one()
    return abs(clock.now() - there)


def find_ahead() -> datetime | None:
    """Return the latest time that stands where only past ones, or ones soon to come, can stand; None when
    there is none. Then the clock was ahead when that was written, or is behind now."""
    moment = clock.now()
    heard = db.session.scalar(select(func.max(WorkerBeat.at)))
    ran = db.session.scalar(select(func.max(TimedJob.ran_at)))
    due = db.session.scalar(
        select(func.max(OutboxDelivery.next_try_at)).where(OutboxDelivery.state == "pending")
    )
    suspects = [at for at in (heard, ran) if at is not None and at > moment + SKEW]
    if due is not None and due > moment + FARTHEST + SKEW:
        suspects.append(due)
    return max(suspects, default=None)
