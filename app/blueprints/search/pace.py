"""How fast one person may search: a bucket that fills again, in the memory of the process.

Not in our table of limits: a row written for each key pressed would cost more than the search. It holds
back who lets a machine type; nothing is given away by a process more.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from app.kernel.errors import LimitReached

_MOST_KEPT = 5_000


@dataclass(slots=True)
class Pace:
    """`burst` at once, then `per_second`."""

    burst: int
    per_second: float
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str) -> None:
        """Count one; LimitReached when there were too many."""
        now = time.monotonic()
        with self._lock:
            left, at = self._left.get(key, (float(self.burst), now))
            left = min(self.burst, left + (now - at) * self.per_second)
            if left < 1:
                raise LimitReached(int((1 - left) / self.per_second) + 1)
            if len(self._left) >= _MOST_KEPT:
                self._left.clear()
            self._left[key] = (left - 1, now)


# Whoever types quickly asks five times a second; whoever reads opens a page now and then.
TYPING = Pace(burst=60, per_second=10)
SEARCHING = Pace(burst=120, per_second=4)
