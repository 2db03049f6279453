"""The application under `bin/bench crash`: the real one, with two handlers that listen to everything.

Each leaves a trace per event that nothing dedupes, so a second effect would be seen: one in the
database (inside the delivery's transaction), one as a line of a file (outside of it).
"""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from typing import Any

from flask import Flask

from app.blueprints.paces import ROUTES
from app.factory import create_app as create_real_app
from app.kernel.audit import record
from app.kernel.db import db
from app.outbox import claiming
from app.outbox.events import Event, Handler, subscriptions

TRACE = "bench.trace"
INSIDE, OUTSIDE = "bench.inside", "bench.outside"
LEASE_VARIABLE, TOLD_VARIABLE = "CRASH_LEASE_SECONDS", "CRASH_TOLD_FILE"
# Long enough that a kill falls into it now and then.
LINGER_SECONDS = 0.01


def create_app() -> Flask:
    """Build the application and subscribe the listeners to every kind of event."""
    app = create_real_app()
    # The people of this benchmark are faster than any person.
    ROUTES.update(dict.fromkeys(ROUTES))
    claiming.LEASE = timedelta(seconds=float(os.environ[LEASE_VARIABLE]))
    for kind in kinds(Event):
        subscriptions.add(kind.name, INSIDE, _trace(kind.name))
        subscriptions.add_outside(kind.name, OUTSIDE, _tell(kind.name))
    return app


def kinds(base: type[Event]) -> list[type[Event]]:
    """Every kind of event there is."""
    found = base.__subclasses__()
    return [*found, *(deeper for kind in found for deeper in kinds(kind))]


def mark(name: str, payload: dict[str, Any]) -> str:
    """Return what a trace of an event says."""
    return json.dumps([name, payload], sort_keys=True)


def _trace(name: str) -> Handler:
    def trace(payload: dict[str, Any]) -> None:
        record(
            TRACE,
            actor_id=None,
            planet_id=None,
            subject=("event", None),
            reason=mark(name, payload),
        )
        db.session.flush()
        time.sleep(LINGER_SECONDS)

    return trace


def _tell(name: str) -> Handler:
    def tell(payload: dict[str, Any]) -> None:
        with open(os.environ[TOLD_VARIABLE], "a", encoding="utf-8") as file:
            file.write(mark(name, payload) + "\n")
            file.flush()
            os.fsync(file.fileno())
        time.sleep(LINGER_SECONDS)

    return tell
