"""Pages as rows: a store of the index that any number of machines read.

A commit adds a page and says which ones it replaces, in one transaction. Replaced pages stay for a while: a
search that began before goes on with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from app.kernel import clock
from app.kernel.db import db
from app.search.models import SearchBlock, SearchGeneration, SearchPage
from app.search.port import Broken
from app.search.postgres_engine.blocks import Blocks
from app.search.whoosh_engine.stores import Packed, StoredPage

G = SearchGeneration.__table__.c
P = SearchPage.__table__.c
STAYS = timedelta(minutes=5)
_COPY = "COPY search_blocks (page_id, number, block) FROM STDIN (FORMAT BINARY)"
_TABLES = (SearchPage.__tablename__, SearchBlock.__tablename__)
_TYPES = ("int8", "int4", "bytea")


class PageFile:
    """A page: its columns, and its blocks on demand."""

    def __init__(self, page_id: int, columns: bytes, blocks: Blocks) -> None:
        self.name = str(page_id)
        self._columns = columns
        self._id = page_id
        self._blocks = blocks

    def columns(self) -> bytes:
        """Return what it knows beside its terms; once."""
        columns, self._columns = self._columns, b""
        return columns

    def block(self, number: int) -> bytes:
        """Return one of its blocks."""
        return self._blocks.get(self._id, number)


class Store:
    """One generation of the index."""

    def __init__(self, generation: str, blocks: Blocks) -> None:
        self.generation = generation
        self._blocks = blocks

    def create(self) -> None:
        """Make an empty generation: the shelf has done all there is to do."""

    def state(self) -> int:
        """Return the number of the last commit."""
        with db.engine.connect() as connection:
            found = connection.scalar(select(G.commits).where(G.name == self.generation))
        if found is None:
            raise Broken(f"the index {self.generation} is gone")
        return int(found)

    def read(self, known: dict[str, StoredPage]) -> tuple[int, list[StoredPage]]:
        """Return the number of the last commit and its pages; those that are `known` are not read again."""
        number = self.state()
        of_this = (P.generation == self.generation, P.replaced_at.is_(None))
        with db.engine.connect() as connection:
            ids = list(connection.scalars(select(P.id).where(*of_this).order_by(P.id)))
            new = [page_id for page_id in ids if str(page_id) not in known]
            rows = connection.execute(select(P.id, P.columns).where(P.id.in_(new))).all()
        if number and not ids:
            # Each commit leaves a page.
            raise Broken(f"the pages of {self.generation} are gone")
        fresh = {str(id_): PageFile(id_, bytes(columns), self._blocks) for id_, columns in rows}
        return number, [known.get(str(id_)) or fresh[str(id_)] for id_ in ids]

    def write(self, page: Packed, *, instead_of: frozenset[str]) -> None:
        """Commit a page, in the place of others."""
        with db.engine.begin() as connection:
            values = {"generation": self.generation, "columns": page.columns}
            page_id = connection.scalar(insert(SearchPage).values(values).returning(P.id))
            assert page_id is not None
            _copy(connection, page_id, page.blocks)
            replaced = P.id.in_([int(name) for name in instead_of])
            connection.execute(update(SearchPage).where(replaced).values(replaced_at=clock.now()))
            counted = update(SearchGeneration).where(G.name == self.generation)
            connection.execute(counted.values(commits=G.commits + 1))

    def size(self) -> int:
        """Return how many bytes the index takes, with what is to be deleted yet."""
        with db.engine.connect() as connection:
            sizes = (func.pg_total_relation_size(name) for name in _TABLES)
            return sum(int(connection.scalar(select(size)) or 0) for size in sizes)


def _copy(connection: Connection, page_id: int, blocks: Sequence[bytes]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for number, block in enumerate(blocks):
            copy.write_row((page_id, number, block))
