"""Rate limits: counted exactly by many at once, by window, and still there after a restart."""

import threading
from datetime import datetime, timedelta

from flask import Flask

from app.kernel import clock, limits
from app.kernel.db import db, unit_of_work
from app.kernel.errors import LimitReached

HOUR = timedelta(hours=1)
THREADS = 6


def hit(key: str = "door:1", limit: int = 3) -> int | None:
    """Count a try; returns the seconds to wait when it was refused."""
    try:
        with unit_of_work():
            limits.hit(key, limit=limit, window=HOUR)
    except LimitReached as reached:
        return reached.retry_after
    return None


def test_tries_beyond_the_limit_are_refused_until_the_window_ends(
    app: Flask, noon: datetime
) -> None:
    with clock.fixed(noon + timedelta(minutes=15)):
        assert [hit() for _ in range(4)] == [None, None, None, 45 * 60 + 1]
        assert hit("door:2") is None, "each key is counted by itself"
    with clock.fixed(noon + HOUR):
        assert hit() is None


def test_counters_are_rows_and_survive_the_process(app: Flask, noon: datetime) -> None:
    hit()
    db.session.remove()
    db.engine.dispose()
    assert limits.peek("door:1", window=HOUR) == 1


def test_a_try_can_be_taken_back_or_all_forgotten(app: Flask, noon: datetime) -> None:
    for _ in range(3):
        hit()
    with unit_of_work():
        limits.take_back("door:1", window=HOUR)
    assert limits.peek("door:1", window=HOUR) == 2
    with unit_of_work():
        limits.forget("door:1")
    assert limits.peek("door:1", window=HOUR) == 0


def test_many_at_once_are_counted_exactly(app: Flask, noon: datetime) -> None:
    together = threading.Barrier(THREADS)
    answers: list[int | None] = []

    def knock() -> None:
        together.wait()
        for _ in range(5):
            with app.app_context():
                answers.append(hit(limit=20))

    knocking = [threading.Thread(target=knock) for _ in range(THREADS)]
    for thread in knocking:
        thread.start()
    for thread in knocking:
        thread.join()
    assert sum(answer is None for answer in answers) == 20
    assert len(answers) == THREADS * 5
