"""Reading blocks of pages: one question for all that a search needs, and what was read is kept.

Pages never change, so what is kept is never wrong; it is only let go when there is too much of it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.kernel.reading import Ready
from app.search.models import SearchBlock
from app.search.port import Broken

C = SearchBlock.__table__.c
Place = tuple[int, int]  # a page's id, a block's number
MOST_BYTES = 48 * 1024 * 1024
_OVERHEAD = 200

_wanted: Any = (
    func.unnest(
        bindparam("pages", type_=ARRAY(BigInteger), required=True),
        bindparam("numbers", type_=ARRAY(Integer), required=True),
    )
    .table_valued("page", "number")
    .render_derived(name="wanted")
)
_BLOCKS = Ready(
    select(C.page_id, C.number, C.block).join_from(
        _wanted,
        SearchBlock.__table__,
        (C.page_id == _wanted.c.page) & (C.number == _wanted.c.number),
    )
)


class Blocks:
    """The blocks that were read last."""

    def __init__(self) -> None:
        self._used = 0
        self._lock = threading.Lock()
        self._held: OrderedDict[Place, bytes] = OrderedDict()

    def get(self, page_id: int, number: int) -> bytes:
        """Return a block. Raises Broken where it is gone."""
        place = (page_id, number)
        held = self._held.get(place)
        if held is None:
            held = self._read([place]).get(place)
        if held is None:
            raise Broken(f"page {page_id} has no block {number}")
        return held

    def fetch(self, places: Iterable[Place]) -> None:
        """Read blocks that a search is going to ask for, together."""
        missing = [place for place in dict.fromkeys(places) if place not in self._held]
        if missing:
            self._read(missing)

    def _read(self, places: list[Place]) -> dict[Place, bytes]:
        pages, numbers = [page for page, _number in places], [number for _page, number in places]
        rows = _BLOCKS.rows(pages=pages, numbers=numbers)
        fresh = {(page, number): bytes(block) for page, number, block in rows}
        with self._lock:
            for place, block in fresh.items():
                self._used += _size(block) - _size(self._held.pop(place, None))
                self._held[place] = block
            while self._used > MOST_BYTES and self._held:
                self._used -= _size(self._held.popitem(last=False)[1])
        return fresh


def _size(block: bytes | None) -> int:
    return 0 if block is None else len(block) + _OVERHEAD
