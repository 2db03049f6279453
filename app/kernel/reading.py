"""Reading fast: a select is compiled once and from then on handed to the driver as it is.

Of a small select that SQLAlchemy has compiled before, its session spends some 120 µs of Python,
SQLite 5 µs on the answer. What every page asks is a `Ready` select; everything else goes through the
session and is none the worse for it.

Within a unit of work a Ready select reads what the unit wrote, over the unit's own connection.
Anywhere else each one sees what is committed at its moment (as PostgreSQL does anyway), over a
connection that its thread keeps for reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import local
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import SelectBase

from app.kernel.db import db

Row = Sequence[Any]
Convert = Callable[[Any], Any]
Columns = tuple[tuple[int, Convert], ...]
_LIST = "__[POSTCOMPILE_{}]"


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A select as one driver takes it. `names` order the parameters where the driver counts them;
    `fixed` have their values already, `asked` are converted, `lists` stand for any number."""

    sql: str
    names: tuple[str, ...] | None
    fixed: dict[str, Any]
    asked: dict[str, Convert | None]
    lists: tuple[str, ...]
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
        sql, given = _filled(compiled, binds)
        connection = _connection(engine)
        cursor = connection.cursor()
        # Whoever counts statements counts these too.
        for listener in engine.dispatch.before_cursor_execute:
            listener(None, cursor, sql, given, None, False)
        try:
            cursor.execute(sql, given)
        except Exception as error:
            _drop(engine, connection)
            raise _told(engine, error, sql) from error
        return compiled.columns, cursor

    def _compile(self, dialect: Dialect) -> _Compiled:
        compiler: Any = self._statement.compile(dialect=dialect)
        assert isinstance(compiler, SQLCompiler)
        fixed: dict[str, Any] = {}
        asked: dict[str, Convert | None] = {}
        for bind, name in compiler.bind_names.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.expanding and convert is not None:
                convert = partial(_each, convert)
            if bind.required:
                asked[name] = convert
            else:
                fixed[name] = convert(bind.value) if convert else bind.value
        columns = (
            (at, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for at, column in enumerate(self._statement.selected_columns)
        )
        made = self._compiled[dialect.name] = _Compiled(
            sql=str(compiler),
            names=tuple(compiler.positiontup) if compiler.positiontup is not None else None,
            fixed=fixed,
            asked=asked,
            lists=tuple(compiler.bind_names[bind] for bind in compiler.post_compile_params),
            columns=tuple((at, convert) for at, convert in columns if convert is not None),
        )
        return made


def _each(convert: Convert, values: Iterable[Any]) -> list[Any]:
    return [convert(value) for value in values]


def _filled(compiled: _Compiled, binds: dict[str, Any]) -> tuple[str, Any]:
    """Return the text and the parameters as the driver takes them."""
    values = compiled.fixed | {
        name: convert(binds[name]) if convert else binds[name]
        for name, convert in compiled.asked.items()
    }
    names, sql = compiled.names, compiled.sql
    for name in compiled.lists:
        items = {f"{name}__{n}": value for n, value in enumerate(values.pop(name))}
        marks = "?" * len(items) if names else (f"%({item})s" for item in items)
        sql = sql.replace(_LIST.format(name), ",".join(marks) or "NULL")
        values |= items
        if names:
            at = names.index(name)
            names = (*names[:at], *items, *names[at + 1 :])
    return sql, values if names is None else tuple(values[name] for name in names)


class _Readers(local):
    """The connections that a thread keeps, by engine: mostly one."""

    def __init__(self) -> None:
        self.by_engine: dict[Engine, PoolProxiedConnection] = {}


_readers = _Readers()


def _connection(engine: Engine) -> PoolProxiedConnection:
    session = db.session
    if session.registry.has() and session.info.get("in_unit_of_work"):
        session.flush()
        return session.connection().connection
    kept = _readers.by_engine.get(engine)
    if kept is None:
        try:
            kept = engine.raw_connection()
        except engine.dialect.loaded_dbapi.Error as error:
            raise _told(engine, error) from error
        if engine.dialect.name != "sqlite":
            # Else the driver would begin a transaction; SQLite's never does (see kernel.db).
            driver: Any = kept.dbapi_connection
            driver.autocommit = True
        kept.detach()
        _readers.by_engine[engine] = kept
    return kept


def _told(engine: Engine, error: Exception, sql: str | None = None) -> BaseException:
    """Return the driver's error as SQLAlchemy tells it, without what was asked for."""
    return DBAPIError.instance(
        sql,
        None,
        error,
        engine.dialect.loaded_dbapi.Error,
        hide_parameters=True,
        dialect=engine.dialect,
    )


def _drop(engine: Engine, connection: PoolProxiedConnection) -> None:
    """Let go of a thread's connection after an error: it may be the connection that is broken."""
    if _readers.by_engine.get(engine) is connection:
        del _readers.by_engine[engine]
        # Detached, it is in no pool's care: `invalidate` would forget it and leave it open.
        connection.close()


def _convert(row: Row, columns: Columns) -> Row:
    values = list(row)
    for at, convert in columns:
        # NULL is None, whatever the type; most columns of times hold nothing.
        if values[at] is not None:
            values[at] = convert(values[at])
    return values
