"""Faults: killed workers and rebuilds, a deleted folder, a full disk. Posting is unaffected, and afterwards
the index is what the database says."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.cli.seed_scale import Scale, plant
from app.kernel.db import db
from app.outbox.delivery import deliver_due
from app.outbox.queries import count_backlog
from app.search.changes import head
from app.search.port import Broken, Engine
from app.search.verifying import verify
from app.search.whoosh_engine import WhooshEngine
from tests.cast import Cast
from tests.discussion.threads import say
from tests.discussion.writing import post
from tests.search.following import follow, indexer_of

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0

Process = subprocess.Popen[str]
Start = Callable[..., Process]


@pytest.fixture
def folder(app: Flask) -> Iterator[Path]:
    """Return the folder of the index, which is not there yet and is gone afterwards."""
    found: Path = app.extensions["planetarium.settings"].index_dir
    shutil.rmtree(found, ignore_errors=True)
    yield found
    shutil.rmtree(found, ignore_errors=True)


@pytest.fixture
def engine(app: Flask, folder: Path) -> Engine:
    found: Engine = app.extensions["planetarium.search"]
    return found


@pytest.fixture
def start(app: Flask) -> Iterator[Start]:
    """Start processes on the test's installation; those that still run are ended afterwards."""
    settings = app.extensions["planetarium.settings"]
    environment = {
        **os.environ,
        "PLANETARIUM_ENV": "testing",
        "PLANETARIUM_DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
    }
    running: list[Process] = []

    def begin(*arguments: str) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.search.writer", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if arguments[0] == "follow" else None,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def said(process: Process) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def wait_until_followed(engine: Engine) -> None:
    """Wait until all letters are delivered and the index holds all changes."""
    ends_at = time.monotonic() + PATIENCE
    while time.monotonic() < ends_at:
        db.session.rollback()
        try:
            if not count_backlog().pending and engine.cursor() == head():
                return
        except Broken:
            pass
        time.sleep(0.1)
    raise AssertionError("the index does not follow")


def assert_no_difference(engine: Engine) -> None:
    found = verify(engine, pause=0.1)
    assert found.topic_ids == []
    assert found.checked > 0


def test_a_worker_killed_while_it_commits_loses_nothing(
    cast: Cast, engine: Engine, start: Start
) -> None:
    chance = random.Random(4)
    topic = post(cast).public_id
    worker = start("worker")
    assert said(worker) == "ready"
    for _kill in range(4):
        ends_at = time.monotonic() + 0.2 + chance.random()
        while time.monotonic() < ends_at:
            post(cast, title="新")
            say(cast, "member", topic, "评论")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        # A second one takes over what the first one held.
        worker = start("worker")
        assert said(worker) == "ready"
    wait_until_followed(engine)
    assert_no_difference(engine)


def test_a_rebuild_that_is_killed_goes_on(
    app: Flask, engine: Engine, start: Start, tmp_path: Path
) -> None:
    scale = Scale(members=30, topics=120, comments=200, thread=20)
    plant(scale, password_hash="unused", tell=lambda _line: None)
    resumed = 0
    for kill_after in (3, 4, 2):
        process = start("rebuild")
        for _ in range(kill_after):
            _done, before = said(process).split()
        assert int(before) >= resumed
        resumed = int(before)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with pytest.raises(Broken):
            engine.cursor()
    process = start("rebuild")
    assert int(said(process).split()[1]) > 0
    while (line := said(process)) != "done":
        assert line
    follow(indexer_of(engine, tmp_path))
    assert_no_difference(engine)


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_an_index_deleted_while_serving_comes_back(
    cast: Cast, engine: Engine, start: Start, folder: Path
) -> None:
    ref = post(cast, title="退款规则")
    worker = start("worker")
    wait_until_followed(engine)
    client = cast.client("member")
    address = f"/p/{cast.slug}/search?q=退款"
    assert ref.public_id in client.get(address).text
    worker.send_signal(signal.SIGSTOP)
    shutil.rmtree(folder)
    time.sleep(0.4)
    page = client.get(address)
    assert page.status_code == 200
    assert ref.public_id not in page.text
    say(cast, "member", ref.public_id, "还能评论")
    worker.send_signal(signal.SIGCONT)
    wait_until_followed(engine)
    assert ref.public_id in client.get(address).text
    assert_no_difference(engine)


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize("broken", ["CURRENT", "page", "toc"])
def test_a_corrupt_index_is_made_anew(
    cast: Cast, engine: Engine, folder: Path, tmp_path: Path, broken: str
) -> None:
    ref = post(cast, title="退款规则")
    indexer = indexer_of(engine, tmp_path)
    follow(indexer)
    generation = folder / (folder / "CURRENT").read_text()
    if broken == "CURRENT":
        (folder / "CURRENT").write_text("g-nowhere")
    else:
        files = [one for one in generation.iterdir() if ("toc" in one.name) == (broken == "toc")]
        for file in files:
            file.write_bytes(b"\0" * 7)
    # A process that has nothing of it in its memory.
    fresh = WhooshEngine(folder)
    indexer.close()
    follow(indexer_of(fresh, tmp_path))
    assert_no_difference(fresh)
    say(cast, "member", ref.public_id, "评论")


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_full_disk_keeps_the_index_as_it_was(
    cast: Cast, engine: Engine, start: Start, folder: Path, tmp_path: Path
) -> None:
    indexer = indexer_of(engine, tmp_path)
    ref = post(cast, title="退款规则")
    follow(indexer)
    indexer.close()
    before = engine.cursor()
    for _ in range(20):
        post(cast, title="新的一篇", text="字" * 500)
    deliver_due()
    for most_bytes in (3_000,):
        process = start("follow", str(most_bytes))
        told, _ = process.communicate(timeout=PATIENCE)
        assert "File too large" in told
        assert engine.cursor() == before
        assert ref.public_id in cast.client("member").get(f"/p/{cast.slug}/search?q=退款").text
    process = start("follow", str(1 << 30))
    assert said(process) == "done"
    process.wait()
    assert engine.cursor() == head()
    assert_no_difference(engine)
