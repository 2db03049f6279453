"""The choice of an engine."""

from __future__ import annotations

from pathlib import Path

from app.search.port import Engine
from app.search.postgres_engine import PostgresEngine
from app.search.whoosh_engine import WhooshEngine


def open_engine(*, folder: Path | None) -> Engine:
    """Return the engine that keeps its index in a folder, or in the database; it looks at the index when it
    is first asked."""
    return PostgresEngine() if folder is None else WhooshEngine(folder)
