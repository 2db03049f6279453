"""Delivering: claim what is due, run its handler, then mark it done, put it off or give it up.

A claim is a lease: it counts a try and moves `next_try_at` ahead, so a worker that dies loses only
time, and a letter that kills workers ends as a dead letter too. A handler of the inside lane runs in
one transaction with the mark `done`, which only one worker can set: one effect, whatever happens.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.logs import get_logger, without_addresses
from app.outbox.events import Handler, Lane, subscriptions
from app.outbox.models import OutboxDelivery, OutboxEvent
from app.outbox.pulse import FARTHEST

BATCH = 10
# Letters that an older version put in another lane are moved so many at a time.
MOVED = 500
# No handler may take longer; after it another worker takes the letter.
LEASE = timedelta(seconds=60)
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=1)
# With the delays above about 16 hours: a mail server may be down over night.
MAX_TRIES = 20

log = get_logger("outbox")


class Later(Exception):
    """Raised by a handler that has nothing to do before `moment` (aware); not a failure. It is asked again
    at that moment, or after `pulse.FARTHEST` if that is sooner."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(moment.isoformat())
        self.moment = moment


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed delivery. `tries` counts this one and is the fence against a slower worker."""

    id: int
    event_id: int
    event: str
    handler: str
    payload: dict[str, Any]
    tries: int


def delay_after(tries: int) -> timedelta:
    """Return how long to wait after the given number of tries: three times longer each, up to an
    hour, give or take a fifth so that letters that failed together do not come back together."""
    seconds = min(
        FIRST_DELAY.total_seconds() * 3 ** min(tries - 1, 12), LONGEST_DELAY.total_seconds()
    )
    return timedelta(seconds=seconds * (0.8 + secrets.randbelow(401) / 1000))


def claim(lane: Lane, limit: int = BATCH) -> list[Letter]:
    """Lease up to `limit` due letters of a lane, oldest due first; an empty list costs one read. Those that
    this version serves in another lane are moved there."""
    if db.session.execute(_due(lane).limit(1)).first() is None:
        db.session.rollback()
        return []
    with unit_of_work() as session:
        while strays := _find_strays(letters := _read_due(lane, limit), lane):
            _move(strays if len(letters) < limit else _find_strays(_read_due(lane, MOVED), lane))
        moment = clock.now()
        for place, letter in enumerate(letters):
            # The later in the batch, the sooner back: after a crash the culprit comes last.
            lease = LEASE + timedelta(seconds=len(letters) - place)
            session.execute(
                _update(letter, tries=letter.tries - 1).values(
                    tries=letter.tries, next_try_at=moment + lease
                )
            )
    return letters


def deliver(letter: Letter) -> None:
    """Run the letter's handler and settle the outcome; raises only when the database fails."""
    subscription = subscriptions.find(letter.event, letter.handler)
    if subscription is None:
        _bury(
            letter,
            f"no handler {letter.handler} for {letter.event} in this version; install the version "
            "that has it and retry, or purge",
        )
        return
    if letter.tries > MAX_TRIES:
        _bury(letter, f"the worker died or hung each of {MAX_TRIES} times it handled this")
        return
    run = _inside if subscription.lane.is_inside else _outside
    try:
        run(letter, subscription.handler)
    except Later as later:
        _put_off(letter, later.moment)
    except Exception as error:
        _failed(letter, error)


def release(letters: list[Letter]) -> None:
    """Give back letters that were claimed and not begun, e.g. when the worker is told to stop."""
    if not letters:
        return
    with unit_of_work() as session:
        for letter in letters:
            session.execute(_update(letter).values(tries=letter.tries - 1, next_try_at=clock.now()))


def deliver_due() -> int:
    """Deliver all that is due now in all lanes, in this process; returns how many letters.

    For tests and `flask outbox run`; the worker does the same one letter at a time.
    """
    count = 0
    for lane in Lane:
        while letters := claim(lane):
            for letter in letters:
                deliver(letter)
            count += len(letters)
    return count


