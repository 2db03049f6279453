"""Copying rows, and comparing what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Engine, Table, bindparam, update
from sqlalchemy.exc import DBAPIError

from app.cli.moving import rows
from app.cli.moving.ends import Source
from app.cli.moving.numbers import take_over
from app.kernel import schema

Tell = Callable[[str], None]
TOLD_EVERY_SECONDS = 5.0


class Different(Exception):
    """What arrived is not what was sent; the words name the tables."""


class Refused(Exception):
    """The target took a row not; the words tell where and why."""


def copy_all(source: Source, target: Engine, tell: Tell) -> None:
    """Copy every row that is not there yet. Refused when the target does not take one."""
    for table in rows.list_tables():
        if source.counts[table.name]:
            _copy(source, target, table, tell)


def _copy(source: Source, target: Engine, table: Table, tell: Tell) -> None:
    with target.connect() as connection:
        done = rows.count(connection, table)
    whole = source.counts[table.name]
    statement = rows.selected(table).order_by(*table.primary_key.columns).offset(done)
    told = time.monotonic()
    for batch in _batches(rows.stream(source.connection, statement)):
        _write(target, table, batch, done)
        done += len(batch)
        if time.monotonic() - told > TOLD_EVERY_SECONDS:
            tell(f"{table.name}: {done:,} of {whole:,}")
            told = time.monotonic()
    _refer_forward(source, target, table)
    tell(f"{table.name}: {done:,} rows")


def _batches(found: Iterator[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    while batch := list(islice(found, rows.BATCH)):
        yield batch


def _write(target: Engine, table: Table, batch: list[Sequence[Any]], done: int) -> None:
    dialect = target.dialect.name
    statement = rows.insertion(table, dialect)
    values = [rows.given(table, row, dialect) for row in batch]
    try:
        with target.connect().execution_options(writes=True) as connection, connection.begin():
            connection.execute(statement, values)
    except DBAPIError as error:
        told = str(error.orig).splitlines()[0]
        place = f"{table.name}, in rows {done + 1:,} to {done + len(batch):,} by primary key"
        raise Refused(f"{place}: {told}") from error


def _refer_forward(source: Source, target: Engine, table: Table) -> None:
    """Write the references to later rows of the same table, now that these are there."""
    for column in rows.referring_to_itself(table):
        found = rows.list_forward(source.connection, column)
        if not found:
            continue
        statement = update(table).where(table.c.id == bindparam("row"))
        with target.connect().execution_options(writes=True) as connection, connection.begin():
            connection.execute(statement.values({column.name: bindparam("other")}), found)


def compare(source: Source, target: Engine, tell: Tell) -> None:
    """Read both once more. Different when a table has other rows there than here."""
    different = []
    with target.connect() as there:
        for table in rows.list_tables():
            sent = rows.digest(source.connection, table)
            arrived = rows.digest(there, table)
            if sent != arrived:
                different.append(f"{table.name} ({sent[0]:,} rows here, {arrived[0]:,} there)")
            elif sent[0]:
                tell(f"{table.name}: {sent[0]:,} rows, {sent[1]}, equal")
    if different:
        raise Different(", ".join(different))


def finish(source: Source, target: Engine) -> None:
    """Let the target's numbers go on where the source's are, and take the mark away: it is a whole one."""
    with target.connect().execution_options(writes=True) as connection, connection.begin():
        take_over(source.connection, connection)
        schema.UNFINISHED_MOVE.drop(connection)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
