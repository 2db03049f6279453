"""Taking turns: of what is dear and keeps nothing, a few at once in a process and one for each person.

A pace (`paces`) counts by the minute; this keeps a dozen requests at the same moment from holding every
thread while one child renders.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.kernel.errors import LimitReached

AT_ONCE = 2
WAIT_SECONDS = 0.3
RETRY_SECONDS = 3


class Turns:
    """At most `most` at once, and one for each person."""

    def __init__(self, most: int = AT_ONCE) -> None:
        self.most = most
        self._busy: set[int] = set()
        self._free = threading.Condition()

    @contextmanager
    def take(self, who: int) -> Iterator[None]:
        """Run the block as the turn of the person with this row id; LimitReached when none is free soon."""
        with self._free:
            if not self._free.wait_for(lambda: self._is_free(who), WAIT_SECONDS):
                raise LimitReached(RETRY_SECONDS)
            self._busy.add(who)
        try:
            yield
        finally:
            with self._free:
                self._busy.discard(who)
                self._free.notify_all()

    def _is_free(self, who: int) -> bool:
        return who not in self._busy and len(self._busy) < self.most


PREVIEWS = Turns()
