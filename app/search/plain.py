"""Plain text of Markdown, kept as it is looked through: a page of results shows pieces of some fifty texts,
and making each plain and folding it anew costs more than finding them.

What is kept hangs on the source itself, word for word, so an edit or a withdrawal leaves no old text.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b

from app.kernel.text import plain_text
from app.search.folding import Folded, fold

# A text and what it is folded to are two characters for each of its own, or ten where some stand for several.
MOST_CHARACTERS = 8_000_000
_OVERHEAD = 300
_SPACE = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r" ?\n(?: ?\n)+ ?")
_LINE = re.compile(r" ?\n ?")


@dataclass(frozen=True, slots=True)
class Line:
    """A text with one space where several stood. Line ends stay: words may go on over them. `folded`: the
    same as it is searched in."""

    text: str
    folded: Folded

    @property
    def size(self) -> int:
        """How many characters it takes, about."""
        places = 0 if isinstance(self.folded.starts, range) else 8
        return (2 + places) * len(self.text) + _OVERHEAD


def lined(text: str) -> Line:
    """Return a text as it is looked through."""
    text = _SPACE.sub(" ", text).strip()
    if "\n" in text:
        text = _LINE.sub("\n", _EMPTY_LINES.sub(" ", text))
    return Line(text, fold(text))


class Plain:
    """Texts made plain last, by a digest of their source; the one not asked for longest is given up first."""

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._used = 0
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, Line] = OrderedDict()

    def of(self, source: str) -> Line:
        """Return a source made plain."""
        key = blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
                return held
        made = lined(plain_text(source))
        with self._lock:
            if key not in self._held:
                self._held[key] = made
                self._used += made.size
            while self._used > self._most:
                self._used -= self._held.popitem(last=False)[1].size
        return made


KEPT = Plain()
