"""A worker process for tests: `python -m tests.outbox.bells`, with handlers that leave traces.

Bell 13 kills the process that hears it, before its trace is on disk. Leases are short, so that
a test need not wait a minute for a dead worker's letters.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from app.factory import create_app
from app.kernel.audit import record
from app.kernel.db import db, unit_of_work
from app.outbox import claiming
from app.outbox.events import Event, subscriptions
from app.outbox.jobs import timetable
from app.outbox.worker import Worker

HANDLERS = ("ear.left", "ear.right")


@dataclass(frozen=True, slots=True)
class Rung(Event):
    """A bell was rung."""

    name: ClassVar[str] = "test.rung"
    bell: int


def hear_as(handler: str) -> Callable[[dict[str, Any]], None]:
    """Return a handler that leaves a trace under its name."""

    def hear(payload: dict[str, Any]) -> None:
        record(handler, actor_id=None, planet_id=None, subject=("bell", payload["bell"]))
        if payload["bell"] == 13:
            db.session.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    return hear


def subscribe() -> None:
    """Connect the handlers."""
    for handler in HANDLERS:
        subscriptions.add(Rung.name, handler, hear_as(handler))


def unsubscribe() -> None:
    """Take the handlers away again, for the tests that follow."""
    for handler in HANDLERS:
        subscriptions.remove(Rung.name, handler)


def main() -> None:
    """Run a worker until SIGTERM."""
    claiming.LEASE = timedelta(seconds=1)
    app = create_app()
    for job in timetable.jobs():
        timetable.remove(job.name)
    timetable.add(
        "strike",
        every=timedelta(hours=1),
        run=_strike,
    )
    subscribe()
    worker = Worker(name=f"bells-{os.getpid()}", version="test", scope=app.app_context)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: worker.stop())
    print("ready", flush=True)
    worker.run()


def _strike() -> None:
    with unit_of_work():
        record("struck", actor_id=None, planet_id=None, subject=("bell", None))


if __name__ == "__main__":
    main()
