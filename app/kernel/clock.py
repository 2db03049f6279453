"""The clock: the one place that asks what time it is, so that tests can set it.

All times in the product are aware datetimes in UTC; the reader's zone is applied on screen only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """Return the current moment, aware, in UTC."""
    return _source()


@contextmanager
def fixed(moment: datetime) -> Iterator[None]:
    """Hold the clock at `moment` (aware) inside the block; for tests and for the seed."""
    global _source
    if moment.tzinfo is None:
        raise ValueError("the clock takes aware datetimes only")
    before = _source
    _source = lambda: moment.astimezone(UTC)  # noqa: E731
    try:
        yield
    finally:
        _source = before
