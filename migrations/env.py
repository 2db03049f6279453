"""Alembic's environment: our engine, or the one that `kernel.schema` hands in; our metadata; batch mode for
SQLite."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from app.kernel.db import Base, db


def _foreign_keys(connection: Connection, state: str) -> None:
    """Batch mode rebuilds tables on SQLite; with foreign keys on, dropping the old would cascade."""
    driver = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite" and driver is not None:
        driver.execute(f"PRAGMA foreign_keys={state}")


def run() -> None:
    """Run the migrations in one transaction: all or nothing, on both engines."""
    options = current_app.extensions["migrate"].configure_args
    engine = context.config.attributes.get("engine") or db.engine
    with engine.connect().execution_options(writes=True) as connection:
        _foreign_keys(connection, "OFF")
        with connection.begin():
            context.configure(connection=connection, target_metadata=Base.metadata, **options)
            context.run_migrations()
        _foreign_keys(connection, "ON")


run()
