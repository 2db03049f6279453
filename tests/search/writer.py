"""Processes for tests of faults: `python -m tests.search.writer worker|rebuild|follow`.

`worker` runs the letters and the indexer; `rebuild` makes the index anew in small steps and says each;
`follow` does what waits, and may write no file larger than the bytes given: as on a full disk.
"""

import resource
import signal
import sys
import time

from flask import Flask

from app.factory import create_app
from app.outbox.jobs import timetable
from app.outbox.worker import Worker
from app.search import rebuilding
from app.search.indexer import Indexer
from app.search.rebuilding import Progress
from app.search.whoosh_engine import rebuilding as paging


def work(app: Flask) -> None:
    """Run a worker until SIGTERM."""
    for job in timetable.jobs():
        timetable.remove(job.name)
    lanes = app.extensions["planetarium.lanes"]
    worker = Worker(name="", version="test", scope=app.app_context, lanes=lanes)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: worker.stop())
    print("ready", flush=True)
    worker.run()


def rebuild(app: Flask) -> None:
    """Make the index anew, a page for every few topics."""
    rebuilding.BATCH, paging._LONGEST = 10, -1.0

    def tell(progress: Progress) -> None:
        print(progress.done, progress.resumed, flush=True)
        time.sleep(0.01)

    with app.app_context():
        engine = app.extensions["planetarium.search"]
        rebuilding.rebuild(engine, app.extensions["planetarium.search_locks"]("rebuild"), tell=tell)
    print("done", flush=True)


def follow(app: Flask, most_bytes: int) -> None:
    """Follow what waits, on a disk that takes no file beyond a size."""
    engine, locks = (
        app.extensions[name] for name in ("planetarium.search", "planetarium.search_locks")
    )
    indexer = Indexer(engine, locks("writer"), locks("rebuild"))
    with app.app_context():
        engine.cursor()
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
        while indexer.step(lambda: False):
            pass
    print("done", flush=True)


if __name__ == "__main__":
    {"worker": work, "rebuild": rebuild}.get(
        sys.argv[1], lambda app: follow(app, int(sys.argv[2]))
    )(create_app())
