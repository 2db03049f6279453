"""Deeds that several faults share: commands broken off, and installations beside the site."""

from __future__ import annotations

import contextlib
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from bench.faults.databases import PostgresServer
from bench.faults.serving import WORKER
from bench.faults.site import COMMAND_SECONDS, ROOT, Said, Site
from bench.faults.stage import Stage


def broken_off(
    site: Site,
    words: Sequence[str],
    *,
    after: float = COMMAND_SECONDS,
    by: signal.Signals = signal.SIGINT,
    given: Mapping[str, str] | None = None,
    module: str = "",
) -> Said:
    """Run a command of the application (or a module) and send it a signal after so many seconds."""
    called = ["-m", *([module] if module else ["flask", "--app", WORKER]), *words]
    process = subprocess.Popen(
        [sys.executable, *called],
        cwd=ROOT,
        env={**site.environment, **(given or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        text, _ = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(by)
        text, _ = process.communicate(timeout=COMMAND_SECONDS)
    return Said(process.returncode, text)


@contextlib.contextmanager
def side(stage: Stage, name: str) -> Iterator[dict[str, str]]:
    """A fresh installation on the same kind of database; the block gets what makes commands work on it."""
    folder = stage.folder / name
    given = {
        "PLANETARIUM_DATA_DIR": str(folder),
        "DATABASE_URL": "",
        "PLANETARIUM_PAYMENTS": "demo",
        "PLANETARIUM_STRIPE_SECRET_KEY": "",
        "DEMO": "yes",
        "TMPDIR": str(stage.folder),
    }
    if not isinstance(stage.database, PostgresServer):
        yield given
        return
    made = f"{name}_{secrets.token_hex(3)}"
    url = stage.database.create(made)
    try:
        yield {**given, "DATABASE_URL": url}
    finally:
        stage.database.drop(made)


def wait_for(stage: Stage, seconds: float, *words: str) -> str:
    """Run a command every two seconds until it succeeds; returns what it said last."""
    ends = time.monotonic() + seconds
    said = stage.site.run(*words)
    while said.status and time.monotonic() < ends:
        time.sleep(2)
        said = stage.site.run(*words)
    return said.text
