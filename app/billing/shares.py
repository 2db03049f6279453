"""The unused share of what was paid: pure arithmetic, floored (R21)."""

from __future__ import annotations

from datetime import datetime, timedelta

DAY = timedelta(days=1)


def unused_days(since: datetime, until: datetime, now: datetime) -> tuple[int, int]:
    """Return (whole days of a stretch that are still ahead at `now`, days of the whole stretch).

    A day that has begun is used; the stretch is counted in begun days.
    """
    whole = -((since - until) // DAY)
    left = (until - max(now, since)) // DAY
    return max(0, min(left, whole)), max(0, whole)


def unused_share(amount: int, *, since: datetime, until: datetime, now: datetime) -> int:
    """Return what of an amount was paid for days that are still ahead, floored."""
    left, whole = unused_days(since, until, now)
    return amount * left // whole if whole else 0
