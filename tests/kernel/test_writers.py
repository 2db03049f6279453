"""Writers at the same time: they wait for each other instead of failing, and read what is current."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.limits import RateCounter
from app.kernel.reading import Ready

WRITERS = 4
ROUNDS = 15


def _count(name: str, tries: int = 0) -> None:
    """Put a row there that may be changed."""
    db.session.add(RateCounter(key=name, window_start=clock.now(), tries=tries))


def test_writers_in_threads_wait_rather_than_fail(app: Flask) -> None:
    """Each reads a number and writes it back one higher: a lost update or a refusal would show."""
    with unit_of_work():
        _count("count")
    db.session.remove()
    troubles: list[BaseException] = []
    together = threading.Barrier(WRITERS)

    def write() -> None:
        together.wait()
        try:
            for _ in range(ROUNDS):
                with app.app_context(), unit_of_work() as session:
                    row = session.scalars(
                        sa.select(RateCounter).where(RateCounter.key == "count").with_for_update()
                    ).one()
                    row.tries += 1
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert db.session.scalar(sa.select(RateCounter.tries)) == WRITERS * ROUNDS


WRITING_PROCESS = """
import sqlalchemy as sa
from app.factory import create_app
from app.kernel.limits import RateCounter
from app.kernel.db import unit_of_work
app = create_app()
print("ready", flush=True)
input()
for _ in range({rounds}):
    with app.app_context(), unit_of_work() as session:
        row = session.scalars(
            sa.select(RateCounter).where(RateCounter.key == "count").with_for_update()
        ).one()
        row.tries += 1
"""


def test_writers_in_processes_wait_rather_than_fail(app: Flask) -> None:
    with unit_of_work():
        _count("count")
    settings = app.extensions["planetarium.settings"]
    environment = {
        "PLANETARIUM_ENV": "testing",
        "PLANETARIUM_DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITING_PROCESS.format(rounds=ROUNDS)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
    for process in processes:
        process.communicate("\n", timeout=60)
    assert [process.returncode for process in processes] == [0, 0]
    db.session.rollback()
    assert db.session.scalar(sa.select(RateCounter.tries)) == 2 * ROUNDS


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_writing_transaction_begins_immediate_and_readers_go_on(app: Flask) -> None:
    """While one writes, another writer is refused the lock and a reader is not disturbed."""
    with unit_of_work():
        _count("before")
    with unit_of_work() as session:
        # Nothing was written yet: the lock is taken at the beginning, not at the first write.
        assert session.execute(sa.text("SELECT 1")).scalar() == 1
        with db.engine.connect() as second:
            assert second.scalar(sa.select(RateCounter.key)) == "before"
        with (
            db.engine.connect().execution_options(writes=True, waits=0.05) as third,
            pytest.raises(sa.exc.OperationalError, match="locked"),
        ):
            third.execute(sa.text("SELECT 1"))


def test_a_unit_of_work_reads_what_is_current(app: Flask) -> None:
    """A row loaded in an earlier unit of work is loaded again, not remembered."""
    with unit_of_work() as session:
        _count("fresh", tries=1)
        session.flush()
        row = session.scalars(sa.select(RateCounter)).one()
        key = (row.key, row.window_start)

    with db.engine.connect().execution_options(writes=True) as other, other.begin():
        other.execute(sa.update(RateCounter).values(tries=2))

    with unit_of_work() as session:
        found = session.get_one(RateCounter, key)
        assert found.tries == 2


def test_as_many_threads_as_you_like_read_and_then_write(app: Flask) -> None:
    """A thread may hold two connections, one to read and one to write: none waits for a second one
    that is held by another which waits likewise."""
    threads = 24
    together = threading.Barrier(threads)
    read_all = Ready(sa.select(RateCounter.key))
    troubles: list[BaseException] = []

    def read_and_write(number: int) -> None:
        try:
            with app.app_context():
                read_all.rows()
                together.wait()
                with unit_of_work():
                    _count(f"written {number}")
        except BaseException as error:
            troubles.append(error)

    running = [threading.Thread(target=read_and_write, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert troubles == []
    assert len(read_all.rows()) == threads
