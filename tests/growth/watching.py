"""What requests send to the database, and what the database reads to answer."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event

from app.kernel.db import db

# How many of SQLite's machine instructions are one step of ours.
GRAIN = 100

_ALIAS = re.compile(r"\b(\w+) AS (\w+)\b")
# A walk along an index, ended by a LIMIT, is no scan: what it reads is counted in instructions.
_SCAN = re.compile(r"^SCAN (\w+)(?! USING (?:COVERING )?INDEX)")
_WALK = re.compile(r"^SCAN (\w+)")


@dataclass
class Sent:
    """A statement with its parameters, and how many of SQLite's instructions it took."""

    statement: str
    parameters: Any
    steps: int = 0


@dataclass
class Watch:
    """The statements of a request, in order."""

    sent: list[Sent] = field(default_factory=list)

    def note(
        self, _connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any
    ) -> None:
        """Take down a statement; from here on the steps are its own."""
        if statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "PRAGMA", "SET ")):
            return
        self.sent.append(Sent(statement, parameters))
        # The quick statements (kernel.reading) have no connection of SQLAlchemy's, but a cursor.
        driver = cursor.connection
        if isinstance(driver, sqlite3.Connection):
            driver.set_progress_handler(self._step, GRAIN)

    def _step(self) -> int:
        self.sent[-1].steps += 1
        return 0


@contextmanager
def watched() -> Iterator[Watch]:
    """Give what is sent to the database inside the block."""
    watch = Watch()
    event.listen(db.engine, "before_cursor_execute", watch.note)
    try:
        yield watch
    finally:
        event.remove(db.engine, "before_cursor_execute", watch.note)


def scanned(sent: Sent) -> set[str]:
    """Return the tables that the engine reads from end to end for a statement, by its own plan."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return _scanned_by_sqlite(connection, sent)
        return _scanned_by_postgresql(connection, sent)


def _scanned_by_sqlite(connection: Connection, sent: Sent) -> set[str]:
    names = {alias: name for name, alias in _ALIAS.findall(sent.statement)}
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sent.statement}", sent.parameters)
    pattern = _SCAN if "LIMIT" in sent.statement else _WALK
    found = [str(step[1]) for row in plan if (step := pattern.match(row.detail))]
    return {str(names.get(name, name)) for name in found}


def _scanned_by_postgresql(connection: Connection, sent: Sent) -> set[str]:
    # Of a small table the engine reads all rather than an index: asked is whether it has another way.
    connection.exec_driver_sql("SET enable_seqscan = off")
    plan = connection.exec_driver_sql(
        f"EXPLAIN (FORMAT JSON) {sent.statement}", sent.parameters
    ).scalar_one()
    (tree,) = plan if isinstance(plan, list) else json.loads(plan)
    return set(_sequential(tree["Plan"]))


def _sequential(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for below in node.get("Plans", ()):
        yield from _sequential(below)


def is_query(sent: Sent) -> bool:
    """Whether a statement only reads."""
    return sent.statement.lstrip().startswith(("SELECT", "WITH", "(SELECT"))
