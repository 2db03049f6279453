"""The rows that say what the index must follow: handlers write them, the indexer reads and purges them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, func, insert, literal, select, text

from app.kernel import clock
from app.kernel.db import UtcDateTime, db, unit_of_work
from app.kernel.progress import signal
from app.outbox.queries import count_unhandled
from app.search.documents import WHOLE, Change
from app.search.models import SearchChange

S = SearchChange.__table__.c

# The outbox's name for what turns events into changes.
HANDLER = "search.follow"
# An index that was away for longer (stopped, restored from a copy) is made anew.
KEEP = timedelta(days=7)
PURGE_BATCH = 5_000
# Any number that nothing else in the house takes: "search" on a telephone's keys.
_LOCK = 732724


@dataclass(frozen=True, slots=True)
class Row:
    """A change and its place in the order."""

    id: int
    change: Change


def note(changes: Iterable[Change]) -> None:
    """Write changes in the caller's unit of work."""
    rows = [
        {"topic_id": one.topic_id, "part": one.part, "row_id": one.row_id, "at": clock.now()}
        for one in changes
    ]
    if rows:
        _queue_up()
        db.session.execute(insert(SearchChange), rows)


def note_selected(rows: Select[int, int], part: str) -> None:
    """Write a change for each row of a select of (topic id, row id), however many, in one statement."""
    _queue_up()
    found = rows.subquery()
    topic, row = found.c
    db.session.execute(
        insert(SearchChange).from_select(
            ["topic_id", "part", "row_id", "at"],
            select(topic, literal(part), row, literal(clock.now(), UtcDateTime())),
        )
    )


def _queue_up() -> None:
    """Let ids grow in the order of commits: whoever writes changes waits until the one before has
    committed. SQLite has one writer anyway."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def head() -> int:
    """Return the id of the last change, of a first mark if there is none yet: an index that is built
    now contains everything up to it."""
    last = db.session.scalar(select(func.max(S.id)))
    db.session.rollback()
    if last is None:
        with unit_of_work():
            note([Change(0, WHOLE, 0)])
        return head()
    return int(last)


def is_known(cursor: int) -> bool:
    """Whether the changes after `cursor` are all here still: its own row goes after them."""
    found = db.session.scalar(select(S.id).where(S.id == cursor)) is not None
    db.session.rollback()
    return found


def list_after(cursor: int, limit: int) -> list[Row] | None:
    """Return the changes that follow, the oldest first; None where `cursor` is not known: see `is_known`."""
    statement = select(S.id, S.topic_id, S.part, S.row_id).where(S.id >= cursor).order_by(S.id)
    rows = _read(statement, limit + 1)
    return rows[1:] if rows and rows[0].id == cursor else None


def list_newest(after: int, limit: int) -> list[Row]:
    """Return the newest changes after an id, the newest first."""
    statement = select(S.id, S.topic_id, S.part, S.row_id).where(S.id > after)
    return _read(statement.order_by(S.id.desc()), limit)


def _read(statement: Any, limit: int) -> list[Row]:
    rows = db.session.execute(statement.limit(limit)).all()
    db.session.rollback()
    return [Row(id_, Change(topic_id, part, row_id)) for id_, topic_id, part, row_id in rows]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many changes the index has not followed yet, also those that are not written down yet because
    their events wait, and for how many seconds the oldest waits."""

    count: int
    seconds: float


def count_waiting(cursor: int) -> Waiting:
    """Return what waits behind a cursor. An event counts as one change, though it may become several."""
    noted, noted_at = db.session.execute(
        select(func.count(), func.min(S.at)).where(S.id > cursor)
    ).one()
    unhandled, happened_at = count_unhandled(HANDLER)
    oldest = min((at for at in (noted_at, happened_at) if at is not None), default=None)
    waited = (clock.now() - oldest).total_seconds() if oldest else 0.0
    return Waiting(noted + unhandled, waited)


def purge(cursor: int, *, keep: timedelta = KEEP) -> int:
    """Delete changes that the index followed longer than `keep` ago, but its last; returns how many.

    In small transactions, so that writers do not wait for the whole of it.
    """
    old = (
        select(S.id)
        .where(S.id < cursor, S.at < clock.now() - keep)
        .order_by(S.id)
        .limit(PURGE_BATCH)
    )
    gone = 0
    while True:
        with unit_of_work() as session:
            ids: Sequence[int] = session.scalars(old).all()
            session.execute(delete(SearchChange).where(S.id.in_(ids)))
        gone += len(ids)
        signal(gone)
        if len(ids) < PURGE_BATCH:
            return gone
