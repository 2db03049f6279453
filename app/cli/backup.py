"""`flask backup`: a copy of everything, taken while the site runs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import URL

from app.kernel.db import db


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--database-only", is_flag=True, help="Leave uploads out (copy them by rsync).")
@with_appcontext
def command(target: Path, database_only: bool) -> None:
    """Write a backup into the new folder TARGET; see docs/operations.md for the way back."""
    if target.exists():
        raise click.ClickException(f"{target} exists; name a new folder")
    beside = target.with_name(f"{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True, mode=0o700)
    # The database first: uploads are never changed, so each that a row names is there to copy.
    copy_database(db.engine.url, beside)
    count = 0
    if not database_only:
        count = copy_uploads(current_app.extensions["planetarium.settings"].data_dir, beside)
    beside.rename(target)
    click.echo(f"{target}: database and {count} uploaded files. Keep SECRET_KEY elsewhere.")


def copy_database(url: URL, folder: Path) -> None:
    """Copy the database into `folder` as of one moment; ClickException when it fails."""
    if url.get_backend_name() == "sqlite":
        _copy_sqlite(str(url.database), folder / "planetarium.db")
    else:
        _dump_postgresql(url, folder / "planetarium.dump")


def _copy_sqlite(source: str, target: Path) -> None:
    """VACUUM INTO reads one snapshot, the log included; a plain copy of the file would miss it."""
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("PRAGMA busy_timeout=15000")
        connection.execute("VACUUM INTO ?", (str(target),))
    with closing(sqlite3.connect(target)) as copy:
        (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise click.ClickException(f"the copy is damaged: {verdict}")


def _dump_postgresql(url: URL, target: Path) -> None:
    if shutil.which("pg_dump") is None:
        raise click.ClickException("pg_dump is not installed: apt install postgresql-client")
    # Options and password by environment: other users of the machine can read command lines.
    options = {
        "PGHOST": url.host or str(url.query.get("host", "")),
        "PGPORT": str(url.port or ""),
        "PGUSER": url.username or "",
        "PGPASSWORD": str(url.password or ""),
        "PGDATABASE": url.database or "",
    }
    given = {name: value for name, value in options.items() if value}
    ended = subprocess.run(  # noqa: S603 - fixed words only
        ["pg_dump", "--format=custom", f"--file={target}"],  # noqa: S607 - the keeper's own PATH
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise click.ClickException(f"pg_dump failed: {ended.stderr.strip()}")


def copy_uploads(data_dir: Path, folder: Path) -> int:
    """Copy all uploaded files; returns how many. What is deleted meanwhile is left out."""
    source = data_dir / "media"
    count = 0
    for file in source.rglob("*"):
        if not file.is_file() or file.suffix == ".part":
            continue
        target = folder / "media" / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            shutil.copy2(file, target)
            # An upload of an older version can lie open; its copy does not.
            target.chmod(0o600)
            count += 1
    return count
