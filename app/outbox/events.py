"""Writing events and subscribing to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from app.kernel import clock
from app.kernel.db import db
from app.outbox.models import OutboxDelivery, OutboxEvent

Handler = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events: a frozen dataclass of ids, named in the past tense."""

    name: ClassVar[str]


class Subscriptions:
    """Which handlers want which events. Filled once by the factory, read by `put` and the worker."""

    def __init__(self) -> None:
        self._by_event: dict[str, dict[str, Handler]] = {}

    def add(self, event_name: str, handler_name: str, handler: Handler) -> None:
        """Subscribe; the same name again replaces the handler (a second app in one process)."""
        self._by_event.setdefault(event_name, {})[handler_name] = handler

    def handlers_of(self, event_name: str) -> list[str]:
        """Return the names of the handlers that want this event."""
        return sorted(self._by_event.get(event_name, {}))

    def find(self, event_name: str, handler_name: str) -> Handler | None:
        """Return the handler, or None when the code no longer has it."""
        return self._by_event.get(event_name, {}).get(handler_name)


subscriptions = Subscriptions()


def put(event: Event) -> None:
    """Write the event and one delivery per handler into the caller's transaction."""
    moment = clock.now()
    row = OutboxEvent(name=event.name, payload=asdict(event), created_at=moment)
    db.session.add(row)
    db.session.flush()
    db.session.add_all(
        OutboxDelivery(event_id=row.id, handler=handler, next_try_at=moment)
        for handler in subscriptions.handlers_of(event.name)
    )
