"""Databases that are held, away, frozen, crowded, or not the ones the code knows."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import sqlalchemy as sa

from bench.faults.databases import PostgresServer
from bench.faults.fault import COME_BACK, Fault, Inject, Told, doctor, noted, readyz
from bench.faults.stage import Stage

POSTGRESQL = frozenset({"postgresql"})
AWAY = (
    readyz("database is out of reach"),
    Told("healthz", "^503"),
    doctor("database out of reach"),
)


@contextlib.contextmanager
def _held(stage: Stage) -> Iterator[None]:
    with stage.database.held():
        yield


def server_of(stage: Stage) -> PostgresServer:
    """Return the server; only for faults on PostgreSQL."""
    assert isinstance(stage.database, PostgresServer)
    return stage.database


@contextlib.contextmanager
def _stopped(stage: Stage) -> Iterator[None]:
    with server_of(stage).stopped():
        yield


@contextlib.contextmanager
def _frozen(stage: Stage) -> Iterator[None]:
    with server_of(stage).frozen():
        yield


@contextlib.contextmanager
def _restarted(stage: Stage) -> Iterator[None]:
    server_of(stage).restart()
    yield


@contextlib.contextmanager
def _crowded(stage: Stage) -> Iterator[None]:
    """Others take every connection that the server gives."""
    with contextlib.ExitStack() as crowd:
        with contextlib.suppress(sa.exc.OperationalError):
            for _ in range(200):
                crowd.enter_context(server_of(stage).connect())
        stage.notes.append("no connection is left")
        yield


@contextlib.contextmanager
def _cut_off(stage: Stage) -> Iterator[None]:
    """End the site's connections again and again for some seconds, as a failing network does."""
    stopped = threading.Event()
    words = sa.text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )

    def cut() -> None:
        while not stopped.wait(0.5):
            with server_of(stage).connect() as connection:
                stage.notes.append(f"cut off {connection.scalar(words)}")

    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        yield
    finally:
        stopped.set()
        cutter.join()


def at_migration(name: str) -> Inject:
    """Let the database say that it is at another migration."""

    @contextlib.contextmanager
    def inject(stage: Stage) -> Iterator[None]:
        with stage.rows() as rows:
            before = rows.scalar(sa.text("SELECT version_num FROM alembic_version"))
        # A connection of its own: SQLite lets nobody write who has read before others wrote.
        with stage.rows() as rows, rows.begin():
            rows.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": name})
        try:
            yield
        finally:
            with stage.rows() as rows, rows.begin():
                back = sa.text("UPDATE alembic_version SET version_num = :to")
                rows.execute(back, {"to": before})

    return inject


FAULTS = (
    Fault(
        "writer-held",
        "database",
        "another program holds what every writer needs, for 20 s",
        _held,
        told=(noted("503 kept=True"),),
        writes=COME_BACK,
        stays=20,
    ),
    Fault(
        "postgresql-stopped",
        "database",
        "PostgreSQL is stopped",
        _stopped,
        AWAY,
        reads=False,
        writes=COME_BACK,
        on=POSTGRESQL,
    ),
    Fault(
        "postgresql-frozen",
        "database",
        "PostgreSQL takes connections and says nothing (SIGSTOP)",
        _frozen,
        told=(readyz("database is out of reach"),),
        reads=False,
        writes=COME_BACK,
        on=POSTGRESQL,
    ),
    Fault(
        "postgresql-restarted",
        "database",
        "PostgreSQL is restarted",
        _restarted,
        told=(Told("healthz", "^200"),),
        reads=False,
        writes=COME_BACK,
        on=POSTGRESQL,
    ),
    Fault(
        "postgresql-crowded",
        "database",
        "others hold every connection that PostgreSQL gives",
        _crowded,
        told=(doctor("database out of reach"),),
        writes=COME_BACK,
        on=POSTGRESQL,
    ),
    Fault(
        "postgresql-cut-off",
        "database",
        "the site's connections are ended twice a second",
        _cut_off,
        told=(noted("cut off"),),
        reads=False,
        writes=COME_BACK,
        on=POSTGRESQL,
    ),
    Fault(
        "schema-older",
        "database",
        "the database is at an older migration than the code",
        at_migration("0001"),
        told=(
            readyz("at migration 0001, this version needs .* db upgrade"),
            doctor("migration 0001.*db upgrade"),
        ),
    ),
    Fault(
        "schema-newer",
        "database",
        "the database is at a migration that the code does not know",
        at_migration("9999"),
        told=(readyz("migration 9999"), doctor("migration 9999")),
    ),
)
