"""The engine for several machines that share a PostgreSQL: the same pages as Whoosh's, kept as rows.

What a word means, who may find what and how results are ranked is the same code, so both engines find the
same. Rows with text-search vectors were the alternative: GIN keeps no positions, so phrases (and all
Chinese is phrases) and ranking read every candidate's row.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.search import analysis, port
from app.search.analysis import Wanted
from app.search.port import Found, Request
from app.search.postgres_engine.shelf import RowShelf
from app.search.whoosh_engine.ahead import PageInMemory
from app.search.whoosh_engine.engine import PagedEngine
from app.search.whoosh_engine.snapshot import Page

__all__ = ["PostgresEngine"]


class PostgresEngine(PagedEngine):
    """The engine for PostgreSQL. Needs an application context wherever it is used."""

    name = "postgres"

    def __init__(self) -> None:
        """Use the index in the application's database."""
        self._rows = RowShelf()
        super().__init__(self._rows)

    def search(self, request: Request) -> Found:
        """Return what the readers may open and the query asks. What will be looked up is read at once."""
        snapshot = self._current()
        needs = list(_needs(request.query))
        self._rows.blocks.fetch(
            (int(page.file.name), number)
            for page in snapshot.pages
            if not isinstance(page.file, PageInMemory)
            for need in needs
            for number in _blocks(page, need)
        )
        return super().search(request)

    def tidy(self) -> None:
        """Merge what small commits left behind, and delete what was replaced a while ago."""
        super().tidy()
        self._rows.sweep()


def _blocks(page: Page, need: Wanted) -> Iterator[int]:
    """Yield the numbers of the blocks of a page that tell where something stands."""
    for key in (*need.anywhere, *(key for place in need.places for key in place.keys)):
        number = page.terms.holder(key.encode())
        if number is not None:
            yield number
    for place in need.places:
        if place.prefix:
            yield from page.terms.holders(place.prefix.encode())
    for other in need.instead:
        yield from _blocks(page, other)


def _needs(node: port.Node) -> Iterator[Wanted]:
    if isinstance(node, port.Text):
        yield analysis.wanted(node)
    elif isinstance(node, port.Without):
        yield from _needs(node.part)
    else:
        for part in node.parts:
            yield from _needs(part)
