"""What benchmarks of pages stand on: a seeded installation, kept between runs, and servers for it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from flask import Flask, session
from flask_migrate import upgrade
from sqlalchemy import Engine, event, select

from app.accounts.actions.sessions import start_session
from app.accounts.limits import Origin
from app.accounts.models import User
from app.blueprints.accounts.door import begin_session
from app.cli.seed_scale import Planted, Scale, plant
from app.config import Settings
from app.factory import create_app
from app.kernel.db import db, unit_of_work
from bench import load
from bin.tools import translations

ROOT = Path(__file__).resolve().parent.parent
KEPT = Path(tempfile.gettempdir()) / "planetarium-bench"
BARE = "bench.sample_app:create_app"
PRODUCT = "app.factory:create_app"
_COOKIE = re.compile(rb"^set-cookie: (planetarium=[^;]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Stage:
    """A seeded installation: its folder, its secret, what to look at and as whom."""

    scale: Scale
    folder: Path
    secret_key: str
    planted: Planted

    @property
    def settings(self) -> Settings:
        """The installation's settings, as of a production server."""
        return Settings(secret_key=self.secret_key, data_dir=self.folder)  # type: ignore[arg-type]

    @property
    def environment(self) -> dict[str, str]:
        """The same settings for a process of its own."""
        return {"SECRET_KEY": self.secret_key, "PLANETARIUM_DATA_DIR": str(self.folder)}


def seeded(scale: Scale) -> Stage:
    """Return an installation of this scale; made when there is none yet for these models."""
    translations.compile_stale()
    folder = KEPT / f"{scale.topics}-{_figures(scale)}"
    note = folder / "stage.json"
    if not note.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob("planetarium.db*"):
            leftover.unlink()
        key = secrets.token_urlsafe(48)
        app = create_app(Settings(secret_key=key, data_dir=folder))  # type: ignore[arg-type]
        with app.app_context():
            upgrade()
            planted = plant(scale, password_hash="none", tell=lambda line: print(f"  {line}"))
        note.write_text(json.dumps({"secret_key": key, "planted": asdict(planted)}))
    held: dict[str, Any] = json.loads(note.read_text())
    return Stage(scale, folder, held["secret_key"], Planted(**held["planted"]))


def _figures(scale: Scale) -> str:
    """Return a hash of all that the seeded rows depend on."""
    digest = hashlib.sha256(repr(scale).encode())
    sources = [*ROOT.glob("migrations/versions/*.py"), *ROOT.glob("app/cli/seed_*.py")]
    for source in sorted(sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def signed_in(app: Flask, email: str) -> str:
    """Start a session for the person of this address; returns its cookie, `name=value`."""
    with app.app_context():
        user_id = db.session.scalar(select(User.id).where(User.email == email))
        assert user_id is not None, email
        with unit_of_work():
            secret = start_session(user_id, origin=Origin(load.LOOPBACK, "bench"))
    with app.test_request_context("/"):
        begin_session(secret)
        answer = app.make_response("")
        app.session_interface.save_session(app, session, answer)
    return answer.headers["Set-Cookie"].partition(";")[0]


def browsed(port: int, path: str, cookie: str) -> str:
    """Open a page as a browser does; returns the cookie it holds afterwards. RuntimeError unless 200."""
    got = load.fetch(port, load.request(path, headers={"Cookie": cookie}))
    if got.status != 200:
        raise RuntimeError(f"GET {path} answered {got.status}")
    given = _COOKIE.search(bytes(got.buffer[: got.head_end]))
    return given.group(1).decode() if given else cookie


@contextlib.contextmanager
def serving(application: str, port: int, environment: dict[str, str]) -> Iterator[int]:
    """Serve as bin/serve does, without a worker; gives the supervisor's process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bin.serving", "--no-worker", "--app", application],
        env=os.environ | {"HOST": load.LOOPBACK, "PORT": str(port)} | environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        load.wait_until_up(port, "/healthz")
        yield process.pid
    finally:
        family = load.family([process.pid])
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        for relative in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                relative.kill()


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    """Gives a list that grows by every statement this process sends to a database."""
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
