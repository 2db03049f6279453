"""Plain text of Markdown, kept: a page of results shows pieces of some fifty texts, and making each plain
anew costs more than finding them.

What is kept hangs on the source itself, word for word, so an edit or a withdrawal leaves no old text.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from hashlib import blake2b

from app.kernel.text import plain_text

MOST_CHARACTERS = 6_000_000
_OVERHEAD = 100


class Plain:
    """Texts made plain last, by a digest of their source; the one not asked for longest is given up first."""

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._used = 0
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, str] = OrderedDict()

    def of(self, source: str) -> str:
        """Return the plain text of a source."""
        key = blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
                return held
        made = plain_text(source)
        with self._lock:
            if key not in self._held:
                self._held[key] = made
                self._used += len(made) + _OVERHEAD
            while self._used > self._most:
                self._used -= len(self._held.popitem(last=False)[1]) + _OVERHEAD
        return made


KEPT = Plain()
