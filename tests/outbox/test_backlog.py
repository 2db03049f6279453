"""While thousands of letters wait, somebody's reset link and a fresh post are served within seconds."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.actions import want_reset
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.notifications.models import Mail
from app.outbox.events import Event, Lane, put_all, subscriptions
from app.outbox.jobs import timetable
from app.outbox.models import OutboxDelivery
from app.outbox.worker import Worker
from app.search.changes import count_waiting, head
from tests.cast import Cast
from tests.discussion.writing import post
from tests.search.following import deliver_due, indexer_of
from tests.search.shelf import ShelfEngine

MANY = 2_000
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Announced(Event):
    """Thousands are told of something."""

    name: ClassVar[str] = "test.announced"
    number: int


@pytest.fixture
def backlog(cast: Cast) -> Iterator[None]:
    """Thousands of letters in the lanes of bulk, each of which takes its time."""

    def take_time(_payload: dict[str, Any]) -> None:
        time.sleep(0.05)

    deliver_due()
    subscriptions.add(Announced.name, "bulk.tell", take_time)
    subscriptions.add_outside(Announced.name, "bulk.send", take_time)
    with unit_of_work():
        put_all([Announced(number=number) for number in range(MANY)])
    yield
    for handler in ("bulk.tell", "bulk.send"):
        subscriptions.remove(Announced.name, handler)


@pytest.fixture
def engine(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShelfEngine]:
    """An engine that a worker in a thread of this process serves, without timed jobs."""
    monkeypatch.setattr(timetable, "_jobs", {})
    made = ShelfEngine()
    indexer = indexer_of(made, tmp_path)
    worker = Worker(name="thread", version="test", scope=app.app_context, lanes=[indexer])
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield made
    worker.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + PATIENCE
    while time.monotonic() < ends_at:
        db.session.rollback()
        if condition():
            return
        time.sleep(0.05)


def is_sent(to: str) -> bool:
    sent = sa.select(Mail.id).where(Mail.to_address == to, Mail.sent_at.is_not(None))
    return db.session.scalar(sent) is not None


def test_a_reset_link_and_a_fresh_topic_do_not_stand_behind_bulk(
    cast: Cast, backlog: None, engine: ShelfEngine
) -> None:
    wait_until(lambda: not engine.lost)
    with unit_of_work():
        want_reset("member@example.test")
    topic = post(cast, title="刚刚写下")
    wait_until(lambda: is_sent("member@example.test") and topic.id in engine.topics)
    assert is_sent("member@example.test")
    assert topic.id in engine.topics
    rows = db.session.execute(sa.select(OutboxDelivery.state, OutboxDelivery.lane).distinct())
    states = {tuple(row) for row in rows}
    assert {("pending", Lane.INSIDE), ("pending", Lane.OUTSIDE)} <= states, "bulk waits still"
    assert {("done", Lane.INSIDE), ("done", Lane.OUTSIDE)} <= states, "and does not stand still"


def test_an_event_that_the_index_has_to_follow_is_told_as_waiting(
    cast: Cast, noon: datetime
) -> None:
    deliver_due()
    cursor = head()
    assert count_waiting(cursor).count == 0
    post(cast, title="刚刚写下")
    with clock.fixed(noon + timedelta(minutes=8)):
        waiting = count_waiting(cursor)
        assert (waiting.count, waiting.seconds) == (1, 480)
        deliver_due()
        assert count_waiting(cursor).count == 1, "it is a change now, and told once"
        assert count_waiting(head()).count == 0
