"""The database: engine settings, column types and the unit of work.

Invariants: `.commit(` stands only here; a writing transaction on SQLite begins IMMEDIATE, so two
writers wait for each other instead of failing; times are stored and returned as aware UTC.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    event,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from app.kernel import patience
from app.kernel.errors import Unavailable
from app.kernel.logs import get_logger
from app.kernel.troubles import find_trouble

_log = get_logger("database")

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# How long a reader waits for SQLite, which makes readers wait only while somebody mends or replaces it.
READERS_WAIT_SECONDS = 2

# SQLite counts row ids in INTEGER PRIMARY KEY only; PostgreSQL wants 64 bits.
Id = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime. Naive values are refused; SQLite stores fixed-width text that sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Choose text of fixed width on SQLite (it has no zone), timestamptz elsewhere."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what the driver stores; ValueError for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: rows hold aware UTC times only")
        value = value.astimezone(UTC)
        if dialect.name == "sqlite":
            # strftime takes four times as long, and a page asks for a dozen moments.
            return value.isoformat(timespec="microseconds")[:26] + "Z"
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return an aware UTC datetime, whatever the driver gave."""
        return None if value is None else read_moment(value)


class unindexed(FunctionElement[Any]):
    """A column, in a condition by which SQLite shall not look anything up: `unindexed(T.at) < now`.

    Without statistics SQLite takes every index for equally good and, of a rare condition and one that
    most rows meet, may take the latter. The sign is SQLite's own (sqlite.org/optoverview.html, "unary +").
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(unindexed)
def _plain(element: unindexed, compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses.clauses[0], **kw)


@compiles(unindexed, "sqlite")
def _signed(element: unindexed, compiler: SQLCompiler, **kw: Any) -> str:
    return f"+{compiler.process(element.clauses.clauses[0], **kw)}"


def read_moment(value: Any) -> datetime:
    """Return what a driver gave for a UtcDateTime: text on SQLite, a datetime elsewhere."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    moment: datetime = value
    return moment.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every row class. Subclasses name their table explicitly."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
    }


db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})

# The bug and its back-ports: https://sqlite.org/wal.html ("WAL-reset bug").
_FIXED_BACKPORTS = {(3, 50): 7, (3, 44): 6}


def sqlite_checkpoint_is_safe(version: tuple[int, int, int] | None = None) -> bool:
    """Tell whether this SQLite may check-point from two processes without the WAL-reset bug.

    Versions 3.7.0 to 3.51.2 can corrupt a WAL database when two connections check-point at once,
    except the patched releases 3.50.7 and 3.44.6 and their successors.
    """
    found = version or sqlite3.sqlite_version_info
    if found >= (3, 51, 3):
        return True
    return found[2] >= _FIXED_BACKPORTS.get((found[0], found[1]), 1000)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # autocommit: the driver must not send its own BEGIN; `_begin` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={READERS_WAIT_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-16000")
    if not sqlite_checkpoint_is_safe():
        cursor.execute("PRAGMA wal_autocheckpoint=0")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    options = connection.get_execution_options()
    writing = options.get("writes", False)
    seconds = options.get("waits", patience.PATIENT_SECONDS) if writing else READERS_WAIT_SECONDS
    # Kept with the connection: mostly it is as it was.
    if connection.info.get("waits", READERS_WAIT_SECONDS) != seconds:
        # By the driver itself: no question to the database, which whoever counts those would see at times.
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA busy_timeout={int(1000 * seconds)}").close()
        connection.info["waits"] = seconds
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def let_nobody_wait() -> None:
    """Let whatever this process asks PostgreSQL for give up after seconds when somebody else has locked
    it, also what only reads. For the web server, whose threads are few."""

    def limit(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        driver: Any = connection
        # As a statement of its own: a transaction's end would take it back.
        driver.autocommit = True
        driver.execute(f"SET lock_timeout = '{READERS_WAIT_SECONDS}s'")
        driver.autocommit = False

    if db.engine.dialect.name == "postgresql":
        event.listen(db.engine, "connect", limit)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Run the block in one writing transaction: all of it is on disk at the end, or none of it.

    Ends any reading transaction of this request first, so what the block loads is current. Blocks
    do not nest: an inner one would commit half of the outer one's work, hence RuntimeError.
    Unavailable when the database takes nothing; how long it waits for that: `kernel.patience`.
    """
    session = db.session()
    if session.info.get("in_unit_of_work"):
        raise RuntimeError("units of work do not nest")
    try:
        session.rollback()
        # After an earlier unit of work the rollback has nothing to end and would keep what that one saw.
        session.expire_all()
        session.info["in_unit_of_work"] = True
        with _begun(session):
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
    except DBAPIError as error:
        if (why := find_trouble(error)) is None:
            raise
        raise Unavailable(why) from error
    finally:
        session.info.pop("in_unit_of_work", None)


def write_if_free(write: Callable[[], object]) -> bool:
    """Do in a unit of work what a page can go without, at once or not at all; False when the database had
    no time or no room for it. No reader waits for it or sees it fail."""
    try:
        with patience.limited(patience.SPARE_SECONDS), unit_of_work():
            write()
    except Unavailable as error:
        _log.warning("a page left something unwritten", why=error.why)
        return False
    return True


def give_way() -> None:
    """Let this unit of work fail rather than wait for rows that others hold, where rows are locked.

    For one that locks many rows and can do its work in smaller parts: before the engine finds that two
    wait for each other, and ends one of them, this one has gone.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL lock_timeout = '250ms'"))


_line = patience.Line()


@contextmanager
def _begun(session: Session) -> Iterator[None]:
    """Begin a writing transaction, as soon as others let it and no later than patience lasts."""
    if session.get_bind().dialect.name == "sqlite":
        with _line.stand() as seconds:
            session.connection(execution_options={"writes": True, "waits": seconds})
            _line.reached()
            yield
        return
    connection = session.connection(execution_options={"writes": True})
    if (left := patience.find_left()) is not None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(1000 * left)}ms'")
    yield


def checkpoint(mode: Literal["PASSIVE", "TRUNCATE"]) -> tuple[int, int, int] | None:
    """Move the WAL into the database file; None where there is no WAL.

    PASSIVE waits for nobody; TRUNCATE also empties the file and gives up when readers stay. Returns
    SQLite's (busy, frames in WAL, frames moved). Called by the worker alone.
    """
    if db.engine.dialect.name != "sqlite":
        return None
    # The driver's connection: through SQLAlchemy a transaction would begin, where none may be.
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        (patience,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        # TRUNCATE keeps writers out while it waits for readers: let it not wait for long.
        cursor.execute("PRAGMA busy_timeout=200")
        try:
            busy, frames, moved = cursor.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout={patience}")
    finally:
        connection.close()
    return (busy, frames, moved)
