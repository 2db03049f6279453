"""Databases in trouble, made so on purpose: their writer is held by somebody else, or their disk is full."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import sqlalchemy as sa

from app.kernel.db import Base, db


@contextmanager
def writer_held() -> Iterator[None]:
    """Let another process hold whatever a writer needs; reading is free."""
    if db.engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(str(db.engine.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    names = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with sa.create_engine(db.engine.url).connect() as other:
        other.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
        yield
        other.rollback()


@contextmanager
def disk_full(table: str) -> Iterator[None]:
    """Let the database find no room: SQLite for anything, PostgreSQL for rows of this table."""
    if db.engine.dialect.name == "sqlite":
        with _no_more_pages():
            yield
        return
    words = "BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END"
    for statement in (
        f"CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $${words}$$",
        f"CREATE TRIGGER no_room BEFORE INSERT ON {table} EXECUTE FUNCTION no_room()",
    ):
        _execute(statement)
    try:
        yield
    finally:
        _execute(f"DROP TRIGGER no_room ON {table}")


def _execute(statement: str) -> None:
    with db.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(statement)


@contextmanager
def _no_more_pages() -> Iterator[None]:
    """Forbid the file to grow: each connection that begins to write is told, and a row that fills it."""

    def forbid(connection: sa.Connection) -> None:
        count = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={count}")

    # Whatever is free inside of the file is given back, so that nothing fits any more.
    with closing(sqlite3.connect(str(db.engine.url.database), isolation_level=None)) as other:
        db.session.remove()
        other.execute("VACUUM")
    sa.event.listen(db.engine, "begin", forbid)
    try:
        yield
    finally:
        sa.event.remove(db.engine, "begin", forbid)
        db.session.remove()
        db.engine.dispose()
