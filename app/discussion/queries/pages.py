"""Keyset pages: a list is cut at a row, not at a number, so that new rows shift nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, or_, select

from app.discussion.queries.visible import T
from app.kernel.db import db, read_moment
from app.kernel.ids import is_public_id

Item = TypeVar("Item")
Way = Literal["newest", "before", "after"]
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

    @property
    def way(self) -> Way:
        """In which direction the page lies from its place."""
        return "after" if self.after else "before" if self.before else "newest"

    def values(self, size: int) -> dict[str, Any]:
        """Return what `cut_out` has as parameters; one row more than a page tells of a next one."""
        place = self.after or self.before
        where = {"place_at": place.published_at, "place_id": place.public_id} if place else {}
        return {**where, "wanted": size + 1}


NEWEST = Cut()


def read_page(
    statement: Select[Any],
    cut: Cut,
    read: Callable[[Sequence[Any]], Item],
    *,
    size: int,
    keys: tuple[ColumnElement[Any], ColumnElement[Any]] = (T.published_at, T.id),
) -> Page[Item]:
    """Return one page of `statement`, whose last two columns are the topic's published_at and
    public_id. `keys` are the indexed columns it is ordered by (a time and the topic's row id).

    No page of ours leads to a place without rows: where there are none, it is the newest page."""
    found = cut_out(statement, cut.way, keys=keys)
    rows = db.session.execute(found, cut.values(size)).all()
    if not rows and cut != NEWEST:
        return read_page(statement, NEWEST, read, size=size, keys=keys)
    return page_of(rows, cut, read, size=size)


def cut_out(
    statement: Select[Any],
    way: Way,
    *,
    keys: tuple[ColumnElement[Any], ColumnElement[Any]],
) -> Select[Any]:
    """Return the select of a page; its parameters are a cut's `values`."""
    at, row_id = keys
    wanted = bindparam("wanted", type_=Integer)
    place_at = bindparam("place_at", type_=at.type)
    # Row ids do not leave the house: the tie of two equal times is broken by looking the id up.
    tie = select(T.id).where(T.public_id == bindparam("place_id")).correlate(None).scalar_subquery()
    if way == "after":
        newer = and_(at >= place_at, or_(at > place_at, row_id > tie))
        return statement.where(newer).order_by(at, row_id).limit(wanted)
    if way == "before":
        statement = statement.where(and_(at <= place_at, or_(at < place_at, row_id < tie)))
    return statement.order_by(at.desc(), row_id.desc()).limit(wanted)


def page_of(
    rows: Sequence[Sequence[Any]], cut: Cut, read: Callable[[Sequence[Any]], Item], *, size: int
) -> Page[Item]:
    """Return the page that the rows of `cut_out` make."""
    more = len(rows) > size
    rows = rows[:size]
    if cut.way == "after":
        rows = rows[::-1]
        newer = _cursor(rows[0]) if more else None
        older = _cursor(rows[-1]) if rows else None
    else:
        newer = _cursor(rows[0]) if rows and cut.way == "before" else None
        older = _cursor(rows[-1]) if more else None
    return Page([read(row) for row in rows], newer, older)


def _cursor(row: Sequence[Any]) -> Cursor:
    # A ready page leaves its times as the driver gave them: only the ends are looked at.
    return Cursor(read_moment(row[-2]), row[-1])
