"""Alembic's environment: our engine, or the one that `kernel.schema` hands in; our metadata; batch mode for
SQLite. A step back that would throw money away has to be meant."""

from typing import Any

import click
from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, inspect, text

from app.kernel import schema
from app.kernel.db import Base, db

# What was paid, given back, booked and promised. An order alone is no money yet.
MONEY = (
    "payments",
    "refunds",
    "transfers",
    "ledger_transactions",
    "ledger_entries",
    "provider_payouts",
    "income_shares",
    "subscriptions",
    "paid_questions",
)


def _foreign_keys(connection: Connection, state: str) -> None:
    """Batch mode rebuilds tables on SQLite; with foreign keys on, dropping the old would cascade."""
    driver = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite" and driver is not None:
        driver.execute(f"PRAGMA foreign_keys={state}")


def _count_money(connection: Connection) -> dict[str, int]:
    names = set(inspect(connection).get_table_names())
    return {
        name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0
        for name in MONEY
        if name in names
    }


def _ask(lost: dict[str, int]) -> None:
    """Let a person say that these rows of money shall go; CommandError undoes all steps otherwise."""
    told = ", ".join(f"{count:,} of {name}" for name, count in lost.items())
    words = f"Going back would throw rows of money away for good: {told}."
    given = context.get_x_argument(as_dictionary=True).get("drop-money")
    if given == "yes":
        return
    try:
        meant = click.prompt(f"{words}\nType drop money to go on", default="") == "drop money"
    except (click.Abort, OSError):
        meant = False
    if not meant:
        raise CommandError(
            f"{words} Nothing was changed. Put the backup back that was made before the upgrade "
            "instead, or say it: flask db downgrade -x drop-money=yes"
        )


def run() -> None:
    """Run the migrations in one transaction: all or nothing, on both engines."""
    options = current_app.extensions["migrate"].configure_args
    engine = context.config.attributes.get("engine") or db.engine
    if engine is db.engine and (newer := schema.find_newer(str(schema.MIGRATIONS))) is not None:
        raise CommandError(newer)
    with engine.connect().execution_options(writes=True) as connection:
        _foreign_keys(connection, "OFF")
        with connection.begin():
            _migrate(connection, options)
        _foreign_keys(connection, "ON")


def _migrate(connection: Connection, options: dict[str, Any]) -> None:
    held = _count_money(connection)
    context.configure(connection=connection, target_metadata=Base.metadata, **options)
    context.run_migrations()
    left = _count_money(connection)
    lost = {name: count for name, count in held.items() if count > left.get(name, 0)}
    if lost:
        _ask(lost)


run()
