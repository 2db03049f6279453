"""Notices of buying."""

from __future__ import annotations

from typing import Any

from app.accounts.queries import find_recipient
from app.billing import events
from app.billing.queries.receipts import find_receipt
from app.billing.queries.wishes import find_wish
from app.notifications.kinds import Kind
from app.notifications.notices import About, tell
from app.notifications.post import post
from app.notifications.receipts import receipt


def seat_offered(payload: dict[str, Any]) -> None:
    """Who waits for a seat is told that one is free; whoever is faster gets it."""
    wish = find_wish(payload["wish_id"])
    if wish is None or wish.told_at is None:
        return
    key = f"seat:{payload['wish_id']}:{wish.told_at:%Y%m%d%H%M%S%f}"
    tell(wish.user_id, Kind.SEAT_FREE, about=About(planet_id=wish.planet_id), dedupe_key=key)


def receipt_asked(payload: dict[str, Any]) -> None:
    """The buyer gets his receipt by mail."""
    bought = find_receipt(payload["order_id"])
    buyer = find_recipient(bought.user_id) if bought else None
    if bought is None or buyer is None:
        return
    post(
        receipt(buyer.language, name=buyer.name, bought=bought),
        to=buyer.email,
        language=buyer.language,
        dedupe_key=f"receipt:{payload['order_id']}:{payload['token']}"[:120],
        user_id=buyer.user_id,
    )


HANDLERS = {events.SeatOffered: seat_offered, events.ReceiptAsked: receipt_asked}
