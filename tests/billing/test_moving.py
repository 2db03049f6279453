"""`flask payments move-to`: a database that was tried in play takes money, and people keep their words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.queries import prove_by_email
from app.billing.actions.asking import refundable
from app.billing.actions.installation import choose, find_mismatch
from app.billing.actions.moving import move_to, preview_move
from app.billing.gateway import gateways
from app.billing.models import Order, OrderChange, Payment, Subscription
from app.cli.demo.cast import PASSWORD, email_of
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict
from app.memberships import settling
from app.memberships.models import Entitlement, Membership
from app.outbox.actions import beat
from app.planets.models import Planet
from app.policy import Standing
from tests.billing.buying import do, open_order, sell
from tests.cast import Cast
from tests.discussion.threads import post


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    held = gateways.environment
    yield
    gateways.environment = held
    settling.deal_in(held)


def _live() -> None:
    """Start as an installation does whose settings say live."""
    gateways.environment = "live"
    settling.deal_in("live")


def _bought(cast: Cast) -> tuple[str, int, int]:
    """Let one buy a pass, one subscribe and one leave a checkout open; return the plan and two orders."""
    choose("demo")
    plan = sell(cast)
    monthly = sell(cast, name="包月", mode="subscription", term="month", term_count=1, amount=1_500)
    paid = do(open_order(cast, "stranger", plan), "pay").id
    do(open_order(cast, "expired", monthly), "pay")
    return plan, paid, open_order(cast, "left", plan).id


def test_what_was_bought_in_play_ends_visibly(cast: Cast) -> None:
    topic = post(cast)
    _plan, paid, waiting = _bought(cast)
    move = preview_move("live")
    assert (move.waiting, move.settled, move.subscriptions, move.people) == (1, 2, 1, 2)
    assert db.session.get_one(Order, waiting).state == "open"
    assert move_to("live") == move
    _live()
    db.session.expire_all()
    assert find_mismatch("live") is None
    assert db.session.get_one(Order, waiting).state == "expired"
    assert db.session.get_one(Order, paid).state == "paid"
    told = db.session.scalars(sa.select(OrderChange.order_id).where(OrderChange.what == "moved"))
    assert len(set(told)) == 3
    assert set(db.session.scalars(sa.select(Subscription.status))) == {"canceled"}
    bought = sa.select(Entitlement.revoked_at).where(Entitlement.environment == "demo")
    assert None not in db.session.scalars(bought).all()
    _planet, actor = cast.entry("stranger")
    assert actor.standing is Standing.EXPIRED
    assert cast.entry("member")[1].inside
    assert cast.client("member").get(f"/p/{cast.slug}/t/{topic}").status_code == 200
    entry = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == "payments.moved")
    ).one()
    assert (entry.data["before"], entry.data["to"], entry.data["people"]) == ("demo", "live", 2)


def test_pages_of_what_was_bought_before_still_open(cast: Cast) -> None:
    plan, paid, waiting = _bought(cast)
    move_to("live")
    _live()
    for persona, order_id in (("stranger", paid), ("left", waiting)):
        public_id = db.session.get_one(Order, order_id).public_id
        answer = cast.client(persona).get(f"/p/{cast.slug}/orders/{public_id}")
        assert answer.status_code == 200
    member = db.session.scalars(
        sa.select(Membership.public_id).where(Membership.user_id == cast.users["stranger"])
    ).one()
    for path in ("subscriptions", f"subscriptions/{member}", "ledger", "plans", "numbers", "codes"):
        assert cast.client("owner").get(f"/p/{cast.slug}/{path}").status_code == 200
    payment = db.session.scalars(sa.select(Payment).where(Payment.order_id == paid)).one()
    assert refundable(payment) == 0
    assert plan


def test_none_to_live_goes_on(cast: Cast) -> None:
    _plan, paid, _waiting = _bought(cast)
    with unit_of_work() as session:
        session.execute(sa.update(Order).values(environment="none"))
        session.execute(
            sa.update(Entitlement)
            .where(Entitlement.environment == "demo")
            .values(environment="none")
        )
        session.execute(sa.text("UPDATE installation SET environment = 'none'"))
    assert preview_move("live").goes_on
    move_to("live")
    _live()
    assert cast.entry("stranger")[1].inside
    assert db.session.get_one(Order, paid).environment == "live"


def test_it_is_refused_where_it_would_lie_or_harm(cast: Cast) -> None:
    choose("demo")
    with pytest.raises(Conflict, match="same"):
        move_to("demo")
    beat("w1", "0.1.0")
    with pytest.raises(Conflict, match="working"):
        move_to("live")
    with clock.fixed(clock.now() + timedelta(minutes=2)):
        move_to("live")
        with pytest.raises(Conflict, match="live"):
            move_to("demo")


def test_the_command_previews_asks_and_takes_known_passwords_away(app: Flask) -> None:
    runner = app.test_cli_runner()
    choose("demo")
    assert runner.invoke(args=["seed-demo"]).exit_code == 0
    planets = db.session.scalar(sa.select(sa.func.count(Planet.id)))
    refused = runner.invoke(args=["payments", "move-to", "live"], input="yes\n")
    assert refused.exit_code == 1 and "Nothing was changed" in refused.output
    assert "Members who lose what they bought" in refused.output
    assert prove_by_email(email_of("owner"), PASSWORD) is not None
    moved = runner.invoke(args=["payments", "move-to", "live"], input="live\n")
    assert moved.exit_code == 0, moved.output
    assert "PLANETARIUM_PAYMENTS=live" in moved.output
    assert prove_by_email(email_of("owner"), PASSWORD) is None
    assert find_mismatch("live") is None
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count(Planet.id))) == planets
    back = runner.invoke(args=["payments", "move-to", "demo"], input="demo\n")
    assert back.exit_code == 1 and "never goes back" in back.output
