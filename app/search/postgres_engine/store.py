"""Pages as rows: a store of the index that any number of machines read.

A commit adds a page and says which ones it replaces, in one transaction. Replaced pages stay for a while: a
search that began before goes on with them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from app.kernel import clock
from app.kernel.db import db
from app.search.models import SearchGeneration, SearchPage, SearchTerm
from app.search.port import Broken
from app.search.postgres_engine.terms import C, Terms
from app.search.whoosh_engine.stores import StoredPage, Term

G = SearchGeneration.__table__.c
P = SearchPage.__table__.c
STAYS = timedelta(minutes=5)
_COPY = "COPY search_terms (page_id, key, passages, postings) FROM STDIN (FORMAT BINARY)"
_TABLES = (SearchPage.__tablename__, SearchTerm.__tablename__)
_TYPES = ("int8", "bytea", "int4", "bytea")


class PageFile:
    """A page: its columns, and its terms on demand."""

    def __init__(self, page_id: int, columns: bytes, terms: Terms) -> None:
        self.name = str(page_id)
        self.stored = _decoded(columns)
        self._id = page_id
        self._terms = terms

    def value(self, key: bytes) -> bytes | None:
        """Return a term's packed postings, None if it stands nowhere in the page."""
        return self._terms.postings(self._id, key)

    def spread(self, key: bytes) -> int:
        """Return in how many passages of the page a term stands."""
        return self._terms.passages(self._id, key)

    def spreads(self, prefix: bytes, most: int) -> list[tuple[bytes, int]]:
        """Return the first keys that begin with a prefix, each with in how many passages it stands."""
        return self._terms.beginning(self._id, prefix, most)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Return all terms with their packed postings."""
        whole = select(C.key, C.postings).where(C.page_id == self._id).order_by(C.key)
        with db.engine.connect() as connection:
            for key, postings in connection.execute(whole):
                yield bytes(key), bytes(postings)


class Store:
    """One generation of the index."""

    def __init__(self, generation: str, terms: Terms) -> None:
        self.generation = generation
        self._terms = terms

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
        fresh = {str(id_): PageFile(id_, bytes(columns), self._terms) for id_, columns in rows}
        self._terms.pages = frozenset(ids)
        return number, [known.get(str(id_)) or fresh[str(id_)] for id_ in ids]

    def write(
        self, terms: Iterable[Term], stored: dict[str, Any], *, instead_of: frozenset[str]
    ) -> None:
        """Commit a page, in the place of others."""
        with db.engine.begin() as connection:
            values = {"generation": self.generation, "columns": _encoded(stored)}
            page_id = connection.scalar(insert(SearchPage).values(values).returning(P.id))
            assert page_id is not None
            _copy(connection, page_id, terms)
            replaced = P.id.in_([int(name) for name in instead_of])
            connection.execute(update(SearchPage).where(replaced).values(replaced_at=clock.now()))
            counted = update(SearchGeneration).where(G.name == self.generation)
            connection.execute(counted.values(commits=G.commits + 1))

    def size(self) -> int:
        """Return how many bytes the index takes, with what is to be deleted yet."""
        with db.engine.connect() as connection:
            sizes = (func.pg_total_relation_size(name) for name in _TABLES)
            return sum(int(connection.scalar(select(size)) or 0) for size in sizes)


def _copy(connection: Connection, page_id: int, terms: Iterable[Term]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for key, passages, postings in terms:
            copy.write_row((page_id, key, passages, postings))


def _encoded(stored: dict[str, Any]) -> bytes:
    """Return columns as one text of bytes: a head in JSON, then the columns in its order."""
    head: dict[str, Any] = {}
    parts: list[bytes] = []
    for name, value in stored.items():
        if isinstance(value, bytes | tuple):
            kind, column = value if isinstance(value, tuple) else (None, value)
            head[name] = [kind, len(column)]
            parts.append(column)
        else:
            head[name] = value
    text = json.dumps(head).encode()
    return b"".join([len(text).to_bytes(4, "big"), text, *parts])


def _decoded(whole: bytes) -> dict[str, Any]:
    at = 4 + int.from_bytes(whole[:4], "big")
    stored: dict[str, Any] = {}
    for name, value in json.loads(whole[4:at]).items():
        if isinstance(value, list):
            kind, length = value
            column = whole[at : at + length]
            stored[name] = column if kind is None else (kind, column)
            at += length
        else:
            stored[name] = value
    return stored
