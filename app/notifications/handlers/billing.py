"""Notices of buying."""

from __future__ import annotations

from typing import Any

from app.billing import events
from app.billing.queries.wishes import find_wish
from app.notifications.kinds import Kind
from app.notifications.notices import About, tell


def seat_offered(payload: dict[str, Any]) -> None:
    """Who waits for a seat is told that one is free; whoever is faster gets it."""
    wish = find_wish(payload["wish_id"])
    if wish is None or wish.told_at is None:
        return
    key = f"seat:{payload['wish_id']}:{wish.told_at:%Y%m%d%H%M%S%f}"
    tell(wish.user_id, Kind.SEAT_FREE, about=About(planet_id=wish.planet_id), dedupe_key=key)


HANDLERS = {events.SeatOffered: seat_offered}
