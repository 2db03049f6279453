"""What the discussion does every so often; the factory puts it into the worker's timetable."""

from __future__ import annotations

from app.discussion.actions.paid_questions import settle_paid
from app.discussion.actions.questions import mark_overdue
from app.kernel import clock
from app.kernel.db import unit_of_work


def tell_overdue() -> int:
    """Note every question that has passed its due time and was not told of; returns how many.

    In units of work of a batch each, so that writers do not wait for the whole of it.
    """
    told = 0
    while True:
        with unit_of_work():
            batch = mark_overdue(clock.now())
        if not batch:
            return told
        told += batch


def settle_paid_questions() -> int:
    """Settle every paid question whose fate is known or whose time is over; returns how many were
    looked at."""
    return settle_paid(clock.now())
