"""Where each table goes on counting: an id that was given out once is not given out again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, column, func, select, text

from app.cli.moving.rows import list_tables


def take_over(source: Connection, target: Connection) -> None:
    """Let the target's tables go on where the source's are."""
    for table in list_tables():
        if table.autoincrement_column is not None:
            _set(target, table, _last(source, table))


def _last(connection: Connection, table: Table) -> int:
    """Return the last id that was given out; 0 when there is none."""
    key = table.autoincrement_column
    assert key is not None
    highest: int = connection.scalar(select(func.max(key))) or 0
    return max(highest, _counted(connection, table, key.name))


def _counted(connection: Connection, table: Table, key: str) -> int:
    """Return what the engine itself remembers of it, which may be more than the rows show."""
    if connection.dialect.name != "postgresql":
        if not _remembers(table):
            return 0
        asked = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return connection.scalar(asked, {"name": table.name}) or 0
    sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, key)))
    state: Any = select(column("last_value"), column("is_called")).select_from(text(str(sequence)))
    found = connection.execute(state).one()
    return int(found[0]) if found[1] else int(found[0]) - 1


def _set(connection: Connection, table: Table, last: int) -> None:
    if connection.dialect.name == "postgresql":
        key = table.autoincrement_column
        assert key is not None
        sequence = func.pg_get_serial_sequence(table.name, key.name)
        connection.execute(select(func.setval(sequence, last + 1, False)))
    elif _remembers(table):
        name = {"name": table.name, "last": last}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), name)
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :last)"), name)


def _remembers(table: Table) -> bool:
    return bool(table.dialect_options["sqlite"]["autoincrement"])
