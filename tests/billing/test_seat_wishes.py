"""Waiting for a seat: told once when one is free, in the order of asking."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.billing.actions.seat_wishes import tell_all_waiting, tell_waiting, wish_seat, withdraw_wish
from app.billing.models import Order, Plan
from app.billing.queries.wishes import count_waiting, waited_for
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, Refused
from tests.billing.shop import order, sell
from tests.cast import Cast
from tests.memberships.people import newcomer
from tests.notifications.telling import kinds, said


def sold_out(cast: Cast, seats: int = 1) -> tuple[Plan, list[Order]]:
    """Put a plan on sale whose seats are all held."""
    plan = sell(cast, seat_limit=seats)
    return plan, [order(cast, newcomer(n), plan, "open") for n in range(seats)]


def free(row: Order) -> None:
    """Let an order end unpaid."""
    with unit_of_work() as session:
        session.get_one(Order, row.id).state = "expired"


def wish(cast: Cast, persona: str, plan: Plan) -> None:
    """Wait for a seat, as a persona."""
    with unit_of_work():
        wish_seat(cast.actor(persona), plan=plan.public_id)


def test_who_waits_is_told_once(noon: datetime, cast: Cast) -> None:
    plan, (held,) = sold_out(cast)
    wish(cast, "stranger", plan)
    wish(cast, "stranger", plan)
    assert tell_all_waiting() == 0
    assert waited_for(cast.actor("stranger"), [plan.id]) == {plan.id}
    free(held)
    for expected in (1, 0):
        assert tell_all_waiting() == expected
    assert said(cast, "stranger") == ["A seat in 轨道 is free again."]
    assert waited_for(cast.actor("stranger"), [plan.id]) == set()


def test_one_seat_is_told_to_one_who_waits_longest(noon: datetime, cast: Cast) -> None:
    plan, held = sold_out(cast, 2)
    cast.set_membership("left", left_at=noon - timedelta(days=9))
    for minutes, persona in enumerate(("expired", "stranger", "left")):
        with clock.fixed(noon + timedelta(minutes=minutes)):
            wish(cast, persona, plan)
    assert count_waiting([plan.id]) == {plan.id: 3}
    free(held[0])
    with unit_of_work():
        assert tell_waiting(plan.id) == 1
    assert kinds(cast, "expired") == ["seat_free"]
    assert kinds(cast, "stranger") == kinds(cast, "left") == []


def test_who_came_too_late_waits_again(noon: datetime, cast: Cast) -> None:
    plan, (held,) = sold_out(cast)
    wish(cast, "stranger", plan)
    free(held)
    assert tell_all_waiting() == 1
    assert kinds(cast, "stranger") == ["seat_free"]
    faster = order(cast, newcomer(9), plan, "open")
    with clock.fixed(noon + timedelta(hours=1)):
        wish(cast, "stranger", plan)
        free(faster)
        assert tell_all_waiting() == 1
        assert kinds(cast, "stranger") == ["seat_free"] * 2


def test_time_alone_frees_a_seat(noon: datetime, cast: Cast) -> None:
    plan, (held,) = sold_out(cast)
    wish(cast, "stranger", plan)
    free(held)
    cast.set_planet(paused_at=noon)
    assert tell_all_waiting() == 0
    cast.set_planet(paused_at=None)
    assert tell_all_waiting() == 1


def test_nobody_waits_for_what_is_free_or_not_sold(cast: Cast) -> None:
    plan = sell(cast, seat_limit=1)
    with pytest.raises(Conflict):
        wish(cast, "stranger", plan)
    with unit_of_work() as session:
        session.get_one(Plan, plan.id).state = "retired"
    with pytest.raises(Invalid):
        wish(cast, "stranger", plan)
    for persona in ("removed", "visitor"):
        with pytest.raises(Refused):
            wish(cast, persona, plan)


def test_who_gives_up_is_not_told(cast: Cast) -> None:
    plan, (held,) = sold_out(cast)
    wish(cast, "stranger", plan)
    with unit_of_work():
        withdraw_wish(cast.actor("stranger"), plan=plan.public_id)
    free(held)
    assert tell_all_waiting() == 0
    db.session.rollback()
    assert kinds(cast, "stranger") == []
