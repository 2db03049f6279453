"""Reading a page's terms: which block a key would stand in is known, so each look-up reads one block."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import islice

from app.search.whoosh_engine import packing
from app.search.whoosh_engine.packing import Block, Postings, Rows, Run
from app.search.whoosh_engine.stores import StoredPage

AFTER = b"\xff"  # stands in no key and comes behind all: keys are UTF-8


class Terms:
    """The terms of a page. `firsts`: the first key of each of its blocks."""

    def __init__(self, file: StoredPage, firsts: list[bytes]) -> None:
        self._file = file
        self.firsts = firsts

    def holder(self, key: bytes) -> int | None:
        """Return the number of the block in which a term stands if it stands anywhere."""
        at = bisect_right(self.firsts, key) - 1
        return at if at >= 0 else None

    def holders(self, prefix: bytes) -> range:
        """Return the numbers of the blocks in which terms that begin with a prefix may stand."""
        return self._range(prefix, prefix + AFTER)

    def postings(self, key: bytes) -> Postings | None:
        """Return where a term stands, None if it stands nowhere in the page."""
        block, at = self._found(key)
        return None if block is None else block.postings(at)

    def spread(self, key: bytes) -> int:
        """Return in how many passages of the page a term stands."""
        block, at = self._found(key)
        return 0 if block is None else block.spread(at)

    def beginning(self, prefix: bytes) -> Run:
        """Return all terms whose keys begin with a prefix, with all that is known of them."""
        return packing.together(list(self._runs(prefix)))

    def rows_beginning(self, prefix: bytes) -> Rows | None:
        """Return the rows of all terms whose keys begin with a prefix, None if there are none."""
        found = self._blocks(prefix, prefix + AFTER)
        parts = [block.part(one, other) for block, one, other in found]
        return packing.rows(parts) if parts else None

    def spreads(self, prefix: bytes, most: int | None = None) -> Iterator[tuple[bytes, int]]:
        """Return the first keys that begin with a prefix, each with in how many passages it stands."""
        runs = self._runs(prefix)
        each = (pair for run in runs for pair in zip(run.keys, run.spreads.tolist(), strict=True))
        return islice(each, most)

    def between(self, first: bytes, end: bytes) -> Run:
        """Return the terms from one key up to another, without it."""
        return packing.together(list(self._between(first, end)))

    def check(self) -> None:
        """Read every block as a search does; any error when one is damaged or is another one."""
        for number in range(len(self.firsts)):
            self.check_block(number)

    def check_block(self, number: int) -> None:
        """Read one block as a search does; any error when it is damaged or is another one."""
        block = self._block(number)
        block.run(0, len(block.keys))
        if block.keys[0] != self.firsts[number]:
            raise ValueError(f"block {number} begins with another term")

    def _runs(self, prefix: bytes) -> Iterator[Run]:
        return self._between(prefix, prefix + AFTER)

    def _between(self, first: bytes, end: bytes) -> Iterator[Run]:
        return (block.run(one, other) for block, one, other in self._blocks(first, end))

    def _blocks(self, first: bytes, end: bytes) -> Iterator[tuple[Block, int, int]]:
        """Return the blocks in which terms from a key up to another stand, each with from which term on up to
        which. Only of the outermost the keys are read."""
        numbers = self._range(first, end)
        for number in numbers:
            block = self._block(number)
            one = 0 if self.firsts[number] >= first else bisect_left(block.keys, first)
            last = number + 1 == numbers.stop
            other = bisect_left(block.keys, end) if last else block.terms
            if one < other:
                yield block, one, other

    def _range(self, first: bytes, end: bytes) -> range:
        start = max(bisect_right(self.firsts, first) - 1, 0)
        return range(start, bisect_left(self.firsts, end))

    def _found(self, key: bytes) -> tuple[Block, int] | tuple[None, int]:
        number = self.holder(key)
        if number is None:
            return None, 0
        block = self._block(number)
        at = block.find(key)
        return (None, 0) if at is None else (block, at)

    def _block(self, number: int) -> Block:
        return Block(self._file.block(number))
