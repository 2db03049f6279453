"""Reading fast: a select is compiled once and from then on handed to the driver as it is.

Of a small select that SQLAlchemy has compiled before, its session spends some 120 µs of Python,
SQLite 5 µs on the answer. What every page asks is a `Ready` select; everything else goes through the
session and is none the worse for it.

Within a unit of work a Ready select reads what the unit wrote, over the unit's own connection.
Anywhere else each one sees what is committed at its moment (as PostgreSQL does anyway), over a
connection that is kept until `release`: the factory calls that when a request's context ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import TypeEngine

from app.kernel.db import db

Row = Sequence[Any]
Convert = Callable[[Any], Any]
Columns = tuple[tuple[int, Convert], ...]
_kept: ContextVar[tuple[Engine, PoolProxiedConnection] | None] = ContextVar("kept", default=None)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A select as one driver takes it: text, parameters (with the values that stand fast), columns."""

    sql: str
    names: tuple[str, ...] | None
    fixed: dict[str, Any]
    asked: dict[str, Convert | None]
    columns: Columns


class Ready:
    """A select whose parameters are `bindparam`s, kept compiled. Make it at module level."""

    def __init__(self, statement: SelectBase) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, **binds: Any) -> list[Row]:
        """Return all rows, as sequences in the order of the select's columns."""
        columns, cursor = self._run(binds)
        found: list[Row] = cursor.fetchall()
        cursor.close()
        return [_convert(row, columns) for row in found] if columns else found

    def first(self, **binds: Any) -> Row | None:
        """Return the first row, or None."""
        columns, cursor = self._run(binds)
        row: Row | None = cursor.fetchone()
        cursor.close()
        return _convert(row, columns) if row is not None else None

    def _run(self, binds: dict[str, Any]) -> tuple[Columns, Any]:
        engine = db.engine
        compiled = self._compiled.get(engine.dialect.name) or self._compile(engine.dialect)
        values = compiled.fixed | {
            name: convert(binds[name]) if convert else binds[name]
            for name, convert in compiled.asked.items()
        }
        names = compiled.names
        given = values if names is None else [values[name] for name in names]
        cursor = _connection(engine).cursor()
        # Whoever counts statements counts these too.
        for listener in engine.dispatch.before_cursor_execute:
            listener(None, cursor, compiled.sql, given, None, False)
        try:
            cursor.execute(compiled.sql, given)
        except Exception as error:
            release(broken=True)
            raise DBAPIError.instance(
                compiled.sql,
                None,
                error,
                engine.dialect.loaded_dbapi.Error,
                hide_parameters=True,
                dialect=engine.dialect,
            ) from error
        return compiled.columns, cursor

    def _compile(self, dialect: Dialect) -> _Compiled:
        compiler: Any = self._statement.compile(dialect=dialect)
        assert isinstance(compiler, SQLCompiler)
        fixed: dict[str, Any] = {}
        asked: dict[str, Convert | None] = {}
        for bind, name in compiler.bind_names.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required:
                asked[name] = convert
            else:
                fixed[name] = convert(bind.value) if convert else bind.value
        columns = (
            (at, _reader(column.type, dialect))
            for at, column in enumerate(self._statement.selected_columns)
        )
        made = _Compiled(
            sql=str(compiler),
            names=tuple(compiler.positiontup) if compiler.positiontup is not None else None,
            fixed=fixed,
            asked=asked,
            columns=tuple((at, convert) for at, convert in columns if convert is not None),
        )
        self._compiled[dialect.name] = made
        return made


def release(*, broken: bool = False) -> None:
    """Give the kept connection back, if there is one; a `broken` one is not used again."""
    kept = _kept.get()
    if kept is None:
        return
    _kept.set(None)
    engine, connection = kept
    if broken:
        connection.invalidate()
    else:
        _set_autocommit(engine, connection, on=False)
    connection.close()


def _connection(engine: Engine) -> PoolProxiedConnection:
    if db.session.registry.has() and db.session.info.get("in_unit_of_work"):
        db.session.flush()
        return db.session.connection().connection
    kept = _kept.get()
    if kept is not None and kept[0] is engine:
        return kept[1]
    release()
    connection = engine.raw_connection()
    _set_autocommit(engine, connection, on=True)
    _kept.set((engine, connection))
    return connection


def _set_autocommit(engine: Engine, connection: PoolProxiedConnection, *, on: bool) -> None:
    # SQLite's driver is in this mode always (see kernel.db); others begin a transaction by themselves.
    if engine.dialect.name != "sqlite":
        driver: Any = connection.dbapi_connection
        driver.autocommit = on


def _reader(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def _convert(row: Row, columns: Columns) -> Row:
    values = list(row)
    for at, convert in columns:
        values[at] = convert(values[at])
    return values
