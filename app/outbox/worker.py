"""The worker: delivers letters, runs timed jobs, keeps SQLite's log short and shows that it lives.

Each lane is a thread with a step it repeats: one for each of the outbox's lanes, one for timed jobs, and
those that the factory adds. So a slow mail server delays neither notices nor payments, nor a purge the mail,
nor bulk what somebody waits for. Several workers may run at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

from app.kernel.db import db
from app.kernel.logs import get_logger
from app.outbox import actions, jobs
from app.outbox.delivery import claim, deliver, release
from app.outbox.events import Lane
from app.outbox.wal import WalKeeper

# How long an idle lane sleeps before it looks again: at first shortly, then ever longer, so that a
# letter waits half a second at most and an idle worker costs next to nothing.
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 0.5
AFTER_TROUBLE = 5.0
BEAT_EVERY = 10.0
# Less than a supervisor waits before it kills.
PATIENCE_AT_THE_END = 7.0

log = get_logger("worker")


class ExtraLane(Protocol):
    """A lane of a room above. `step` does a little work (False: there was nothing to do), and ends soon when
    `stopping` says so; `close` is called at the end."""

    name: str

    def step(self, stopping: Callable[[], bool]) -> bool:
        """Do what is to be done next."""

    def close(self) -> None:
        """Let go of everything."""


class Worker:
    """One worker process. `scope` opens what code needs around it (an application context)."""

    def __init__(
        self,
        *,
        name: str,
        version: str,
        scope: Callable[[], AbstractContextManager[object]],
        lanes: Sequence[ExtraLane] = (),
    ) -> None:
        self._name = name
        self._version = version
        self._scope = scope
        self._lanes = lanes
        self._stop = threading.Event()
        self._next_beat = 0.0
        self._wal = WalKeeper()

    def stop(self) -> None:
        """Ask the worker to end after the letters in hand; safe in a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Work until `stop` is called."""
        log.info("worker started", worker=self._name, version=self._version)
        steps: list[tuple[str, Callable[[], bool]]] = [
            *(
                (lane.value, partial(self._deliver_batch, lane))
                for lane in Lane
                if lane is not Lane.INSIDE
            ),
            ("jobs", self._jobs_step),
            *((lane.name, partial(self._extra_step, lane)) for lane in self._lanes),
        ]
        others = [
            threading.Thread(target=self._repeat, args=(step,), name=name, daemon=True)
            for name, step in steps
        ]
        for thread in others:
            thread.start()
        self._repeat(self._inside_step)
        ends_at = time.monotonic() + PATIENCE_AT_THE_END
        for thread in others:
            thread.join(max(0.0, ends_at - time.monotonic()))
        self._wal.close()
        for lane in self._lanes:
            lane.close()
        log.info("worker stopped", worker=self._name)

    def _repeat(self, step: Callable[[], bool]) -> None:
        pause = SHORTEST_PAUSE
        while not self._stop.is_set():
            try:
                busy = step()
            except Exception as error:
                # Most likely the database is away; what was in hand comes back by its lease.
                log.error("worker in trouble", worker=self._name, exc_info=error)
                self._stop.wait(AFTER_TROUBLE)
                continue
            if busy:
                pause = SHORTEST_PAUSE
            else:
                self._stop.wait(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)

    def _inside_step(self) -> bool:
        self._beat()
        return self._deliver_batch(Lane.INSIDE)

    def _jobs_step(self) -> bool:
        with self._scope():
            ran = jobs.run_due()
            db.session.remove()
            self._wal.tick()
        # Jobs are never in a hurry: after one, sleep as after none.
        if ran:
            log.debug("timed jobs ran", count=ran)
        return False

    def _extra_step(self, lane: ExtraLane) -> bool:
        with self._scope():
            return lane.step(self._stop.is_set)

    def _deliver_batch(self, lane: Lane) -> bool:
        with self._scope():
            letters = claim(lane)
        for place, letter in enumerate(letters):
            if self._stop.is_set():
                with self._scope():
                    release(letters[place:])
                break
            # A scope each: no handler sees rows that another one loaded.
            with self._scope():
                deliver(letter)
            self._beat()
        return bool(letters)

    def _beat(self) -> None:
        """Write the sign of life from the lane of letters: a worker stuck there falls silent."""
        if self._name and time.monotonic() >= self._next_beat:
            with self._scope():
                actions.beat(self._name, self._version)
            self._next_beat = time.monotonic() + BEAT_EVERY
