"""The state of the database's schema, compared with what this version of the code needs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Column, Engine, MetaData, String, Table, inspect, text

from app.kernel.db import db
from app.kernel.errors import Conflict

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
MEND = "run: flask --app app.factory db upgrade"
BACK = (
    "install that version again, or put the backup back that was made before the upgrade "
    "(docs/operations/upgrading.md)"
)
# Stands in a database into which another one is being moved, from before its first row to after its last;
# `source` tells of which. Beside our metadata: no migration knows of it.
UNFINISHED_MOVE = Table("unfinished_move", MetaData(), Column("source", String(64)))


@lru_cache
def head_of(directory: str) -> str:
    """Return the newest migration in a directory; read once per process."""
    return ScriptDirectory(directory).get_current_head() or ""


@lru_cache
def knows(directory: str, revision: str) -> bool:
    """Whether a database's migration is one of this version's; "" stands for none at all."""
    if not revision:
        return True
    try:
        return ScriptDirectory(directory).get_revision(revision) is not None
    except CommandError:
        return False


def find_trouble(head: str) -> str | None:
    """Return what is wrong with the schema and the mend; None when it is whole and at `head`."""
    if (why := find_unfinished()) is not None:
        return why
    found = _read_migration()
    if found is None:
        return f"the database has no tables yet; {MEND}"
    if found == head:
        return None
    if (why := find_newer(str(MIGRATIONS))) is not None:
        return why
    return f"the database is at migration {found}, this version needs {head}; {MEND}"


def find_newer(directory: str) -> str | None:
    """Return what to do when a later version of Planetarium upgraded the database: this one's code would
    write what that one does not expect. Else None."""
    found = _read_migration()
    if not found or knows(directory, found):
        return None
    return (
        f"the database is at migration {found}, which this version does not know: a later version of "
        f"Planetarium upgraded it; {BACK}"
    )


def _read_migration() -> str | None:
    """Return the database's migration; "" when it stands at none, None when it has no tables."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found or "")


def find_unfinished() -> str | None:
    """Return what to do when another database was moved into this one and not to the end; else None."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table(UNFINISHED_MOVE.name):
            return None
    return (
        "a move into this database was broken off; set DATABASE_URL to the one that is being moved, and run "
        "again: flask --app app.factory move-database"
    )


def upgrade_other(directory: str, engine: Engine) -> None:
    """Bring another database than the application's to the newest migration. Conflict `newer` when it is at
    one that this version does not know."""
    config = Config(Path(directory) / "alembic.ini")
    config.set_main_option("script_location", directory)
    config.attributes["engine"] = engine
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Conflict("newer") from error
