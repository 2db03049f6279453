"""Stretches of access: fixed ones, and those that are counted from the end of what is held."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """Access from `starts` to `ends`; None never ends. Aware UTC."""

    starts: datetime
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months and days of access, counted from the end of what is held, else from now.

    A day is 86,400 s; months and years are those of the planet's zone and clamp to the month's last
    day (BILLING.md R7). Where several follow each other `coverage` counts them from the first day.
    """

    months: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        """ValueError unless it lasts."""
        if self.months < 0 or self.days < 0 or not (self.months or self.days):
            raise ValueError("a duration must be positive")

    def after(self, start: datetime, zone: str) -> datetime:
        """Return the end of this duration when it begins at `start` and stands alone."""
        return months_later(start, self.months, zone) + timedelta(days=self.days)


def months_later(moment: datetime, months: int, zone: str = "UTC") -> datetime:
    """Return the same day and time of a zone's calendar some months on, in UTC; the month's last day
    where it has no such day.

    A time that the zone's clocks skip or show twice on that day is the later of its two readings.
    """
    if not months:
        return moment
    here = moment.astimezone(ZoneInfo(zone))
    index = here.year * 12 + here.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    there = here.replace(year=year, month=month + 1, day=min(here.day, last))
    return max(there.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
