"""What is asked of a database to describe it, in words that SQLite and PostgreSQL both answer, whatever
version of Planetarium made it: a backup may be older than the code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.cli.backups.manifest import Facts

Ask = Callable[[str], Sequence[Sequence[Any]]]

_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) != 'sqlite_'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}
# What stands in a database that was set up and never used.
_UNWRITTEN = ("alembic_version", "installation")
# Tables whose highest ids tell how far a history has come.
_GROWING = ("audit_entries", "outbox_events", "search_changes", "topics", "comments", "users")


@dataclass(frozen=True, slots=True)
class Named:
    """An object that a row of attachments names: its size and checksum, where the row knows them."""

    key: str
    bytes: int | None
    sha256: str | None


def gather(engine: str, ask: Ask) -> Facts:
    """Return what a database is. `ask` runs a statement and gives its rows."""
    tables = sorted(name for (name,) in ask(_TABLES[engine]))
    counts = {name: int(ask(f'SELECT count(*) FROM "{name}"')[0][0]) for name in tables}  # noqa: S608
    ids = {name: ask(f"SELECT max(id) FROM {name}")[0][0] for name in _GROWING if name in tables}  # noqa: S608
    migration = (
        ask("SELECT version_num FROM alembic_version") if "alembic_version" in tables else ()
    )
    return Facts(
        engine=engine,
        migration=str(migration[0][0]) if migration else "",
        identity=_identity(ask) if counts.get("users") else "",
        lineage={name: int(highest or 0) for name, highest in ids.items()},
        tables=counts,
    )


def is_inhabited(engine: str, ask: Ask) -> bool:
    """Whether a database holds anything beside tables that were just made."""
    names = [name for (name,) in ask(_TABLES[engine]) if name not in _UNWRITTEN]
    return any(ask(f'SELECT 1 FROM "{name}" LIMIT 1') for name in names)  # noqa: S608


def _identity(ask: Ask) -> str:
    """Return the same for all copies of one database: nobody's row is ever deleted."""
    first = ask("SELECT public_id FROM users ORDER BY id LIMIT 1")[0][0]
    return hashlib.sha256(str(first).encode()).hexdigest()[:16]


def list_named(ask: Ask) -> list[Named]:
    """Return all objects that rows of attachments name."""
    rows = ask("SELECT storage_key, thumbnail_key, size, sha256 FROM attachments")
    return [named for row in rows for named in named_by(*row)]


def named_by(storage_key: str, thumbnail_key: str, size: int, sha256: str) -> list[Named]:
    """Return what one row names."""
    named = [Named(storage_key, int(size), sha256)]
    return [*named, Named(thumbnail_key, None, None)] if thumbnail_key else named
