"""Calendar months of a time zone, as sums over rows need them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case


@dataclass(frozen=True, slots=True)
class Months:
    """Some months in a row, the last of them the present one.

    `firsts` are their first days, `bounds` their beginnings in UTC and, last, the end of all.
    """

    firsts: tuple[date, ...]
    bounds: tuple[datetime, ...]

    @property
    def begins(self) -> datetime:
        """The beginning of the first month."""
        return self.bounds[0]

    @property
    def ends(self) -> datetime:
        """The end of the last month."""
        return self.bounds[-1]

    def find(self, moment: datetime) -> int | None:
        """Return the place of the month that a moment falls in; None outside."""
        place = bisect_right(self.bounds, moment) - 1
        return place if 0 <= place < len(self.firsts) else None

    def place(self, column: Any) -> ColumnElement[int]:
        """Return the SQL of the same for a column that lies within."""
        return case(*((column < end, number) for number, end in enumerate(self.bounds[1:])))


def last_months(count: int, *, now: datetime, zone: str) -> Months:
    """Return the present month of a zone and those before it, `count` in all."""
    here = now.astimezone(ZoneInfo(zone))
    last = here.year * 12 + here.month - 1
    firsts = [date(n // 12, n % 12 + 1, 1) for n in range(last - count + 1, last + 2)]
    bounds = [
        datetime(day.year, day.month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) for day in firsts
    ]
    return Months(tuple(firsts[:-1]), tuple(bounds))
