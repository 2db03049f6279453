"""Months of the books, in the reader's zone: which one is asked for, and which there are."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import request
from flask_babel import get_timezone

from app.billing.queries.ledger import Stretch, find_first_booking
from app.memberships.periods import months_later
from app.policy import Actor


def read_month(actor: Actor) -> datetime:
    """Return the first moment of the month that is asked for, in the reader's zone; else this one."""
    try:
        typed = datetime.strptime(request.args.get("month", ""), "%Y-%m")  # noqa: DTZ007
        return _first(typed.year, typed.month)
    except (ValueError, OverflowError):
        now = actor.now.astimezone(get_timezone())
        return _first(now.year, now.month)


def _first(year: int, month: int) -> datetime:
    zone = get_timezone()
    # pytz: a zone's offset depends on the day.
    return datetime.fromtimestamp(zone.localize(datetime(year, month, 1)).timestamp(), zone)  # noqa: DTZ001


def stretch_of(month: datetime) -> Stretch:
    """Return the month that begins at a moment of the reader's zone."""
    after = months_later(month.replace(tzinfo=UTC), 1)
    ends = _first(after.year, after.month)
    return Stretch(month.astimezone(UTC), ends.astimezone(UTC))


def months_until_now(actor: Actor) -> list[str]:
    """Return the months since the first booking, the newest first."""
    zone = get_timezone()
    now = actor.now.astimezone(zone)
    first = (find_first_booking(actor) or actor.now).astimezone(zone)
    count = (now.year - first.year) * 12 + now.month - first.month
    numbers = [now.year * 12 + now.month - 1 - back for back in range(max(count, 0) + 1)]
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in numbers[:240]]
