"""Rate limits that survive restarts: counters in our own table, one row per key and window.

Flask-Limiter has no SQL storage and its memory counts per process (see docs/adr).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import String, Table, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.db import Base, db
from app.kernel.errors import LimitReached
from app.kernel.reading import Ready


class RateCounter(Base):
    """Tries under one key since the window began."""

    __tablename__ = "rate_counters"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    tries: Mapped[int] = mapped_column(default=0)


_ROWS = cast(Table, RateCounter.__table__)
R = _ROWS.c
# What is counted is counted often: put together once, not each time.
_SPENT = Ready(
    select(R.tries).where(R.key == bindparam("name"), R.window_start == bindparam("start"))
)
_COUNT = {
    name: new.on_conflict_do_update(
        index_elements=[R.key, R.window_start], set_={"tries": R.tries + new.excluded.tries}
    ).returning(R.tries)
    for name, new in (("sqlite", sqlite.insert(_ROWS)), ("postgresql", postgresql.insert(_ROWS)))
}


def hit(key: str, *, limit: int, window: timedelta) -> None:
    """Count one try under `key`; LimitReached when more than `limit` fell into this fixed window.

    Must run inside a unit of work of its own that commits also when what follows fails. `key` must
    not be readable personal data: hash addresses first.
    """
    if _count(key, window, 1) > limit:
        raise LimitReached(seconds_left(window))


def take(key: str, *, limit: int, window: timedelta, count: int) -> int:
    """Count up to `count` tries under `key` at once; returns how many the window still had, at least one.

    LimitReached when it had none. For what is too frequent to write a row for each; as `hit` else.
    """
    counted = _count(key, window, count)
    had = min(count, limit - (counted - count))
    if had < 1:
        raise LimitReached(seconds_left(window))
    return had


def refuse_spent(key: str, *, limit: int, window: timedelta) -> None:
    """LimitReached when the window's tries are spent already. One read: being refused costs no more."""
    spent = _SPENT.first(name=key, start=window_start(window))
    if spent and spent[0] >= limit:
        raise LimitReached(seconds_left(window))


def _count(key: str, window: timedelta, count: int) -> int:
    """Count tries of the present window; returns how many it has then. One statement, so that of many who
    count in the same moment nobody is lost."""
    connection = db.session.connection()
    row = {"key": key, "window_start": window_start(window), "tries": count}
    return int(connection.execute(_COUNT[connection.dialect.name], row).scalar_one())


def window_start(window: timedelta) -> datetime:
    """Return when the current window began (aware UTC)."""
    return _window(window)[0]


def peek(key: str, *, window: timedelta) -> int:
    """Return the tries under `key` in the current window without counting one."""
    start, _ends = _window(window)
    row = db.session.get(RateCounter, (key, start))
    return row.tries if row else 0


def seconds_left(window: timedelta) -> int:
    """Return how many seconds the current window still lasts, rounded up."""
    _start, ends = _window(window)
    return int((ends - clock.now()).total_seconds()) + 1


def take_back(key: str, *, window: timedelta) -> None:
    """Uncount one try under `key`: it turned out to be nothing to hold against anybody."""
    start, _ends = _window(window)
    db.session.execute(
        update(RateCounter)
        .where(RateCounter.key == key, RateCounter.window_start == start, RateCounter.tries > 0)
        .values(tries=RateCounter.tries - 1)
    )


def forget(key: str) -> None:
    """Drop the counters of `key`, e.g. after a successful sign-in."""
    db.session.execute(delete(RateCounter).where(RateCounter.key == key))


def purge(older_than: timedelta = timedelta(days=2)) -> int:
    """Delete windows long gone; returns how many. A timed job calls it."""
    gone = db.session.execute(
        delete(RateCounter)
        .where(RateCounter.window_start < clock.now() - older_than)
        .returning(RateCounter.key)
    )
    return len(gone.all())


def _window(window: timedelta) -> tuple[datetime, datetime]:
    seconds = int(window.total_seconds())
    start = int(clock.now().timestamp()) // seconds * seconds
    return datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(start + seconds, UTC)
