"""Hands: the threads of a worker, what each has in hand, and since when.

A thread that hangs cannot be ended from outside. It is given up: another hand takes its place, and when what
held it ever returns, it ends. Until then it is told as stuck.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.kernel import clock
from app.kernel.progress import Course, watched


@dataclass(frozen=True, slots=True)
class Stuck:
    """What hangs: its name, and since when (aware UTC)."""

    what: str
    since: datetime


class Work(StrEnum):
    """What a hand does: letters that only write (with the database's writer, where there is but one), letters
    that talk to the world, timed jobs, or what a room above has it do."""

    WRITING = "writing"
    TALKING = "talking"
    JOBS = "jobs"
    EXTRA = "extra"


class Hand:
    """A thread that repeats a step. `patience` is for how many seconds a step may give no sign of life."""

    def __init__(
        self, name: str, work: Work, step: Callable[[Hand], bool], *, patience: float
    ) -> None:
        self.name = name
        self.work = work
        self.step = step
        self.patience = patience
        self.given_up = False
        # The job that it runs, while it does.
        self.job = ""
        self._course: Course | None = None
        self._thread: threading.Thread | None = None

    def start(self, repeat: Callable[[Hand], None]) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=repeat, args=(self,), name=self.name, daemon=True)
        self._thread.start()

    def again(self) -> Hand:
        """Return another hand for the same work."""
        return Hand(self.name, self.work, self.step, patience=self.patience)

    @contextmanager
    def at(self, what: str) -> Iterator[None]:
        """Have this in hand meanwhile."""
        with watched(Course(what)) as course:
            self._course = course
            try:
                yield
            finally:
                self._course = None

    def lives(self) -> bool:
        """Whether its thread has not ended."""
        return self._thread is not None and self._thread.is_alive()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        if self._thread is not None:
            self._thread.join(max(0.0, seconds))

    def busy_seconds(self) -> float:
        """Return for how long it has had the same thing in hand, 0 for nothing."""
        course = self._course
        return time.monotonic() - course.began if course else 0.0

    def find_stuck(self) -> Stuck | None:
        """Return what it has given no sign of life about for longer than its patience."""
        course = self._course
        if course is None or time.monotonic() - course.signalled_at < self.patience:
            return None
        since = clock.now() - timedelta(seconds=time.monotonic() - course.began)
        return Stuck(course.what, since)
