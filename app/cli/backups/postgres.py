"""A PostgreSQL database in a backup: `planetarium.dump`, in pg_dump's own format."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from sqlalchemy import URL, Connection, Engine, MetaData

from app.cli.backups import facts
from app.cli.backups.facts import Ask, Named
from app.cli.backups.manifest import Facts
from app.kernel.errors import Conflict
from app.kernel.libpq import reach

FILE = "planetarium.dump"
_LONGEST_TOLD = 1000
_COPY = re.compile(rb'^COPY (?:[^ ]+\.)?"?([^". ]+)"? \(([^)]*)\) FROM stdin;$')


class Failed(Exception):
    """One of PostgreSQL's programs is missing or failed; the words say what, and never a password."""


@dataclass(slots=True)
class Contents:
    """What lies in a dump: how many rows of which table, and what the rows of attachments name."""

    tables: Counter[str] = field(default_factory=Counter)
    named: list[Named] = field(default_factory=list)


def dump(engine: Engine, folder: Path) -> tuple[Facts, list[Named]]:
    """Copy a database as of one moment, at which its rows are counted too. Failed."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        _run(
            ["pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={folder / FILE}"],
            engine.url,
        )
        ask = _ask_of(connection)
        return facts.gather("postgresql", ask), facts.list_named(ask)


def examine(copy: Path) -> tuple[list[str], Contents]:
    """Unpack all of a dump, without a database; returns what is wrong, and what lies in it."""
    found = Contents()
    program = _find("pg_restore")
    words = [program, "--data-only", "--file=-", str(copy)]
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors) as running,  # noqa: S603
    ):
        assert running.stdout is not None
        _read(running.stdout, found)
        running.wait()
        errors.seek(0)
        told = errors.read(_LONGEST_TOLD).decode(errors="replace").strip()
    return ([f"{FILE}: {told or 'cannot be read'}"] if running.returncode else []), found


def _read(lines: IO[bytes], found: Contents) -> None:
    for line in lines:
        if (began := _COPY.match(line.rstrip(b"\n"))) is None:
            continue
        table = began[1].decode()
        columns = [name.strip(b' "').decode() for name in began[2].split(b",")]
        found.tables[table] += 0
        for row in _rows(lines):
            found.tables[table] += 1
            if table == "attachments":
                found.named += _named(dict(zip(columns, row.decode().split("\t"), strict=True)))


def _rows(lines: IO[bytes]) -> Iterator[bytes]:
    for line in lines:
        if line == b"\\.\n":
            return
        yield line.rstrip(b"\n")


def _named(row: dict[str, str]) -> list[Named]:
    # Keys and sums hold none of the letters that COPY escapes.
    return facts.named_by(row["storage_key"], row["thumbnail_key"], int(row["size"]), row["sha256"])


def require_empty(engine: Engine) -> None:
    """Conflict `inhabited` when the database has rows."""
    with engine.connect() as connection:
        if facts.is_inhabited("postgresql", _ask_of(connection)):
            raise Conflict("inhabited")


def restore(copy: Path, engine: Engine) -> None:
    """Put a dump into an empty database, in one transaction. Failed."""
    with engine.connect() as connection, connection.begin():
        made = MetaData()
        made.reflect(connection)
        made.drop_all(connection)
    words = ["pg_restore", "--no-owner", "--no-privileges", "--single-transaction"]
    # For functions, which stay when the tables of a fresh database go.
    words += ["--exit-on-error", "--clean", "--if-exists"]
    environment, where = reach(engine.url)
    _call([*words, f"--dbname={where}", str(copy)], environment)


def _ask_of(connection: Connection) -> Ask:
    def ask(words: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in connection.exec_driver_sql(words)]

    return ask


def _run(words: list[str], url: URL) -> None:
    environment, where = reach(url)
    _call([*words, f"--dbname={where}"], environment)


def _call(words: list[str], environment: dict[str, str]) -> None:
    ended = subprocess.run(  # noqa: S603 - fixed words only
        [_find(words[0]), *words[1:]],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise Failed(f"{words[0]} failed: {ended.stderr.strip()}")


def _find(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise Failed(f"{program} is not installed: apt install postgresql-client")
    return found
