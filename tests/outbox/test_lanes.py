"""Lanes: what somebody waits for stands behind no bulk, and letters of an older version find their lane."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.events import ResetWanted
from app.discussion.events import CommentWritten, TopicPublished
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.notifications.events import AwaitedMailWritten, MailWritten
from app.outbox.claiming import claim
from app.outbox.delivery import deliver
from app.outbox.events import Event, Lane, put, put_all, subscriptions
from app.outbox.models import OutboxDelivery


@dataclass(frozen=True, slots=True)
class Rung(Event):
    """A bell was rung."""

    name: ClassVar[str] = "test.rung"
    bell: int


@pytest.fixture(autouse=True)
def _no_handlers_left() -> Iterator[None]:
    yield
    subscriptions.remove(Rung.name, "one")


def ring(*bells: int) -> None:
    with unit_of_work():
        put_all([Rung(bell=bell) for bell in bells])


def lanes_of(event: type[Event]) -> set[Lane]:
    return {
        subscriptions.lane_of(event.name, handler)
        for handler in subscriptions.handlers_of(event.name)
    }


def test_what_somebody_waits_for_has_lanes_of_its_own(app: Flask) -> None:
    assert lanes_of(ResetWanted) == {Lane.AT_ONCE}
    assert lanes_of(AwaitedMailWritten) == {Lane.AWAITED}
    assert lanes_of(MailWritten) == {Lane.OUTSIDE}
    assert lanes_of(TopicPublished) == {Lane.FOLLOW}
    assert lanes_of(CommentWritten) == {Lane.FOLLOW, Lane.INSIDE}


def test_a_delivery_stands_in_the_lane_of_its_handler(app: Flask) -> None:
    subscriptions.add(Rung.name, "one", lambda _payload: None, lane=Lane.AT_ONCE)
    ring(1)
    assert [claim(lane) for lane in Lane if lane is not Lane.AT_ONCE] == [[]] * (len(Lane) - 1)
    assert [letter.payload for letter in claim(Lane.AT_ONCE)] == [{"bell": 1}]


def test_letters_of_an_older_version_are_moved_to_their_lane(app: Flask) -> None:
    """An upgrade finds letters that wait: their rows say the lane that all stood in."""
    heard: list[int] = []
    subscriptions.add_outside(Rung.name, "one", lambda payload: heard.append(payload["bell"]))
    ring(*range(1200))
    with unit_of_work() as session:
        session.execute(sa.update(OutboxDelivery).values(lane=Lane.INSIDE))
    assert claim(Lane.INSIDE) == [], "none is tried where it does not belong"
    tries = db.session.execute(sa.select(OutboxDelivery.lane, OutboxDelivery.tries).distinct())
    assert [tuple(row) for row in tries] == [(Lane.OUTSIDE, 0)]
    for letter in claim(Lane.OUTSIDE):
        deliver(letter)
    assert heard == list(range(10)), "in the order in which they were written"


def test_what_no_handler_wants_any_more_stands_with_the_notices(app: Flask) -> None:
    subscriptions.add(Rung.name, "one", lambda _payload: None, lane=Lane.FOLLOW)
    ring(1)
    subscriptions.remove(Rung.name, "one")
    assert claim(Lane.FOLLOW) == []
    (letter,) = claim(Lane.INSIDE)
    deliver(letter)
    assert db.session.scalars(sa.select(OutboxDelivery.state)).all() == ["dead"]


def test_the_index_hears_of_a_fresh_post_before_the_end_of_an_import(
    app: Flask, noon: datetime
) -> None:
    """Some of the newest go with the oldest, so neither waits for the other for ever."""
    heard: list[int] = []

    def hear(payload: dict[str, Any]) -> None:
        heard.append(payload["bell"])

    subscriptions.add(Rung.name, "one", hear, lane=Lane.FOLLOW)
    ring(*range(200))
    with clock.fixed(noon + timedelta(seconds=1)):
        with unit_of_work():
            put(Rung(bell=999))
        for letter in claim(Lane.FOLLOW):
            deliver(letter)
        assert heard[0] == 999
        assert set(range(10)) < set(heard), "the oldest too"
        while letters := claim(Lane.FOLLOW):
            for letter in letters:
                deliver(letter)
    assert sorted(heard) == [*range(200), 999]
