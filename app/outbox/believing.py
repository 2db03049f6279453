"""Whether the clock is believed by what throws away what is old, or ends it.

A worker writes down each minute what the clock says. Where it is more than a day ahead of what was written
last, either nobody worked meanwhile or the clock is wrong, and nothing tells which. So dated jobs wait until
the clock went on like that for a day, was set back, or somebody says that it is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.logs import get_logger
from app.outbox.models import ClockSight, TimedJob

# What is farther ahead than this of what was seen last is not believed; for so long it has to go on then.
JUMP = timedelta(days=1)
PROVEN_AFTER = timedelta(days=1)
SEEN_EVERY = timedelta(minutes=1)
# Between two looks of a worker that lives.
_LONGEST_STEP = timedelta(minutes=5)

_ID = 1

log = get_logger("clock")


@dataclass(frozen=True, slots=True)
class Doubt:
    """A jump of the clock that is not believed yet: what it said before and after, and how long it has to go
    on until it is."""

    before: datetime
    after: datetime
    left: timedelta


def look() -> bool:
    """Write down what the clock says, once a minute; False while it is not believed. Called by the worker."""
    moment = clock.now()
    found = db.session.execute(select(ClockSight.at, ClockSight.doubted_from)).one_or_none()
    db.session.rollback()
    if found is not None and timedelta() <= moment - found.at < SEEN_EVERY:
        return found.doubted_from is None
    with unit_of_work() as session:
        row = session.get(ClockSight, _ID, with_for_update=True)
        if row is None:
            # A database of an earlier version knows at least when its jobs ran.
            seen = session.scalar(select(func.max(TimedJob.ran_at))) or moment
            session.add(row := ClockSight(id=_ID, at=seen, proven_seconds=0))
        _see(row, moment)
        return row.doubted_from is None


def believe() -> bool:
    """Believe the clock as it is, because somebody says that it is right; False when it was believed."""
    with unit_of_work() as session:
        row = session.get(ClockSight, _ID, with_for_update=True)
        if row is None or row.doubted_from is None:
            return False
        row.at, row.doubted_from, row.doubted_to = clock.now(), None, None
        return True


def find_doubt() -> Doubt | None:
    """Return the jump that is not believed, for doctor and metrics; None when the clock is believed."""
    row = db.session.execute(
        select(ClockSight.doubted_from, ClockSight.doubted_to, ClockSight.proven_seconds)
    ).one_or_none()
    if row is None or row.doubted_from is None:
        return None
    left = PROVEN_AFTER - timedelta(seconds=row.proven_seconds)
    return Doubt(row.doubted_from, row.doubted_to, max(left, timedelta()))


def _see(row: ClockSight, moment: datetime) -> None:
    step, row.at = moment - row.at, moment
    if step > JUMP:
        log.error("the clock jumped: dated jobs wait", before=str(moment - step), now=str(moment))
        row.doubted_from = row.doubted_from or moment - step
        row.doubted_to, row.proven_seconds = moment, 0
    elif row.doubted_from is not None:
        row.proven_seconds += int(min(max(step, timedelta()), _LONGEST_STEP).total_seconds())
        lived = timedelta(seconds=row.proven_seconds)
        back = moment <= row.doubted_from + lived + JUMP
        if back or lived >= PROVEN_AFTER:
            log.warning("the clock is believed again", now=str(moment))
            row.doubted_from = row.doubted_to = None
