"""`flask doctor --deep`: what is damaged is found, whichever part it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from app.billing.models import LedgerEntry
from app.cli import deep, doctor
from app.kernel.db import db, unit_of_work
from tests.cast import Cast, assemble
from tests.cli.backups import empty_place, upload
from tests.discussion.writing import post
from tests.policy.asked_and_paid import ASKERS, play


def told(app: Flask) -> str:
    """All that a deep look says."""
    findings = [
        *deep.examine_database(),
        *deep.examine_rest(
            app.extensions["planetarium.storage"], app.extensions["planetarium.search"]
        ),
    ]
    return "\n".join(f"{each.level} {each.told} -> {each.mend}" for each in findings)


@pytest.fixture
def place(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cast]:
    """A planet in an installation of its own, which may be harmed."""
    server = str(request.getfixturevalue("postgres_url"))
    with empty_place(tmp_path / "place", engine_name, server, "harmed") as app:
        upgrade()
        cast = assemble(app)
        for number in range(40):
            post(cast, text=f"第 {number} 段。" + "很长的正文。" * 200)
        yield cast


def test_a_sound_installation_is_called_sound(cast: Cast, noon: datetime, engine_name: str) -> None:
    play(cast, ASKERS[0])
    upload(cast, "firstone")
    words = told(cast.app)
    first = "every page of the database was read" if engine_name == "sqlite" else "tables were read"
    for wanted in (
        first,
        "ok every reference leads to a row",
        "entries sum to zero, booking by booking",
        "uploads were read, all as they were sent",
    ):
        assert wanted in words
    assert not [
        line for line in words.splitlines() if line.startswith("fail") and "search" not in line
    ]


def test_a_damaged_database_is_found(place: Cast, engine_name: str) -> None:
    assert "fail" not in "\n".join(f.level for f in deep.examine_database())
    {"sqlite": harm_sqlite, "postgresql": harm_postgresql}[engine_name]()
    result = place.app.test_cli_runner().invoke(doctor.command, ["--deep"])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    named = "the database is damaged" if engine_name == "sqlite" else "topics cannot be read"
    assert named in result.output, result.output
    assert "put the newest sound backup back" in result.output


def harm_sqlite() -> None:
    """Write over pages in the middle of the file."""
    with db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    db.session.remove()
    db.engine.dispose()
    file = Path(str(db.engine.url.database))
    content = bytearray(file.read_bytes())
    pages = len(content) // 4096
    # The first ones hold the schema.
    for page in range(pages * 3 // 4, pages, 7):
        content[page * 4096 : page * 4096 + 200] = b"\x07" * 200
    file.write_bytes(content)


def harm_postgresql() -> None:
    """Write over the first page of a table, and let the server forget what it had read of it."""
    admin = sa.create_engine(db.engine.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_buffercache")
        connection.exec_driver_sql("CHECKPOINT")
        folder = connection.exec_driver_sql("SHOW data_directory").scalar_one()
        name = connection.exec_driver_sql("SELECT pg_relation_filepath('topics')").scalar_one()
        with open(Path(folder) / name, "r+b") as file:
            file.write(b"\x07" * 200)
        connection.exec_driver_sql(
            "SELECT * FROM pg_buffercache_evict_relation('topics'::regclass)"
        )
    admin.dispose()


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_indexes_are_looked_through_where_that_can_be(place: Cast) -> None:
    assert "CREATE EXTENSION amcheck" in told(place.app)
    with unit_of_work() as session:
        session.execute(sa.text("CREATE EXTENSION amcheck"))
    words = told(place.app)
    assert "indexes were looked through" in words
    assert "is damaged" not in words


def test_a_booking_that_is_off_is_found(cast: Cast, noon: datetime) -> None:
    play(cast, ASKERS[0])
    with unit_of_work() as session:
        entry = session.query(LedgerEntry).first()
        assert entry is not None
        session.add(
            LedgerEntry(
                transaction_id=entry.transaction_id, account="fees", amount=7, currency="cny"
            )
        )
        booking = entry.transaction_id
    assert f"fail booking {booking} is off by 7 (minor units) cny" in told(cast.app)


def test_a_reference_to_nothing_is_found(place: Cast, engine_name: str) -> None:
    lose = {"sqlite": lose_sqlite, "postgresql": lose_postgresql}[engine_name]
    lose("DELETE FROM planets")
    assert "fail 40 rows of topics refer by planet_id to no row of planets" in told(place.app)


def lose_sqlite(statement: str) -> None:
    """Delete as no client of ours does."""
    with closing(sqlite3.connect(str(db.engine.url.database))) as connection, connection:
        connection.execute(statement)


def lose_postgresql(statement: str) -> None:
    """Delete as no client of ours does."""
    with db.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(statement)


def test_an_upload_that_changed_is_found(cast: Cast, noon: datetime) -> None:
    file = upload(cast, "firstone")
    file.write_bytes(b"a pictura")
    words = told(cast.app)
    assert "fi/rs/firstone has another content" in words, words
