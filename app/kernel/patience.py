"""How long a writer waits for the database.

Commands and the worker wait as long as it takes. A request waits for a few seconds in all, however many units
of work it opens, and a page that is only read hardly at all: its thread is one of few. Counted is the time
spent waiting, nothing else: whoever has asked a payment provider for ten seconds still has their patience.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from app.kernel.errors import Unavailable

# Nobody in particular: the worker, a command.
PATIENT_SECONDS = 15.0
# A request that writes, one that reads, and what a page can go without.
WRITING_SECONDS = 4.0
READING_SECONDS = 0.3
SPARE_SECONDS = 0.05
# A request of either kind, for what it asks of others: a payment provider.
OUTSIDE_SECONDS = 6.0
# While the first in line has waited for the engine for this long, nobody else waits behind.
LINE_SECONDS = 1.5
# After somebody waited in vain, so long the next ones only look whether it has ended.
WARNED_SECONDS = 5.0
LOOK_SECONDS = 0.5
_LEAST_SECONDS = 0.05
_STEP_SECONDS = 0.1


class Patience:
    """What is left of somebody's patience, in seconds; `outside` is for others than the database."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.outside = OUTSIDE_SECONDS

    @property
    def left(self) -> float:
        """Return how long they still wait: never quite nothing, so that nobody stumbles over another's
        millisecond."""
        return max(self.seconds, _LEAST_SECONDS)


_present: ContextVar[Patience | None] = ContextVar("patience", default=None)


def begin(seconds: float) -> None:
    """Give whatever this thread does next so much patience, until `end`."""
    _present.set(Patience(seconds))


def end() -> None:
    """Let this thread wait as long as it takes again."""
    _present.set(None)


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Let the block wait for so long at most, and no longer than it would have anyway."""
    before = _present.get()
    held = _present.set(Patience(min(seconds, before.left) if before else seconds))
    try:
        yield
    finally:
        _present.reset(held)


def find_present() -> Patience | None:
    """Return the present request's patience; None for whoever waits as long as it takes."""
    return _present.get()


def find_left() -> float | None:
    """Return how many seconds the present request still waits; None for whoever waits as long as it takes."""
    present = _present.get()
    return present.left if present else None


class Line:
    """The writers of this process, one after the other.

    SQLite lets writers poll with ever longer sleeps: of eight, some waited for four seconds. Waiting here
    ends the moment it can. The first in line waits for other processes, at the engine.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._first_since: float | None = None
        self._vain_at = float("-inf")

    @contextmanager
    def stand(self) -> Iterator[float]:
        """Wait for one's turn; the block gets how many seconds it may wait for the engine, and says
        `reached()` when it has it. Unavailable("busy") when it took too long."""
        present = _present.get()
        taken = self._wait(present) if present else self._turn.acquire(timeout=PATIENT_SECONDS)
        self._first_since = began = time.monotonic()
        try:
            yield self._for_engine(present)
        finally:
            if self._first_since is not None:
                self._in_vain(present, time.monotonic() - began)
            if taken:
                self._turn.release()

    def reached(self) -> None:
        """The first in line has the engine."""
        self._first_since, self._vain_at = None, float("-inf")

    def _wait(self, present: Patience) -> bool:
        began = time.monotonic()
        try:
            while not self._turn.acquire(timeout=_STEP_SECONDS if self._moves() else 0):
                if not self._moves() or time.monotonic() - began > present.left:
                    raise Unavailable("busy")
        finally:
            present.seconds -= time.monotonic() - began
        return True

    def _moves(self) -> bool:
        """Whether it makes sense to wait in line."""
        since, now = self._first_since, time.monotonic()
        if since is None:
            return True
        return now - since < LINE_SECONDS and not self._is_warned(now)

    def _is_warned(self, now: float) -> bool:
        return now - self._vain_at < WARNED_SECONDS

    def _for_engine(self, present: Patience | None) -> float:
        if present is None:
            return PATIENT_SECONDS
        return (
            min(present.left, LOOK_SECONDS) if self._is_warned(time.monotonic()) else present.left
        )

    def _in_vain(self, present: Patience | None, waited: float) -> None:
        self._first_since = None
        if present is None:
            return
        present.seconds -= waited
        # Who hardly waited has learned nothing.
        if waited > LINE_SECONDS or self._is_warned(time.monotonic()):
            self._vain_at = time.monotonic()
