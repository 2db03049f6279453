"""The engines under test. Each database has the one that is meant for it; both promise the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.search.port import Engine
from app.search.postgres_engine import PostgresEngine
from app.search.whoosh_engine import WhooshEngine


def _in_a_folder(folder: Path) -> Engine:
    engine = WhooshEngine(folder / "search_index")
    engine.begin_rebuild(cursor=0).finish()
    return engine


def _in_the_database() -> Engine:
    engine = PostgresEngine()
    engine.begin_rebuild(cursor=0).finish()
    return engine


# the database's name -> how its engine is made, empty, in a folder of its own.
MAKERS: dict[str, Callable[[Path], Engine]] = {
    "sqlite": _in_a_folder,
    "postgresql": lambda _folder: _in_the_database(),
}
