"""Keyset pages: a list is cut at a row, not at a number, so that new rows shift nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select

from app.discussion.queries.visible import T
from app.kernel.db import db
from app.kernel.ids import is_public_id

Item = TypeVar("Item")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list of topics: before or after this topic. Its text stands in addresses."""

    published_at: datetime
    public_id: str

    def __str__(self) -> str:
        return f"{(self.published_at - _EPOCH) // _MICROSECOND:x}.{self.public_id}"


def parse_cursor(text: str) -> Cursor | None:
    """Return the cursor an address carries; None when it carries none that could be ours."""
    micros, _, public_id = text.partition(".")
    if not is_public_id(public_id) or len(micros) > 14:
        return None
    try:
        return Cursor(_EPOCH + int(micros, 16) * _MICROSECOND, public_id)
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of a list, newest first, with the cursors of its neighbours (None: there is none)."""

    items: list[Item]
    newer: Cursor | None
    older: Cursor | None


@dataclass(frozen=True, slots=True)
class Cut:
    """Which page: the rows `before` a place, or those `after` it; neither is the newest."""

    before: Cursor | None = None
    after: Cursor | None = None


def read_page(
    statement: Select[Any],
    cut: Cut,
    read: Callable[[Sequence[Any]], Item],
    *,
    size: int,
    keys: tuple[ColumnElement[Any], ColumnElement[Any]] = (T.published_at, T.id),
) -> Page[Item]:
    """Return one page of `statement`, whose last two columns are the topic's published_at and
    public_id. `keys` are the indexed columns it is ordered by (a time and the topic's row id)."""
    at, row_id = keys
    if cut.after is not None:
        rows = _rows(
            statement.where(_newer(at, row_id, cut.after)).order_by(at, row_id).limit(size + 1)
        )
        more = len(rows) > size
        rows = rows[:size][::-1]
        newer = _cursor(rows[0]) if more else None
        older = _cursor(rows[-1]) if rows else None
        return Page([read(row) for row in rows], newer, older)
    if cut.before is not None:
        statement = statement.where(_older(at, row_id, cut.before))
    rows = _rows(statement.order_by(at.desc(), row_id.desc()).limit(size + 1))
    more = len(rows) > size
    rows = rows[:size]
    newer = _cursor(rows[0]) if rows and cut.before is not None else None
    return Page([read(row) for row in rows], newer, _cursor(rows[-1]) if more else None)


def _older(
    at: ColumnElement[Any], row_id: ColumnElement[Any], place: Cursor
) -> ColumnElement[bool]:
    past = or_(at < place.published_at, row_id < _row_id_of(place))
    return and_(at <= place.published_at, past)


def _newer(
    at: ColumnElement[Any], row_id: ColumnElement[Any], place: Cursor
) -> ColumnElement[bool]:
    past = or_(at > place.published_at, row_id > _row_id_of(place))
    return and_(at >= place.published_at, past)


def _row_id_of(place: Cursor) -> ColumnElement[Any]:
    # Row ids do not leave the house: the tie of two equal times is broken by looking the id up.
    return select(T.id).where(T.public_id == place.public_id).correlate(None).scalar_subquery()


def _rows(statement: Select[Any]) -> Sequence[Any]:
    return db.session.execute(statement).all()


def _cursor(row: Sequence[Any]) -> Cursor:
    return Cursor(row[-2], row[-1])
