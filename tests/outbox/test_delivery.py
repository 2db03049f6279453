"""Delivering letters: once, with one effect, again after failures, dead in the end, never in the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask

from app.kernel import clock
from app.kernel.audit import AuditEntry, record
from app.kernel.db import db, unit_of_work
from app.outbox import actions
from app.outbox.claiming import LEASE, claim, release
from app.outbox.delivery import (
    LONGEST_DELAY,
    MAX_TRIES,
    Later,
    delay_after,
    deliver,
    deliver_due,
)
from app.outbox.events import Event, Lane, put, subscriptions
from app.outbox.models import OutboxDelivery, OutboxEvent
from app.outbox.queries import count_backlog, list_letters


@dataclass(frozen=True, slots=True)
class Rung(Event):
    """A bell was rung."""

    name: ClassVar[str] = "test.rung"
    bell: int


def hear(payload: dict[str, Any]) -> None:
    """Leave a trace in the database."""
    record("heard", actor_id=None, planet_id=None, subject=("bell", payload["bell"]))


def fail(payload: dict[str, Any]) -> None:
    """Leave a trace, then fail."""
    hear(payload)
    db.session.flush()
    raise ValueError("cracked bell")


@pytest.fixture(autouse=True)
def _no_handlers_left() -> Iterator[None]:
    yield
    for handler in ("one", "two", "world"):
        subscriptions.remove(Rung.name, handler)


def ring(bell: int = 1) -> None:
    with unit_of_work():
        put(Rung(bell=bell))


def heard() -> list[int]:
    db.session.rollback()
    return list(
        db.session.scalars(
            sa.select(AuditEntry.subject_id)
            .where(AuditEntry.action == "heard")
            .order_by(AuditEntry.id)
        )
    )


def states() -> dict[str, tuple[str, int]]:
    db.session.rollback()
    rows = db.session.execute(
        sa.select(OutboxDelivery.handler, OutboxDelivery.state, OutboxDelivery.tries)
    )
    return {handler: (state, tries) for handler, state, tries in rows}


def test_each_handler_gets_the_event_once(app: Flask) -> None:
    subscriptions.add(Rung.name, "one", hear)
    subscriptions.add(Rung.name, "two", hear)
    ring(7)
    assert deliver_due() == 2
    assert deliver_due() == 0
    assert heard() == [7, 7]
    assert states() == {"one": ("done", 1), "two": ("done", 1)}


def test_an_event_whose_cause_failed_never_was(app: Flask) -> None:
    subscriptions.add(Rung.name, "one", hear)
    with pytest.raises(RuntimeError), unit_of_work():
        put(Rung(bell=1))
        raise RuntimeError("the cause failed")
    assert deliver_due() == 0
    assert heard() == []


def test_a_failure_undoes_its_effect_and_waits_longer_each_time(app: Flask, noon: datetime) -> None:
    subscriptions.add(Rung.name, "one", fail)
    subscriptions.add(Rung.name, "two", hear)
    ring()
    assert deliver_due() == 2
    assert heard() == [1], "the other handler is served, the failed effect is undone"
    assert states() == {"one": ("pending", 1), "two": ("done", 1)}
    assert deliver_due() == 0, "not due yet"
    letter = list_letters("pending")[0]
    assert "ValueError: cracked bell at test_delivery.py" in letter.last_error
    with clock.fixed(letter.next_try_at):
        assert deliver_due() == 1
    later = list_letters("pending")[0]
    assert later.next_try_at - letter.next_try_at > letter.next_try_at - noon


def test_delays_grow_to_an_hour_and_no_further() -> None:
    delays = [delay_after(tries) for tries in range(1, MAX_TRIES + 1)]
    assert timedelta(seconds=4) <= delays[0] <= timedelta(seconds=6)
    assert all(delay <= LONGEST_DELAY * 1.2 for delay in delays)
    assert delays[-1] >= LONGEST_DELAY * 0.8
    assert len({delay_after(5) for _ in range(20)}) > 1, "spread, so that they do not come together"


def test_a_letter_that_keeps_failing_dies_visibly_and_can_be_revived(
    app: Flask, noon: datetime
) -> None:
    subscriptions.add(Rung.name, "one", fail)
    ring()
    moment = noon
    for _ in range(MAX_TRIES):
        moment += LONGEST_DELAY * 2
        with clock.fixed(moment):
            assert deliver_due() == 1
    assert states() == {"one": ("dead", MAX_TRIES)}
    assert count_backlog().dead == 1
    dead = list_letters("dead")[0]
    assert dead.last_error.startswith("ValueError: cracked bell")

    subscriptions.add(Rung.name, "one", hear)
    assert actions.retry(dead.id) is True
    assert deliver_due() == 1
    assert heard() == [1]
    assert count_backlog().dead == 0
    assert actions.retry(dead.id) is False, "it is delivered"


def test_all_dead_letters_can_be_revived_or_thrown_away(app: Flask) -> None:
    subscriptions.add(Rung.name, "one", hear)
    ring(1)
    ring(2)
    subscriptions.remove(Rung.name, "one")
    deliver_due()
    assert actions.retry_all() == 2
    deliver_due()
    assert count_backlog().dead == 2
    assert actions.purge_dead() == 2
    assert count_backlog().dead == 0


def test_a_handler_that_is_gone_makes_a_dead_letter_that_says_so(app: Flask) -> None:
    subscriptions.add(Rung.name, "one", hear)
    ring()
    subscriptions.remove(Rung.name, "one")
    deliver_due()
    assert states()["one"][0] == "dead"
    assert "no handler one for test.rung" in list_letters("dead")[0].last_error


def test_a_letter_that_kills_workers_comes_last_and_dies_in_the_end(
    app: Flask, noon: datetime
) -> None:
    subscriptions.add(Rung.name, "one", hear)
    for bell in (1, 2, 3):
        ring(bell)
    killed_by = claim(Lane.INSIDE)[0]
    with clock.fixed(noon + LEASE * 2):
        assert claim(Lane.INSIDE)[-1].id == killed_by.id, "the innocent ones come first"
    with unit_of_work() as session:
        session.execute(sa.update(OutboxDelivery).values(tries=MAX_TRIES))
    with clock.fixed(noon + LEASE * 4):
        deliver_due()
    assert "the worker died or hung" in list_letters("dead")[0].last_error


def test_a_worker_that_was_too_slow_has_no_second_effect(app: Flask, noon: datetime) -> None:
    subscriptions.add(Rung.name, "one", hear)
    ring()
    slow = claim(Lane.INSIDE)[0]
    with clock.fixed(noon + LEASE * 2):
        quick = claim(Lane.INSIDE)[0]
        deliver(quick)
        deliver(slow)
    assert heard() == [1]


def test_a_claimed_letter_is_nobody_elses_until_its_lease_ends(app: Flask, noon: datetime) -> None:
    subscriptions.add(Rung.name, "one", hear)
    ring()
    held = claim(Lane.INSIDE)
    assert claim(Lane.INSIDE) == []
    release(held)
    assert states() == {"one": ("pending", 0)}
    assert [letter.id for letter in claim(Lane.INSIDE)] == [held[0].id]


def test_a_handler_can_ask_to_be_called_later(app: Flask, noon: datetime) -> None:
    due = noon + timedelta(days=3)

    def wait(payload: dict[str, Any]) -> None:
        hear(payload)
        if clock.now() < due:
            raise Later(due)

    subscriptions.add(Rung.name, "one", wait)
    ring()
    deliver_due()
    assert heard() == []
    assert states() == {"one": ("pending", 0)}
    with clock.fixed(due):
        deliver_due()
    assert heard() == [1]


def test_a_handler_outside_runs_without_a_transaction_and_may_open_its_own(app: Flask) -> None:
    def talk(payload: dict[str, Any]) -> None:
        with unit_of_work():
            hear(payload)

    subscriptions.add_outside(Rung.name, "world", talk)
    ring(4)
    assert claim(Lane.INSIDE) == []
    assert deliver_due() == 1
    assert heard() == [4]
    assert states() == {"world": ("done", 1)}


def test_a_letter_outside_that_another_worker_took_is_left_alone(
    app: Flask, noon: datetime
) -> None:
    spoken: list[int] = []
    subscriptions.add_outside(Rung.name, "world", lambda payload: spoken.append(payload["bell"]))
    ring(4)
    slow = claim(Lane.OUTSIDE)[0]
    with clock.fixed(noon + LEASE * 2):
        claim(Lane.OUTSIDE)
        deliver(slow)
    assert spoken == []


def test_old_settled_events_are_purged_and_unsettled_ones_kept(app: Flask, noon: datetime) -> None:
    subscriptions.add(Rung.name, "one", hear)
    ring(1)
    deliver_due()
    subscriptions.add(Rung.name, "one", fail)
    ring(2)
    deliver_due()
    with clock.fixed(noon + timedelta(days=13)):
        assert actions.purge_done() == 0
    with clock.fixed(noon + timedelta(days=15)):
        ring(3)
        assert actions.purge_done() == 1
    left = db.session.scalars(sa.select(OutboxEvent.payload).order_by(OutboxEvent.id)).all()
    assert left == [{"bell": 2}, {"bell": 3}]