def _read_due(lane: Lane, limit: int) -> list[Letter]:
    """Return what is due in a lane, locked. Where many wait, some of the newest of those that the index
    follows come first: a post does not wait for an import, and the import for no post."""
    # SKIP LOCKED for PostgreSQL; on SQLite the unit of work is alone.
    lock = {"skip_locked": True, "of": OutboxDelivery}
    rows = db.session.execute(_due(lane).limit(limit).with_for_update(**lock)).all()
    if lane is Lane.FOLLOW and len(rows) == limit:
        newest = _due(lane).order_by(None)
        newest = newest.order_by(OutboxDelivery.next_try_at.desc(), OutboxDelivery.id.desc())
        fresh = db.session.execute(newest.limit(limit // 2).with_for_update(**lock)).all()
        rows = list({row.id: row for row in [*fresh, *rows]}.values())
    return [
        Letter(row.id, row.event_id, row.name, row.handler, row.payload, row.tries + 1)
        for row in rows
    ]


def _find_strays(letters: Sequence[Letter], lane: Lane) -> dict[Lane, list[int]]:
    """Return the ids of letters that this version serves in other lanes, by those."""
    strays: dict[Lane, list[int]] = {}
    for letter in letters:
        right = subscriptions.lane_of(letter.event, letter.handler)
        if right is not lane:
            strays.setdefault(right, []).append(letter.id)
    return strays


def _move(strays: Mapping[Lane, list[int]]) -> None:
    for right, ids in strays.items():
        moved = update(OutboxDelivery).where(OutboxDelivery.id.in_(ids)).values(lane=right)
        db.session.execute(moved.execution_options(synchronize_session=False))


def _due(lane: Lane) -> Any:
    return (
        select(
            OutboxDelivery.id,
            OutboxDelivery.event_id,
            OutboxDelivery.handler,
            OutboxDelivery.tries,
            OutboxEvent.name,
            OutboxEvent.payload,
        )
        .join(OutboxEvent, OutboxEvent.id == OutboxDelivery.event_id)
        .where(
            OutboxDelivery.state == "pending",
            OutboxDelivery.lane == lane,
            OutboxDelivery.next_try_at <= clock.now(),
        )
        .order_by(OutboxDelivery.next_try_at, OutboxDelivery.id)
    )


def _update(letter: Letter, *, tries: int | None = None) -> Any:
    """Return an update of the letter's row that touches nothing when another worker has it now."""
    return update(OutboxDelivery).where(
        OutboxDelivery.id == letter.id,
        OutboxDelivery.state == "pending",
        OutboxDelivery.tries == (letter.tries if tries is None else tries),
    )


def _mark_done(session: Session, letter: Letter) -> bool:
    done = _update(letter).values(state="done", done_at=clock.now(), last_error="")
    return bool(session.execute(done.returning(OutboxDelivery.id)).first())


def _inside(letter: Letter, handler: Handler) -> None:
    with unit_of_work() as session:
        if _mark_done(session, letter):
            handler(letter.payload)


def _outside(letter: Letter, handler: Handler) -> None:
    if not _renew(letter):
        return
    handler(letter.payload)
    with unit_of_work() as session:
        _mark_done(session, letter)


def _renew(letter: Letter) -> bool:
    """Start the lease anew before slow work; False when another worker took the letter meanwhile."""
    with unit_of_work() as session:
        renewed = _update(letter).values(next_try_at=clock.now() + LEASE)
        return bool(session.execute(renewed.returning(OutboxDelivery.id)).first())


def _put_off(letter: Letter, moment: datetime) -> None:
    latest = clock.now() + FARTHEST
    with unit_of_work() as session:
        next_try_at = min(moment, latest)
        session.execute(_update(letter).values(tries=letter.tries - 1, next_try_at=next_try_at))


def _failed(letter: Letter, error: Exception) -> None:
    told = describe(error)
    log.warning(
        "delivery failed",
        handler=letter.handler,
        outbox_event=letter.event,
        event_id=letter.event_id,
        tries=letter.tries,
        exc_info=error,
    )
    if letter.tries >= MAX_TRIES:
        _bury(letter, told)
        return
    with unit_of_work() as session:
        session.execute(
            _update(letter).values(
                next_try_at=clock.now() + delay_after(letter.tries), last_error=told
            )
        )


def _bury(letter: Letter, why: str) -> None:
    log.error("dead letter", handler=letter.handler, event_id=letter.event_id, why=why)
    with unit_of_work() as session:
        session.execute(_update(letter).values(state="dead", last_error=why))


def describe(error: Exception) -> str:
    """Return an error's kind, its words (shortened, without addresses) and the line it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    # Cut afterwards: half an address is still somebody's.
    return f"{type(error).__name__}: {without_addresses(str(error))[:500]}{place}"
