"""Long work tells how far it is: a line in the log every ten seconds, and a sign of life for whoever watches.

`with following("rebuild texts"):` around the work, `signal(done, of=total)` in its loops. Work that says
nothing is told of too, by its name and how long it has taken; what takes less than ten seconds is not told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.kernel.logs import get_logger

EVERY_SECONDS = 10.0

log = get_logger("progress")


@dataclass(slots=True)
class Course:
    """A piece of work under way, within another one or not. Times are of the monotonic clock; `signalled_at`
    moves with each sign of life."""

    what: str
    within: Course | None = None
    began: float = field(default_factory=time.monotonic)
    signalled_at: float = field(default_factory=time.monotonic)
    done: int | None = None
    total: int | None = None

    def facts(self) -> dict[str, object]:
        """Return what a line of the log says of it."""
        taken = time.monotonic() - self.began
        told: dict[str, object] = {"what": self.what, "seconds": int(taken)}
        if self.done is not None:
            told["done"] = self.done
        if self.done and self.total:
            told["total"] = self.total
            told["seconds_left"] = int(taken / self.done * max(self.total - self.done, 0))
        return told


class _Here(threading.local):
    course: Course | None = None


_here = _Here()


@contextmanager
def following(what: str) -> Iterator[Course]:
    """Tell of the work within, in this thread, every ten seconds and at its end."""
    course = Course(what, _here.course)
    over = threading.Event()
    teller = threading.Thread(target=_tell, args=(course, over), daemon=True)
    teller.start()
    _here.course = course
    try:
        yield course
    finally:
        _here.course = course.within
        over.set()
        if time.monotonic() - course.began >= EVERY_SECONDS:
            log.info("ended", **course.facts())


@contextmanager
def watched(course: Course) -> Iterator[Course]:
    """Let the work within give its signs of life to a course, without a word in the log."""
    before, _here.course = _here.course, course
    try:
        yield course
    finally:
        _here.course = before


def signal(done: int, *, of: int | None = None) -> None:
    """Say how far the work of this thread is; nothing happens where nobody follows it."""
    course = _here.course
    while course is not None:
        course.signalled_at = time.monotonic()
        course.done, course.total = done, of
        course = course.within


def _tell(course: Course, over: threading.Event) -> None:
    while not over.wait(EVERY_SECONDS):
        log.info("still at work", **course.facts())
