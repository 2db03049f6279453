"""A demo whose planting was broken off: told by a mark in the data directory, and swept away.

The demo is planted by many units of work, so whoever presses Ctrl-C meanwhile leaves people without planets,
whose password everybody knows. The mark stands there from the first of them to the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app
from sqlalchemy import Connection, delete, select, text

from app.accounts.models import User
from app.cli.demo.cast import CAST, email_of
from app.kernel.db import Base, db, unit_of_work

MARK = "demo_unfinished"
# What is written when a database is made, by nobody's deed.
_KEPT = frozenset({"installation"})


@contextmanager
def marked() -> Iterator[None]:
    """Mark the block as planting; the mark goes when the block ends well."""
    _mark().touch()
    yield
    _mark().unlink()


def is_unfinished() -> bool:
    """Whether a planting was broken off, and nobody but its people has an account since."""
    if not _mark().exists():
        return False
    known = [email_of(persona) for persona in CAST]
    return db.session.scalar(select(User.id).where(User.email.not_in(known)).limit(1)) is None


def sweep() -> None:
    """Delete all that a planting left which was broken off. Uploaded files without rows are purged later."""
    with unit_of_work() as session:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            names = ", ".join(f'"{table}"' for table in _tables())
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        else:
            _sweep_sqlite(connection)
    _mark().unlink(missing_ok=True)


def _sweep_sqlite(connection: Connection) -> None:
    """Delete every row. What refuses that for the ledger is away meanwhile."""
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    found = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    triggers = connection.exec_driver_sql(found).all()
    for name, _sql in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    for table in reversed(Base.metadata.sorted_tables):
        if table.name not in _KEPT:
            connection.execute(delete(table))
    for _name, sql in triggers:
        connection.exec_driver_sql(sql)


def _tables() -> list[str]:
    return [table.name for table in Base.metadata.sorted_tables if table.name not in _KEPT]


def _mark() -> Path:
    folder: Path = current_app.extensions["planetarium.settings"].data_dir
    return folder / MARK
