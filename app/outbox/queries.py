"""Reading the state of the outbox, for metrics, readiness and the keeper's commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.db import db
from app.outbox.models import OutboxDelivery, OutboxEvent, TimedJob, WorkerBeat
from app.outbox.pulse import AT_WORK


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits: letters not yet done, since when the oldest is due, and dead ones."""

    pending: int
    oldest_due_at: datetime | None
    dead: int


@dataclass(frozen=True, slots=True)
class LetterView:
    """A delivery as the keeper sees it."""

    id: int
    event: str
    handler: str
    state: str
    tries: int
    next_try_at: datetime
    created_at: datetime
    last_error: str


def count_backlog() -> Backlog:
    """Return the state of the outbox at this moment."""
    counted = db.session.execute(
        select(OutboxDelivery.state, func.count())
        .where(OutboxDelivery.state.in_(("pending", "dead")))
        .group_by(OutboxDelivery.state)
    )
    states = {row[0]: row[1] for row in counted}
    oldest = db.session.scalar(
        select(func.min(OutboxDelivery.next_try_at)).where(OutboxDelivery.state == "pending")
    )
    return Backlog(states.get("pending", 0), oldest, states.get("dead", 0))


@dataclass(frozen=True, slots=True)
class Failing:
    """Letters that were tried, failed and wait for their next try; when the oldest was written."""

    count: int
    written_at: datetime | None


def find_failing(handler: str = "", *, besides: str = "") -> Failing:
    """Return what fails, of all handlers or of one. `besides`: kinds of error (their class's name) that say
    nothing of the way itself, as a refusal of one receiver."""
    failing = [OutboxDelivery.state == "pending", OutboxDelivery.last_error != ""]
    if handler:
        failing.append(OutboxDelivery.handler == handler)
    if besides:
        failing.append(~OutboxDelivery.last_error.startswith(besides, autoescape=True))
    counted = select(func.count(OutboxDelivery.id), func.min(OutboxEvent.created_at))
    joined = counted.join(OutboxEvent, OutboxEvent.id == OutboxDelivery.event_id)
    count, written_at = db.session.execute(joined.where(*failing)).one()
    return Failing(count, written_at)


def count_unhandled(handler: str) -> tuple[int, datetime | None]:
    """Return how many letters of a handler are not done and not given up, tried or not, and when the oldest
    of their events was written."""
    waits = (OutboxDelivery.state == "pending", OutboxDelivery.handler == handler)
    first = select(func.min(OutboxDelivery.event_id)).where(*waits).scalar_subquery()
    count = db.session.scalar(select(func.count()).select_from(OutboxDelivery).where(*waits)) or 0
    oldest = select(OutboxEvent.created_at).where(OutboxEvent.id == first)
    return count, db.session.scalar(oldest) if count else None


def list_letters(state: str, *, limit: int = 50) -> list[LetterView]:
    """Return a page of letters in a state (pending or dead), the oldest first."""
    rows = db.session.execute(
        select(
            OutboxDelivery.id,
            OutboxEvent.name,
            OutboxDelivery.handler,
            OutboxDelivery.state,
            OutboxDelivery.tries,
            OutboxDelivery.next_try_at,
            OutboxEvent.created_at,
            OutboxDelivery.last_error,
        )
        .join(OutboxEvent, OutboxEvent.id == OutboxDelivery.event_id)
        .where(OutboxDelivery.state == state)
        .order_by(OutboxDelivery.id)
        .limit(limit)
    )
    return [LetterView(*row) for row in rows]


def list_stuck() -> list[str]:
    """Return what hangs in workers that were heard a short time ago, each in words with since when."""
    heard = WorkerBeat.at > clock.now() - AT_WORK
    told = db.session.scalars(select(WorkerBeat.stuck).where(heard, WorkerBeat.stuck != ""))
    return [line for lines in told for line in lines.splitlines()]


def list_failing_jobs() -> list[tuple[str, str]]:
    """Return (name, error) of the timed jobs whose last run failed."""
    rows = db.session.execute(
        select(TimedJob.name, TimedJob.last_error)
        .where(TimedJob.last_error != "")
        .order_by(TimedJob.name)
    )
    return [(name, error) for name, error in rows]
