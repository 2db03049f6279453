"""Claiming: which due letters a worker takes, from which lane, and for how long.

A claim is a lease: it counts a try and moves `next_try_at` ahead, so a worker that dies loses only time, and
a letter that kills workers ends as a dead letter too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.reading import Ready
from app.outbox.events import Lane, subscriptions
from app.outbox.models import OutboxDelivery, OutboxEvent

BATCH = 10
# Letters that an older version put in another lane are moved so many at a time.
MOVED = 500
# No handler may take longer; after it another worker takes the letter.
LEASE = timedelta(seconds=60)
UNSETTLED = "the try before neither ended nor failed: its worker died, or it hung"

_D = OutboxDelivery.__table__.c
_DUE = (
    select(_D.id, _D.event_id, _D.handler, _D.tries, _D.last_error, OutboxEvent.name)
    .add_columns(OutboxEvent.payload)
    .join(OutboxEvent, OutboxEvent.id == _D.event_id)
    .where(_D.state == "pending", _D.lane == bindparam("lane"), _D.next_try_at <= bindparam("now"))
)
# Idle workers ask this all day.
_ANY_DUE = Ready(
    select(_D.id)
    .where(_D.state == "pending", _D.lane == bindparam("lane"), _D.next_try_at <= bindparam("now"))
    .limit(1)
)
# Those rows are locked: nobody else has them.
_LEASED = (
    update(OutboxDelivery)
    .where(_D.id == bindparam("of"))
    .values({name: bindparam(name) for name in ("tries", "next_try_at", "last_error")})
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed delivery. `tries` counts this one and is the fence against a slower worker; at `until`
    another worker may take it. `told`: what became of the tries before, "" for nothing bad."""

    id: int
    event_id: int
    event: str
    handler: str
    payload: dict[str, Any]
    tries: int
    until: datetime
    told: str


def claim(lane: Lane, limit: int = BATCH) -> list[Letter]:
    """Lease up to `limit` due letters of a lane, oldest due first; an empty list costs one read. Those that
    this version serves in another lane are moved there."""
    if _ANY_DUE.first(lane=lane, now=clock.now()) is None:
        return []
    with unit_of_work() as session:
        while strays := _find_strays(letters := _read_due(lane, limit), lane):
            _move(strays if len(letters) < limit else _find_strays(_read_due(lane, MOVED), lane))
        leases = [
            {
                "of": letter.id,
                "tries": letter.tries,
                "next_try_at": letter.until,
                "last_error": letter.told,
            }
            for letter in letters
        ]
        if leases:
            session.connection().execute(_LEASED, leases)
    return letters


def release(letters: Sequence[Letter]) -> None:
    """Give back letters that were claimed and not begun, e.g. when the worker is told to stop."""
    if not letters:
        return
    with unit_of_work() as session:
        for letter in letters:
            back = {"tries": letter.tries - 1, "next_try_at": clock.now()}
            session.execute(held(letter).values(back))


def renew(letter: Letter) -> bool:
    """Start the lease anew before slow work, if much of it is over; False when another worker took the letter
    meanwhile."""
    if letter.until - clock.now() > LEASE * 0.75:
        return True
    with unit_of_work() as session:
        renewed = held(letter).values(next_try_at=clock.now() + LEASE)
        return bool(session.execute(renewed.returning(OutboxDelivery.id)).first())


def held(letter: Letter) -> Any:
    """Return an update of the letter's row that touches nothing when another worker has it now."""
    return update(OutboxDelivery).where(
        OutboxDelivery.id == letter.id,
        OutboxDelivery.state == "pending",
        OutboxDelivery.tries == letter.tries,
    )


def _read_due(lane: Lane, limit: int) -> list[Letter]:
    """Return what is due in a lane, locked. Where many wait, some of the newest of those that the index
    follows come first: a post does not wait for an import, and the import for no post."""
    rows = _read(_DUE.order_by(_D.next_try_at, _D.id), lane, limit)
    if lane is Lane.FOLLOW and len(rows) == limit:
        newest = _DUE.order_by(_D.next_try_at.desc(), _D.id.desc())
        fresh = _read(newest, lane, limit // 2)
        rows = list({row.id: row for row in [*fresh, *rows]}.values())
    # The later in the batch, the sooner back: after a crash the culprit comes last.
    ends = clock.now() + LEASE
    return [
        Letter(
            id=row.id,
            event_id=row.event_id,
            event=row.name,
            handler=row.handler,
            payload=row.payload,
            tries=row.tries + 1,
            until=ends + timedelta(seconds=len(rows) - place),
            # A try that failed has said why, and one that was put off is not counted.
            told=row.last_error or (UNSETTLED if row.tries else ""),
        )
        for place, row in enumerate(rows)
    ]


def _read(statement: Select[*tuple[Any, ...]], lane: Lane, limit: int) -> Sequence[Any]:
    # SKIP LOCKED for PostgreSQL; on SQLite the unit of work is alone.
    locked = statement.limit(limit).with_for_update(skip_locked=True, of=OutboxDelivery)
    return db.session.execute(locked, {"lane": lane, "now": clock.now()}).all()


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
