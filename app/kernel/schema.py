"""The state of the database's schema, compared with what this version of the code needs."""

from __future__ import annotations

from functools import lru_cache

from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from app.kernel.db import db

MEND = "run: flask --app app.factory db upgrade"


@lru_cache
def head_of(directory: str) -> str:
    """Return the newest migration in a directory; read once per process."""
    return ScriptDirectory(directory).get_current_head() or ""


def find_trouble(head: str) -> str | None:
    """Return what is wrong with the schema and the mend; None when it is at `head`."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return f"the database has no tables yet; {MEND}"
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found == head:
        return None
    return f"the database is at migration {found}, this version needs {head}; {MEND}"
