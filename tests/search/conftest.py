from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.search.port import Engine
from tests.search.engines import MAKERS


@pytest.fixture
def empty_engine(app: Flask, engine_name: str, tmp_path: Path) -> Engine:
    """Return the engine that is meant for the database, with nothing in it."""
    return MAKERS[engine_name](tmp_path)
