"""Searching as if the index had followed all that was done: it needs a second for that, and in this second no
answer may depend on what nobody may open any more.

What waits is read with each search: the notes after the index's cursor, and the events that will leave
notes. It is little, mostly nothing, and is laid over the index in memory. Of more than FEW the latest are,
and the topics of all others are left out until the index has followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Integer,
    bindparam,
    cast,
    literal,
    null,
    select,
    true,
    union_all,
)

from app.kernel.db import db
from app.kernel.reading import Ready
from app.outbox.events import Lane
from app.outbox.models import OutboxDelivery, OutboxEvent
from app.search.changes import HANDLER
from app.search.documents import ANEW, RENAMED, Change, load
from app.search.handlers import ADDING, NAMING, changes_of
from app.search.models import SearchChange
from app.search.port import Broken, Engine, Entry

FEW = 50
# An index that is farther behind is as good as none.
MOST = 25_000

D = OutboxDelivery.__table__.c
E = OutboxEvent.__table__.c
S = SearchChange.__table__.c


def _waiting(notes: ColumnElement[bool], told: ColumnElement[bool]) -> CompoundSelect[Any]:
    """Return what waits, in one statement: what is delivered meanwhile is in it once at least."""
    # By the lane it is found without reading what waits for others.
    for_us = (D.state == "pending", D.lane == Lane.FOLLOW.value, D.handler == HANDLER)
    nothing = literal(0, BigInteger)
    to_come = (
        select(literal(1, Integer), D.id, nothing, literal(""), nothing, E.name, E.payload)
        .join_from(OutboxDelivery.__table__, OutboxEvent.__table__, D.event_id == E.id)
        .where(*for_us, told)
    )
    cursor = bindparam("cursor", type_=S.id.type, required=True)
    noted = select(
        literal(0, Integer),
        S.id,
        S.topic_id,
        S.part,
        S.row_id,
        literal(""),
        cast(null(), E.payload.type),
    ).where(S.id > cursor, notes)
    return union_all(to_come, noted).limit(bindparam("most", type_=Integer, required=True))


_ALL = Ready(_waiting(true(), true()))
_TAKING = Ready(_waiting(S.part.not_in(list(RENAMED.values())), E.name.not_in([*ADDING, *NAMING])))


class _Row(NamedTuple):
    """A note, or an event that will leave some (`to_come`)."""

    to_come: int
    id: int
    topic_id: int
    part: str
    row_id: int
    event: str
    payload: dict[str, Any]


def abreast(engine: Engine) -> Engine:
    """Return the engine as it will be when it has followed what waits at this moment, to be read only. One
    statement where nothing does. Raises Broken."""
    now = engine.now()
    cursor = now.cursor()
    rows = _read(_ALL, cursor, FEW + 1)
    if len(rows) > FEW or len(_changes(rows)) > FEW:
        rows = _read(_TAKING, cursor, MOST + 1)
    if len(rows) > MOST:
        raise Broken("the index has too much to follow")
    return now.ahead(_key(rows), partial(_entries, rows)) if rows else now


def _read(waiting: Ready, cursor: int, most: int) -> list[_Row]:
    """Return what waits in the order in which it came."""
    return sorted(_Row(*row) for row in waiting.rows(cursor=cursor, most=most))


def _key(rows: Sequence[_Row]) -> tuple[tuple[int, int], ...]:
    return tuple((row.to_come, row.id) for row in rows)


def _changes(rows: Iterable[_Row]) -> list[Change]:
    return [change for row in rows for change in _changes_of(row)]


def _changes_of(row: _Row) -> Iterator[Change]:
    if row.to_come:
        yield from changes_of(row.event, row.payload, most=FEW + 1)
    else:
        yield Change(row.topic_id, row.part, row.row_id)


def _entries(rows: Sequence[_Row]) -> list[Entry]:
    """Return the present state of the latest changes, and that the topics of all others are gone."""
    changes = _changes(rows)
    latest = changes[-FEW:]
    late = {change.topic_id for change in set(changes[:-FEW]) - set(latest)}
    late |= {change.topic_id for change in latest if change.part == ANEW}
    # A transaction that this request has begun already may see less than what waits.
    db.session.rollback()
    return [*(Entry(topic_id, None) for topic_id in sorted(late)), *load(latest)]
