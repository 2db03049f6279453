"""Reading the terms of pages: one question for all pages at once, and what was read is kept.

Pages never change, so what is kept is never wrong; it is only let go when there is too much of it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import BindParameter, bindparam, select

from app.kernel.reading import Ready
from app.search.models import SearchTerm

C = SearchTerm.__table__.c
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_PAGES: BindParameter[Any] = bindparam("pages", expanding=True)
_WHERE = (C.page_id.in_(_PAGES), C.key.in_(_KEYS))
_POSTINGS = Ready(select(C.key, C.page_id, C.postings).where(*_WHERE))
_PASSAGES = Ready(select(C.key, C.page_id, C.passages).where(*_WHERE))
_BEGIN = Ready(
    select(C.key, C.passages)
    .where(C.page_id == bindparam("page"), C.key >= bindparam("first"), C.key < bindparam("end"))
    .order_by(C.key)
    .limit(bindparam("most"))
)

MOST_BYTES = 48 * 1024 * 1024
_OVERHEAD = 100


class Terms:
    """What is known of the terms of the pages in use."""

    def __init__(self) -> None:
        self.pages: frozenset[int] = frozenset()
        self._postings = _Kept(_POSTINGS, MOST_BYTES)
        self._passages = _Kept(_PASSAGES, MOST_BYTES // 8)

    def postings(self, page_id: int, key: bytes) -> bytes | None:
        """Return the packed postings of a term in a page, None if it stands nowhere there."""
        found: bytes | None = self._postings.get(page_id, key, self.pages)
        return found

    def passages(self, page_id: int, key: bytes) -> int:
        """Return in how many passages of a page a term stands."""
        return int(self._passages.get(page_id, key, self.pages) or 0)

    def fetch_postings(self, keys: Iterable[bytes]) -> None:
        """Read terms that a search is going to ask for, together."""
        self._postings.fetch(keys, self.pages)

    def fetch_passages(self, keys: Iterable[bytes]) -> None:
        """Read in how many passages terms stand, together."""
        self._passages.fetch(keys, self.pages)

    def beginning(self, page_id: int, prefix: bytes, most: int) -> list[tuple[bytes, int]]:
        """Return the first keys of a page that begin with a prefix, each with its number of passages."""
        # No key holds the byte 255: keys are UTF-8.
        rows = _BEGIN.rows(page=page_id, first=prefix, end=prefix + b"\xff", most=most)
        return [(bytes(key), passages) for key, passages in rows]


class _Kept:
    """What one select gave: key -> page -> value, None where the key is not in the page."""

    def __init__(self, asked: Ready, room: int) -> None:
        self._asked = asked
        self._room = room
        self._used = 0
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, dict[int, Any]] = OrderedDict()

    def get(self, page_id: int, key: bytes, pages: frozenset[int]) -> Any:
        held = self._held.get(key)
        if held is None or page_id not in held:
            held = self._read([key], pages | {page_id})[key]
        return held[page_id]

    def fetch(self, keys: Iterable[bytes], pages: frozenset[int]) -> None:
        missing = [
            key for key in dict.fromkeys(keys) if not pages <= self._held.get(key, {}).keys()
        ]
        if missing and pages:
            self._read(missing, pages)

    def _read(self, keys: list[bytes], pages: frozenset[int]) -> dict[bytes, dict[int, Any]]:
        """Read what is not known yet of some keys; forget pages that are not in use any more."""
        known = {key: self._held.get(key, {}) for key in keys}
        unknown: Collection[int] = pages.difference(*known.values()) if len(keys) == 1 else pages
        fresh: dict[bytes, dict[int, Any]] = {
            key: {page: held.get(page) for page in pages} for key, held in known.items()
        }
        for key, page_id, value in self._asked.rows(keys=keys, pages=list(unknown)):
            fresh[bytes(key)][page_id] = bytes(value) if not isinstance(value, int) else value
        with self._lock:
            for key, held in fresh.items():
                self._used += _size(held) - _size(self._held.pop(key, {}))
                self._held[key] = held
            while self._used > self._room and self._held:
                _key, held = self._held.popitem(last=False)
                self._used -= _size(held)
        return fresh


def _size(held: dict[int, Any]) -> int:
    return sum(_OVERHEAD + len(value) for value in held.values() if isinstance(value, bytes)) + (
        _OVERHEAD * len(held)
    )
