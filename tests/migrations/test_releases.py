"""Databases of earlier releases, as they were: an upgrade keeps every row and everybody's right to read.

The dumps are the permission grid's scene and a planet full of payments, written by `make_release.py`
when a version was released.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import upgrade

from app.kernel import clock, schema
from app.kernel.db import Base, db
from tests.conftest import NOON, FreshClient
from tests.policy.grid_rows import COLUMNS
from tests.policy.test_routes import GRID, _letter, _request_of

RELEASES = sorted((Path(__file__).parent / "releases").iterdir())
WORLDS = ("scene", "paid")
ASKING = ("owner", "guest", "member", "expired", "stranger", "visitor")
# What an upgrade may empty, because the worker makes it anew from other rows.
DERIVED = ("search_",)
every_world = pytest.mark.parametrize("world", WORLDS)


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def release(
    request: pytest.FixtureRequest, empty: Flask, engine_name: str, world: str
) -> Iterator[dict[str, str]]:
    """Load a release into the empty database; returns what fills the placeholders of addresses."""
    folder: Path = request.param
    script = gzip.decompress((folder / f"{world}-{engine_name}.sql.gz").read_bytes()).decode()
    if engine_name == "sqlite":
        assert db.engine.url.database
        db.engine.dispose()
        with closing(sqlite3.connect(db.engine.url.database)) as connection:
            connection.executescript(script)
    else:
        loader = sa.create_engine(db.engine.url)
        with loader.begin() as connection:
            # By the driver itself, to which without parameters a per cent sign is one.
            connection.connection.cursor().execute(script)
        loader.dispose()
    empty.test_client_class = FreshClient
    with clock.fixed(NOON):
        yield json.loads((folder / f"{world}-{engine_name}.json").read_text("utf-8"))


def _counts() -> dict[str, int]:
    kept = [
        name for name in sa.inspect(db.engine).get_table_names() if not name.startswith(DERIVED)
    ]
    with db.engine.connect() as connection:
        return {
            name: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0
            for name in kept
            if name != "alembic_version"
        }


@every_world
def test_an_upgrade_keeps_every_row(release: dict[str, str]) -> None:
    before = _counts()
    assert sum(before.values()) > 100
    upgrade()
    after = _counts()
    assert {name: after.get(name, 0) for name in before} == before


@every_world
def test_an_upgrade_leads_to_what_the_models_say(release: dict[str, str], empty: Flask) -> None:
    upgrade()
    head = schema.head_of(empty.extensions["migrate"].directory)
    assert schema.find_trouble(head) is None
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize("world", ["scene"])
def test_afterwards_everybody_reads_what_they_may(release: dict[str, str], empty: Flask) -> None:
    upgrade()
    wrong = []
    for row, letters in GRID.items():
        expected = dict(zip(COLUMNS, letters.replace(" ", ""), strict=True))
        if not _asked(row, release):
            continue
        for persona in ASKING:
            client = empty.test_client()
            if persona != "visitor":
                with client.session_transaction() as session:
                    session["_user_id"] = f"session-secret-of-{persona}-{release['planet_id']}"
            got = _letter(client.get(_request_of(row, release)[1]))
            if got != expected[persona]:
                wrong.append((row, persona, expected[persona], got))
    assert wrong == []


def _asked(row: str, names: dict[str, str]) -> bool:
    """Whether a row of the grid reads something that the release had; its files were not kept."""
    if not row.startswith("GET ") or "/media/" in row:
        return False
    try:
        return bool(_request_of(row, names))
    except KeyError:
        return False
