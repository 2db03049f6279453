"""Old code on a newer database, and a step back that would throw money away."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.util import CommandError
from flask import Flask
from flask_migrate import downgrade, upgrade

from app.cli import doctor, worker
from app.factory import create_web
from app.kernel import schema
from app.kernel.db import db, unit_of_work
from bin.tools.prepare import prepare
from tests.conftest import NOON
from tests.migrations.test_trials_filled import Rows


def test_old_code_refuses_a_newer_database_in_words(
    empty: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade()
    with unit_of_work() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    words = "a later version of Planetarium upgraded it; install that version again"
    assert words in str(schema.find_trouble("0181"))
    runner = empty.test_cli_runner()
    for command in (worker.command, doctor.command):
        result = runner.invoke(command)
        assert result.exit_code == 1
        assert "9999" in result.output
        assert "install that version again" in result.output
        assert "db upgrade" not in result.output
    assert empty.test_client().get("/readyz").status_code == 503
    with pytest.raises(SystemExit, match="install that version again"):
        prepare(empty, demo=False)
    settings = empty.extensions["planetarium.settings"]
    monkeypatch.setattr("app.factory.load_settings", lambda: settings)
    db.session.remove()
    with pytest.raises(SystemExit, match="install that version again"):
        create_web()


def test_an_upgrade_by_old_code_is_refused_in_words(empty: Flask) -> None:
    upgrade()
    with unit_of_work() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    result = empty.test_cli_runner().invoke(args=["db", "upgrade"])
    assert result.exit_code == 1
    assert version() == "9999"


def version() -> str:
    with db.engine.connect() as connection:
        return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")))


@pytest.fixture
def paid(empty: Flask) -> str:
    """A database in which somebody paid; returns its migration."""
    upgrade()
    rows = Rows()
    user = rows.add("users", name="林悦")
    planet = rows.add("planets", name="轨道", created_by=user)
    transaction = rows.add("ledger_transactions", planet_id=planet, source="payment", at=NOON)
    rows.add("ledger_entries", transaction_id=transaction, amount=100, currency="cny")
    return version()


def count() -> int:
    with db.engine.connect() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM ledger_entries")) or 0


def test_going_back_asks_before_money_is_dropped(empty: Flask, paid: str) -> None:
    runner = empty.test_cli_runner()
    refused = runner.invoke(args=["db", "downgrade", "base"], input="yes\n")
    assert refused.exit_code == 1
    assert "1 of ledger_transactions, 1 of ledger_entries" in refused.output
    # All of it was undone, other tables too.
    assert (version(), count()) == (paid, 1)
    assert runner.invoke(args=["db", "downgrade", "base"], input="drop money\n").exit_code == 0
    assert not sa.inspect(db.engine).has_table("ledger_entries")


def test_who_cannot_be_asked_is_refused(empty: Flask, paid: str) -> None:
    with pytest.raises((CommandError, SystemExit)):
        downgrade(revision="base")
    assert (version(), count()) == (paid, 1)
    result = empty.test_cli_runner().invoke(
        args=["db", "downgrade", "-x", "drop-money=yes", "base"]
    )
    assert result.exit_code == 0


def test_a_step_back_that_keeps_money_asks_nothing(empty: Flask, paid: str) -> None:
    downgrade(revision="0110")
    assert count() == 1
