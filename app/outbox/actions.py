"""What the keeper of an installation does to the outbox. From the command line: there is no actor."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, exists, or_, select, update

from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.progress import signal
from app.outbox.models import OutboxDelivery, OutboxEvent, TimedJob, WorkerBeat
from app.outbox.pulse import FARTHEST, SKEW

KEEP_DONE = timedelta(days=14)
PURGE_BATCH = 500


def retry(letter_id: int) -> bool:
    """Make a letter that is dead, or waits for its next try, due at once, with all its tries again; False
    when there is none."""
    return _revive(OutboxDelivery.id == letter_id) > 0


def retry_all() -> int:
    """Make every letter due at once that is dead, or failed and waits for its next try; returns how many."""
    return _revive((OutboxDelivery.state == "dead") | (OutboxDelivery.last_error != ""))


def _revive(which: ColumnElement[bool]) -> int:
    unsent = update(OutboxDelivery).where(OutboxDelivery.state.in_(("dead", "pending")), which)
    with unit_of_work() as session:
        rows = session.execute(
            unsent.values(state="pending", tries=0, next_try_at=clock.now()).returning(
                OutboxDelivery.id
            )
        )
        return len(rows.all())


def purge_dead() -> int:
    """Delete every dead letter; returns how many. Their events go with the next `purge_done`."""
    with unit_of_work() as session:
        rows = session.execute(
            delete(OutboxDelivery)
            .where(OutboxDelivery.state == "dead")
            .returning(OutboxDelivery.id)
        )
        return len(rows.all())


def purge_done(keep: timedelta = KEEP_DONE) -> int:
    """Delete events older than `keep` whose letters are all done; returns how many.

    In small transactions, so that writers do not wait for the whole of it.
    """
    unsettled = exists().where(
        OutboxDelivery.event_id == OutboxEvent.id, OutboxDelivery.state != "done"
    )
    old = (
        select(OutboxEvent.id)
        .where(OutboxEvent.created_at < clock.now() - keep, ~unsettled)
        .order_by(OutboxEvent.id)
        .limit(PURGE_BATCH)
    )
    gone = 0
    while True:
        with unit_of_work() as session:
            ids = session.scalars(old).all()
            session.execute(delete(OutboxDelivery).where(OutboxDelivery.event_id.in_(ids)))
            session.execute(delete(OutboxEvent).where(OutboxEvent.id.in_(ids)))
        gone += len(ids)
        signal(gone)
        if len(ids) < PURGE_BATCH:
            return gone


def beat(name: str, version: str, *, stuck: str = "") -> None:
    """Write a worker's sign of life and what hangs in it (a line each), and forget workers silent for a day,
    and those whose clock was ahead: whoever lives writes again within seconds."""
    moment = clock.now()
    with unit_of_work() as session:
        row = session.get(WorkerBeat, name, with_for_update=True)
        if row is None:
            session.add(WorkerBeat(name=name, at=moment, version=version, stuck=stuck))
        else:
            row.at, row.version, row.beats, row.stuck = moment, version, row.beats + 1, stuck
        session.flush()
        others = or_(WorkerBeat.at < moment - timedelta(days=1), WorkerBeat.at > moment + SKEW)
        session.execute(delete(WorkerBeat).where(others, WorkerBeat.name != name))


def pull_back() -> int:
    """Make due what is put off for longer than anything can be, and jobs that ran at a time to come: it was
    written by a clock that was ahead. Returns how many letters."""
    moment = clock.now()
    with unit_of_work() as session:
        session.execute(
            update(TimedJob)
            .where(TimedJob.ran_at > moment + SKEW)
            .values(due_at=moment, ran_at=None)
        )
        rows = session.execute(
            update(OutboxDelivery)
            .where(
                OutboxDelivery.state == "pending",
                OutboxDelivery.next_try_at > moment + FARTHEST + SKEW,
            )
            .values(next_try_at=moment)
            .returning(OutboxDelivery.id)
        )
        return len(rows.all())
