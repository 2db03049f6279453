"""Sign-ins that failed, counted by the hour: what an operator needs to see that somebody tries passwords."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast

from sqlalchemy import Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.models import FailedSignIns
from app.kernel import clock
from app.kernel.db import db, unit_of_work

KEEP = timedelta(days=90)
DAY = timedelta(hours=24)

_ROWS = cast(Table, FailedSignIns.__table__)
F = _ROWS.c
_COUNT = {
    name: new.on_conflict_do_update(
        index_elements=[F.hour],
        set_={
            "wrong": F.wrong + new.excluded.wrong,
            "held_up": F.held_up + new.excluded.held_up,
        },
    )
    for name, new in (("sqlite", sqlite.insert(_ROWS)), ("postgresql", postgresql.insert(_ROWS)))
}


@dataclass(frozen=True, slots=True)
class Failures:
    """How many sign-ins failed: with a wrong password or address, and for too many tries."""

    wrong: int
    held_up: int


def note_failure(why: Literal["wrong", "held_up"]) -> None:
    """Count one sign-in that failed, in a unit of work of its own."""
    one = {"hour": clock.now().replace(minute=0, second=0, microsecond=0), "wrong": 0, "held_up": 0}
    db.session.execute(_COUNT[db.engine.dialect.name], {**one, why: 1})


def count_failures(within: timedelta = DAY) -> Failures:
    """Return how many sign-ins failed in the hours that began within this time."""
    statement = select(func.sum(F.wrong), func.sum(F.held_up)).where(F.hour > clock.now() - within)
    wrong, held_up = db.session.execute(statement).one()
    return Failures(int(wrong or 0), int(held_up or 0))


def purge_failures() -> None:
    """Delete the counts of more than 90 days ago. A timed job."""
    with unit_of_work() as session:
        session.execute(delete(FailedSignIns).where(F.hour < clock.now() - KEEP))
