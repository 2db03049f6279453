"""The two ends of a move: the database that is moved, held still meanwhile, and the one it is moved into."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, func, inspect, make_url, select
from sqlalchemy.exc import OperationalError

from app.billing.models import Installation
from app.cli.moving.rows import count, list_tables
from app.config import DATABASE_SCHEMES
from app.kernel import schema
from app.kernel.db import Base, db
from app.kernel.emptying import empty
from app.kernel.errors import Conflict
from app.outbox.models import WorkerBeat
from app.outbox.pulse import is_at_work

# What stands in a database that somebody only looked at.
_UNWRITTEN = "installation"
_PATIENCE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Source:
    """The database that is moved: its connection, how many rows each table has, and a mark that is
    another one as soon as somebody worked with it."""

    connection: Connection
    counts: dict[str, int]
    mark: str


@contextmanager
def held() -> Iterator[Source]:
    """Hold the application's database so that nobody writes. Conflict: `working` while a worker is heard,
    `busy` when somebody writes."""
    working = is_at_work()
    db.session.remove()
    if working:
        raise Conflict("working")
    with db.engine.connect().execution_options(writes=True, waits=_PATIENCE_SECONDS) as connection:
        try:
            connection.begin()
            if connection.dialect.name == "postgresql":
                names = ", ".join(f'"{name}"' for name in Base.metadata.tables)
                # Whoever waits a second makes PostgreSQL's own sweeping (autovacuum) give way.
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE_SECONDS}s'")
                connection.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
        except OperationalError as error:
            raise Conflict("busy") from error
        counts = {table.name: count(connection, table) for table in list_tables()}
        yield Source(connection, counts, _mark_of(connection, counts))
        connection.rollback()


def _mark_of(connection: Connection, counts: dict[str, int]) -> str:
    """Return what tells this database, in this state, from others. Each worker counts its signs of life."""
    made = connection.execute(select(Installation.environment, Installation.chosen_at)).first()
    beats = connection.scalar(select(func.sum(WorkerBeat.beats)))
    told = json.dumps([str(made), int(beats or 0), counts], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def open_target(url: str) -> Engine:
    """Return an engine for the address of a database. Conflict: `address` when it is none, `relative` for a
    file without a whole path, `folder` when it cannot be made, `same` when it is the application's own."""
    if not url.startswith(DATABASE_SCHEMES):
        raise Conflict("address")
    address = make_url(url.replace("postgres://", "postgresql://", 1))
    if address.get_backend_name() == "sqlite":
        if not address.database or not Path(address.database).is_absolute():
            raise Conflict("relative")
        _make_file(Path(address.database))
    if address == db.engine.url:
        raise Conflict("same")
    return create_engine(address, hide_parameters=True)


def _make_file(path: Path) -> None:
    """Make the file, if there is none: nobody else on the machine may read it."""
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise Conflict("folder") from error


def examine(target: Engine, mark: str) -> int:
    """Return how many rows an earlier move of this source left in the target. Conflict: `foreign` when it
    has tables of something else, `inhabited` when it has rows, `other` when what was broken off was of
    another source or the source was used since, `encoding`."""
    with target.connect() as connection:
        if connection.dialect.name == "postgresql":
            _require_utf8(connection)
        names = set(inspect(connection).get_table_names())
        unfinished = schema.UNFINISHED_MOVE.name in names
        if not unfinished and names and "alembic_version" not in names:
            raise Conflict("foreign")
        found = {t.name: count(connection, t) for t in list_tables() if t.name in names}
        if not unfinished:
            if any(rows for name, rows in found.items() if name != _UNWRITTEN):
                raise Conflict("inhabited")
            return 0
        if connection.scalar(select(schema.UNFINISHED_MOVE.c.source)) != mark:
            raise Conflict("other")
        return sum(found.values())


def _require_utf8(connection: Connection) -> None:
    if connection.exec_driver_sql("SHOW server_encoding").scalar() != "UTF8":
        raise Conflict("encoding")


def begin(target: Engine, directory: str, mark: str) -> None:
    """Mark the target as unfinished, and make its tables. Conflict `newer`: see `schema.upgrade_other`."""
    with target.connect().execution_options(writes=True) as connection, connection.begin():
        going_on = inspect(connection).has_table(schema.UNFINISHED_MOVE.name)
        if not going_on:
            schema.UNFINISHED_MOVE.create(connection)
            connection.execute(schema.UNFINISHED_MOVE.insert().values(source=mark))
            if inspect(connection).has_table(_UNWRITTEN):
                connection.execute(Installation.__table__.delete())  # type: ignore[attr-defined]
    schema.upgrade_other(directory, target)


def discard(target: Engine, directory: str) -> None:
    """Throw away what a move left that was broken off; nothing of any other database."""
    with target.connect() as connection:
        if not inspect(connection).has_table(schema.UNFINISHED_MOVE.name):
            return
    schema.upgrade_other(directory, target)
    with target.connect().execution_options(writes=True) as connection, connection.begin():
        empty(connection)
        schema.UNFINISHED_MOVE.drop(connection)
