"""Real threads at once: the last seat, two tabs, two clicks on a refund."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from app.accounts.models import User
from app.billing.actions.checkout import begin
from app.billing.actions.orders import Purchase
from app.billing.actions.refunds import refund_own, send_refund
from app.billing.actions.sync import sync
from app.billing.models import Order, Refund
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict
from app.memberships.models import Entitlement
from app.memberships.queries import actor_of
from tests.billing.buying import WAYS, buy, do, open_order, sell
from tests.cast import Cast

BUYERS = 20


def at_once(cast: Cast, deeds: list[Callable[[], object]]) -> list[object]:
    """Do everything at the same moment in threads of their own; returns results or errors."""
    results: list[object] = [None] * len(deeds)
    gate = threading.Barrier(len(deeds))

    def run(number: int) -> None:
        with cast.app.app_context():
            gate.wait()
            try:
                results[number] = deeds[number]()
            except Exception as error:
                results[number] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def strangers(number: int) -> list[int]:
    moment = clock.now()
    with unit_of_work() as session:
        users = [
            User(
                email=f"buyer-{n}@example.test",
                email_confirmed_at=moment,
                name=f"buyer {n}",
                name_key=f"buyer {n}",
                password_hash="none",
                created_at=moment,
            )
            for n in range(number)
        ]
        session.add_all(users)
        session.flush()
        return [user.id for user in users]


def test_r9_of_twenty_buyers_one_gets_the_last_seat(cast: Cast) -> None:
    plan, people = sell(cast, seats=1), strangers(BUYERS)

    def click(user_id: int) -> str:
        entry = actor_of(user_id, cast.planet_id)
        assert entry is not None
        return begin(entry[1], entry[0], Purchase(plan=plan), WAYS).public_id

    results = at_once(cast, [lambda u=u: click(u) for u in people])  # type: ignore[misc]
    got = [r for r in results if isinstance(r, str)]
    assert len(got) == 1, results
    assert {str(r) for r in results if isinstance(r, Exception)} == {"sold_out"}
    assert all(isinstance(r, Conflict) for r in results if not isinstance(r, str))


def test_r11_two_tabs_at_once_are_one_order(cast: Cast) -> None:
    plan = sell(cast)

    def click() -> str:
        planet, actor = cast.entry("stranger")
        return begin(actor, planet, Purchase(plan=plan), WAYS).public_id

    results = at_once(cast, [click] * 6)
    assert len(set(map(str, results))) == 1, results
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Order)) == 1


def test_a_payment_synced_by_many_at_once_gives_one_entitlement(cast: Cast) -> None:
    order = open_order(cast, "stranger", sell(cast))
    assert order.provider_ref is not None
    do(order)
    from_webhooks = at_once(cast, [lambda: sync(order.id, cause="webhook").state] * 2)
    assert from_webhooks == ["open", "open"]
    do(order, "pay")
    results = at_once(cast, [lambda: sync(order.id, cause="webhook").state] * 8)
    assert results == ["paid"] * 8
    granted = sa.select(sa.func.count()).where(Entitlement.source == "order")
    assert db.session.scalar(granted) == 1


def test_r18_two_clicks_at_once_are_one_refund(cast: Cast, noon: datetime) -> None:
    order = buy(cast, "stranger", sell(cast))

    def click() -> None:
        actor = cast.actor("stranger")
        with unit_of_work():
            refund_own(actor, order_id=order.public_id, reason="", token="0123456789abcdef")

    assert at_once(cast, [click] * 4) == [None] * 4
    refund = db.session.scalars(sa.select(Refund)).one()
    at_once(cast, [lambda: send_refund({"refund_id": refund.id})] * 4)
    db.session.rollback()
    assert db.session.get_one(Order, order.id).state == "refunded"
    assert db.session.scalars(sa.select(Refund.state)).all() == ["succeeded"]
