"""Rows as they go from one database to another, and what they come to: the same on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Insert,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
    type_coerce,
)

from app.kernel.db import Base

BATCH = 2_000
# PostgreSQL's index is derived from the rest and is made anew; SQLite has none in its tables.
LEFT = frozenset({"search_generations", "search_pages", "search_blocks"})
# What PostgreSQL's texts cannot hold, and what stands there instead.
NUL, INSTEAD = "\0", "\N{REPLACEMENT CHARACTER}"


def list_tables() -> list[Table]:
    """Return the tables whose rows are moved, those that others refer to first."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT]


def count(connection: Connection, table: Table) -> int:
    """Return how many rows a table has."""
    return connection.scalar(select(func.count()).select_from(table)) or 0


def selected(table: Table) -> Select[Any]:
    """Return a select of a table's rows. JSON is read as the text that it is: nothing of it is lost."""
    return select(*[_read(column) for column in table.columns])


def _read(column: Column[Any]) -> Any:
    return cast(column, Text) if isinstance(column.type, JSON) else column


def insertion(table: Table, dialect: str) -> Insert:
    """Return the statement that writes rows as `selected` gives them; parameters as of `given`."""
    return insert(table).values({c.name: _written(c, dialect) for c in table.columns})


def _written(column: Column[Any], dialect: str) -> Any:
    if not isinstance(column.type, JSON):
        return bindparam(f"given_{column.name}", type_=column.type)
    words: Any = bindparam(f"given_{column.name}", type_=Text())
    # SQLite would make a number of what is cast to JSON.
    return cast(words, JSON) if dialect == "postgresql" else type_coerce(words, Text)


def given(table: Table, row: Sequence[Any], dialect: str) -> dict[str, Any]:
    """Return a row as parameters of `insertion`. A reference to a row of the same table that comes later is
    left out, see `list_forward`."""
    values = dict(zip((column.name for column in table.columns), row, strict=True))
    for column in referring_to_itself(table):
        if values[column.name] is not None and values[column.name] > values["id"]:
            values[column.name] = None
    if dialect == "postgresql":
        values = {name: fit(value) for name, value in values.items()}
    return {f"given_{name}": value for name, value in values.items()}


def fit(value: Any) -> Any:
    """Return a value as PostgreSQL can hold it."""
    return value.replace(NUL, INSTEAD) if isinstance(value, str) and NUL in value else value


def referring_to_itself(table: Table) -> list[Column[Any]]:
    """Return the columns by which rows of a table refer to others of it; its key is `id` then."""
    return [key.parent for key in table.foreign_keys if key.column.table is table]


def list_forward(connection: Connection, column: Column[Any]) -> list[dict[str, int]]:
    """Return (`row`, `other`) of the rows that refer to a later one of their own table."""
    ids = column.table.c.id
    found = connection.execute(select(ids, column).where(column > ids))
    return [{"row": row, "other": other} for row, other in found]


def digest(connection: Connection, table: Table) -> tuple[int, str]:
    """Return how many rows a table has, and a checksum of them all in whatever order."""
    rows, total = 0, 0
    for row in stream(connection, selected(table)):
        rows += 1
        total += int.from_bytes(hashlib.sha256(canonical(row)).digest()[:16])
    return rows, f"{total % (1 << 128):032x}"


def stream(connection: Connection, statement: Select[Any]) -> Iterator[Sequence[Any]]:
    """Yield rows without holding them all."""
    yield from connection.execute(statement, execution_options={"yield_per": BATCH})


def canonical(row: Sequence[Any]) -> bytes:
    """Return a row as bytes that are equal on both engines when what it says is equal."""
    return json.dumps([fit(value) for value in row], default=_plain).encode()


def _plain(value: Any) -> Any:
    """Return what JSON knows, for what it does not know. Times are aware UTC (`kernel.db`)."""
    if isinstance(value, bytes | memoryview):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, datetime | date):
        return {"at": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": format(value.normalize(), "f")}
    raise TypeError(f"a column of an unknown kind: {type(value).__name__}")
