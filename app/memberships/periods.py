"""Stretches of access: fixed ones, and those that are counted from the end of what is held."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Access from `starts` to `ends`; None never ends. Aware UTC."""

    starts: datetime
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months and days of access, counted from the end of what is held, else from now.

    A day is 86,400 s; months and years clamp to the month's last day, in UTC (BILLING.md R7).
    """

    months: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        """ValueError unless it lasts."""
        if self.months < 0 or self.days < 0 or not (self.months or self.days):
            raise ValueError("a duration must be positive")

    def after(self, start: datetime) -> datetime:
        """Return the end of this duration when it begins at `start`."""
        return months_later(start, self.months) + timedelta(days=self.days)


def months_later(moment: datetime, months: int) -> datetime:
    """Return the same day some months on; the month's last day where it has no such day."""
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
