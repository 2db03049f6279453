"""Stretches of access: fixed ones, and those that are counted from the end of what is left."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Access from `starts` to `ends`; None never ends. Aware UTC."""

    starts: datetime
    ends: datetime | None = None

    def placed(self, *, now: datetime, left_until: datetime | None) -> Period:
        """Return itself: a fixed period stands where it stands."""
        return self


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months and days of access, counted from the end of what is left, else from now."""

    months: int = 0
    days: int = 0

    def placed(self, *, now: datetime, left_until: datetime | None) -> Period:
        """Return the period this duration makes; `left_until` is the end of present access."""
        starts = max(now, left_until) if left_until else now
        ends = _months_later(starts, self.months) + timedelta(days=self.days)
        if ends <= starts:
            raise ValueError("a duration must be positive")
        return Period(starts, ends)


def _months_later(moment: datetime, months: int) -> datetime:
    """Return the same day some months on; the month's last day where it has no such day."""
    index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
