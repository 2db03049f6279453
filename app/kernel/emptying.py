"""Deleting all rows of a database: of a demo that was not planted to its end, of a move that begins anew."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Table, delete

from app.kernel.db import Base


def empty(connection: Connection, *, keep: Collection[str] = ()) -> None:
    """Delete every row of all tables but those to keep, the ledger's too. In the caller's transaction."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in keep]
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in tables)
        connection.exec_driver_sql(f"TRUNCATE {names} CASCADE")
    else:
        _empty_sqlite(connection, tables)


def _empty_sqlite(connection: Connection, tables: list[Table]) -> None:
    """Delete row by row. What refuses that for the ledger is away meanwhile."""
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    found = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    triggers = connection.exec_driver_sql(found).all()
    for name, _sql in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    for table in reversed(tables):
        connection.execute(delete(table))
    for _name, sql in triggers:
        connection.exec_driver_sql(sql)
