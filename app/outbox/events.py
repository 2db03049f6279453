"""Writing events and subscribing to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import insert

from app.kernel import clock
from app.kernel.db import db
from app.outbox.models import OutboxDelivery, OutboxEvent

Settle = Callable[[], None]
# What a handler outside any transaction returns, if anything, runs in the one that marks its delivery done.
Handler = Callable[[dict[str, Any]], Settle | None]


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events: a frozen dataclass of ids, named in the past tense."""

    name: ClassVar[str]


class Lane(StrEnum):
    """The line in which a delivery stands: each is served by itself, oldest first, so nothing that somebody
    waits for stands behind bulk, and no bulk behind that.

    Inside the transaction that marks the delivery done: `at_once` (a letter with a code or a link, what was
    bought), `follow` (what the index has to follow), `inside` (all else: notices). Outside any: `awaited`
    (the letters of `at_once`), `outside` (all other mail), `payments` (calls to a payment provider).
    """

    AT_ONCE = "at_once"
    FOLLOW = "follow"
    INSIDE = "inside"
    AWAITED = "awaited"
    OUTSIDE = "outside"
    PAYMENTS = "payments"

    @property
    def is_inside(self) -> bool:
        """Whether its handlers run in the transaction that marks a delivery done."""
        return self in (Lane.AT_ONCE, Lane.FOLLOW, Lane.INSIDE)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A handler and the lane it runs in."""

    handler: Handler
    lane: Lane


class Subscriptions:
    """Which handlers want which events. Filled once by the factory, read by `put` and the worker."""

    def __init__(self) -> None:
        self._by_event: dict[str, dict[str, Subscription]] = {}
        self._at_rest: dict[Lane, Callable[[], None]] = {}

    def add(
        self, event_name: str, handler_name: str, handler: Handler, *, lane: Lane = Lane.INSIDE
    ) -> None:
        """Subscribe a handler that only writes to the database; its effect happens exactly once.

        The same name again replaces the handler (a second app in one process).
        """
        self._set(event_name, handler_name, Subscription(handler, lane))

    def add_outside(
        self, event_name: str, handler_name: str, handler: Handler, *, lane: Lane = Lane.OUTSIDE
    ) -> None:
        """Subscribe a handler that talks to the world; it opens its own units of work and bears
        repetition. `lane`: which of those outside any transaction."""
        self._set(event_name, handler_name, Subscription(handler, lane))

    def _set(self, event_name: str, handler_name: str, subscription: Subscription) -> None:
        self._by_event.setdefault(event_name, {})[handler_name] = subscription

    def remove(self, event_name: str, handler_name: str) -> None:
        """Unsubscribe; nothing happens when it was not subscribed."""
        self._by_event.get(event_name, {}).pop(handler_name, None)

    def handlers_of(self, event_name: str) -> list[str]:
        """Return the names of the handlers that want this event."""
        return sorted(self._by_event.get(event_name, {}))

    def lane_of(self, event_name: str, handler_name: str) -> Lane:
        """Return the lane of a subscription; what the code no longer has stands with the notices."""
        found = self.find(event_name, handler_name)
        return found.lane if found else Lane.INSIDE

    def when_idle(self, lane: Lane, rest: Callable[[], None]) -> None:
        """Have this called, in the lane's thread, when nothing is due in it."""
        self._at_rest[lane] = rest

    def rest(self, lane: Lane) -> None:
        """Let the handlers of a lane put down what they hold between letters."""
        if (rest := self._at_rest.get(lane)) is not None:
            rest()

    def find(self, event_name: str, handler_name: str) -> Subscription | None:
        """Return the subscription, or None when the code no longer has it."""
        return self._by_event.get(event_name, {}).get(handler_name)


subscriptions = Subscriptions()

_EVENTS = insert(OutboxEvent).returning(OutboxEvent.id, sort_by_parameter_order=True)
_DELIVERIES = insert(OutboxDelivery)


def put(event: Event) -> None:
    """Write the event and one delivery per handler into the caller's transaction."""
    put_all([event])


def put_all(events: Sequence[Event]) -> None:
    """Write events, in this order, as `put` does each."""
    if not events:
        return
    moment = clock.now()
    # What the events speak of comes first. Written as statements and not as objects: nobody reads them
    # here, and there are many.
    db.session.flush()
    connection = db.session.connection()
    ids = connection.scalars(
        _EVENTS,
        [{"name": event.name, "payload": asdict(event), "created_at": moment} for event in events],
    )
    copies = [
        {
            "event_id": event_id,
            "handler": handler,
            "lane": subscriptions.lane_of(event.name, handler),
            "next_try_at": moment,
        }
        for event_id, event in zip(ids.all(), events, strict=True)
        for handler in subscriptions.handlers_of(event.name)
    ]
    if copies:
        connection.execute(_DELIVERIES, copies)
