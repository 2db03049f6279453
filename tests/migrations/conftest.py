"""Fixtures: an application on a database that is still to be made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.factory import create_app
from app.kernel.db import db
from tests.conftest import make_settings

DATABASE = "migrated"


@pytest.fixture
def empty(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """An application on a database of its own without a single table."""
    url = ""
    if engine_name == "postgresql":
        server = sa.make_url(request.getfixturevalue("postgres_url"))
        with sa.create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
            # By force: the session of the test before may still be ending.
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            connection.exec_driver_sql(f"CREATE DATABASE {DATABASE}")
        url = server.set(database=DATABASE).render_as_string(hide_password=False)
    app = create_app(make_settings(tmp_path, url))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
