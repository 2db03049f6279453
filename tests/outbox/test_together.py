"""Letters whose handlers only write are delivered together: one transaction, and each as if it were alone."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.kernel.db import db, unit_of_work
from app.outbox.claiming import claim
from app.outbox.delivery import deliver_all
from app.outbox.events import Lane, put_all, subscriptions
from app.outbox.models import OutboxEvent
from bench import stage
from tests.outbox.test_delivery import Rung, hear, heard, states


@pytest.fixture(autouse=True)
def _no_handlers_left() -> Iterator[None]:
    yield
    subscriptions.remove(Rung.name, "one")


def ring(*bells: int) -> None:
    with unit_of_work():
        put_all([Rung(bell=bell) for bell in bells])


def test_ten_letters_take_one_transaction(app: Flask) -> None:
    subscriptions.add(Rung.name, "one", hear)
    ring(*range(10))
    letters = claim(Lane.INSIDE)
    with stage.counted() as statements:
        deliver_all(Lane.INSIDE, letters)
    assert heard() == list(range(10))
    assert len([one for one in statements if one.startswith("UPDATE outbox")]) == 1


def test_one_that_fails_undoes_nothing_of_the_others(app: Flask) -> None:
    def stumble(payload: dict[str, Any]) -> None:
        hear(payload)
        if payload["bell"] == 3:
            raise ValueError("cracked bell")

    subscriptions.add(Rung.name, "one", stumble)
    ring(1, 2, 3, 4)
    deliver_all(Lane.INSIDE, claim(Lane.INSIDE))
    assert heard() == [1, 2, 4], "each once"


def test_what_another_worker_took_meanwhile_is_left_alone(app: Flask) -> None:
    subscriptions.add(Rung.name, "one", hear)
    ring(1, 2)
    letters = claim(Lane.INSIDE)
    deliver_all(Lane.INSIDE, letters[:1])
    deliver_all(Lane.INSIDE, letters)
    assert heard() == [1, 2]
    assert states() == {"one": ("done", 1)}


def test_each_handler_reads_the_rows_as_they_are_now(app: Flask) -> None:
    seen: list[str] = []

    def look(payload: dict[str, Any]) -> None:
        event = db.session.scalars(sa.select(OutboxEvent).order_by(OutboxEvent.id)).first()
        assert event is not None
        seen.append(event.name)
        # Past the session, as many statements go.
        renamed = sa.update(OutboxEvent).values(name=f"after {payload['bell']}")
        db.session.connection().execute(renamed)

    subscriptions.add(Rung.name, "one", look)
    ring(1, 2, 3)
    deliver_all(Lane.INSIDE, claim(Lane.INSIDE))
    assert seen == [Rung.name, "after 1", "after 2"]
