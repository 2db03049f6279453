"""Calendar months of a time zone, as sums over rows need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


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

    @property
    def places(self) -> dict[str, int]:
        """The place of each month by its name; see `month_of`."""
        return {f"{first:%Y-%m}": place for place, first in enumerate(self.firsts)}


def month_of(moment: datetime, zone: str) -> str:
    """Return the name of the month that a moment falls in, in a zone: 2026-09."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m}"


def last_months(count: int, *, now: datetime, zone: str) -> Months:
    """Return the present month of a zone and those before it, `count` in all."""
    here = now.astimezone(ZoneInfo(zone))
    last = here.year * 12 + here.month - 1
    firsts = [date(n // 12, n % 12 + 1, 1) for n in range(last - count + 1, last + 2)]
    bounds = [
        datetime(day.year, day.month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC) for day in firsts
    ]
    return Months(tuple(firsts[:-1]), tuple(bounds))
