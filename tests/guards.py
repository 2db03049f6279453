"""What no statement of the application may do, whichever test sends it: looked at in every test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, event

from app.kernel.db import Base

# `UPDATE users SET …` up to its condition, and `INSERT INTO users … DO UPDATE SET …`.
_UPDATE = re.compile(r"^UPDATE (\w+) SET\s+(.*?)(?: FROM | WHERE | RETURNING |$)", re.DOTALL)
_UPSERT = re.compile(
    r"^INSERT INTO (\w+) .* DO UPDATE SET\s+(.*?)(?: WHERE | RETURNING |$)", re.DOTALL
)
_NAME = re.compile(r"(?:^|,\s*)(\w+)\s*=")


@cache
def referenced_columns() -> frozenset[tuple[str, str]]:
    """Return (table, column) of everything that a foreign key points at."""
    return frozenset(
        (element.column.table.name, element.column.name)
        for table in Base.metadata.tables.values()
        for constraint in table.foreign_key_constraints
        for element in constraint.elements
    )


def written_keys(statement: str) -> Iterator[tuple[str, str]]:
    """Yield the referenced columns that a statement writes over.

    Writing a key, even with what it holds already, makes the engine look for rows that refer to it
    in every table that may: SQLite read thirty tables at each sign-in.
    """
    for pattern in (_UPDATE, _UPSERT):
        if found := pattern.match(statement):
            for name in _NAME.findall(found.group(2)):
                if (found.group(1), name) in referenced_columns():
                    yield found.group(1), name


def _refuse(_connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
    keys = list(written_keys(statement))
    assert not keys, f"{statement} writes a key that others refer to: {keys}"


def watch() -> None:
    """Look at every statement of this process from now on."""
    if not event.contains(Engine, "before_cursor_execute", _refuse):
        event.listen(Engine, "before_cursor_execute", _refuse)
