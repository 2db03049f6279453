"""Transfers by hand, and gifts: through the doors, with order, access and ledger like any other."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions.reconcile import reconcile
from app.billing.actions.transfers import approve_transfer, decline_transfer, state_transfer
from app.billing.codebook import read_code
from app.billing.models import LedgerEntry, Order, Payment, Refund
from app.billing.transfer_gateway import PATIENCE
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.memberships.models import Entitlement
from app.planets.models import Planet
from app.policy import Standing
from tests.billing.buying import buy, do, open_order, sell, work
from tests.cast import Cast
from tests.memberships.people import row

NOTE = "招商银行 6225 8801，备注写昵称"


def ordered(
    cast: Cast, persona: str = "stranger", *, kind: str = "membership", **terms: object
) -> Order:
    """Let somebody choose to pay by transfer."""
    cast.set_planet(transfer_note=NOTE)
    return open_order(cast, persona, sell(cast, **terms), gateway="transfer", kind=kind)


def balances() -> dict[str, int]:
    rows = db.session.execute(
        sa.select(LedgerEntry.account, sa.func.sum(LedgerEntry.amount)).group_by(
            LedgerEntry.account
        )
    )
    return {account: int(amount) for account, amount in rows if amount}


def test_stated_approved_and_paid_like_any_other(cast: Cast) -> None:
    order = ordered(cast)
    assert order.state == "open"
    order = state_transfer(cast.actor("stranger"), order_id=order.public_id, memo="冯远 尾号 01")
    assert (order.state, order.memo) == ("processing", "冯远 尾号 01")
    assert cast.actor("stranger").standing is Standing.VISITOR
    for _ in range(2):
        order = approve_transfer(cast.actor("admin"), order_id=order.public_id)
    assert order.state == "paid"
    assert cast.actor("stranger").standing is Standing.ACTIVE
    assert balances() == {"bank": 19_900, "income": -19_900}
    assert db.session.query(Payment).count() == db.session.query(Entitlement).filter_by(
        source="order"
    ).count() == 1  # fmt: skip
    assert db.session.query(AuditEntry).filter_by(action="transfer.paid").count() == 1
    assert reconcile().changes == []


def test_declined_with_a_reason_frees_the_seat(cast: Cast) -> None:
    order = ordered(cast, seats=1)
    state_transfer(cast.actor("stranger"), order_id=order.public_id, memo="x")
    with pytest.raises(Invalid):
        decline_transfer(cast.actor("admin"), order_id=order.public_id, reason=" ")
    order = decline_transfer(cast.actor("admin"), order_id=order.public_id, reason="没有到账")
    assert order.state == "failed"
    with pytest.raises(Conflict):
        approve_transfer(cast.actor("admin"), order_id=order.public_id)
    with pytest.raises(Conflict):
        state_transfer(cast.actor("stranger"), order_id=order.public_id, memo="y")
    plan = order.plan_id
    assert open_order(cast, "expired", _public_id(plan)).state == "open"


def _public_id(plan_id: int | None) -> str:
    return db.session.scalar(sa.text("SELECT public_id FROM plans WHERE id = :id"), {"id": plan_id})


def test_r10_what_nobody_states_ends_by_the_providers_word(cast: Cast) -> None:
    order = ordered(cast, seats=1)
    moment = clock.now()
    with clock.fixed(moment + PATIENCE - timedelta(seconds=1)):
        reconcile()
        assert db.session.get_one(Order, order.id).state == "open"
    with clock.fixed(moment + PATIENCE + timedelta(minutes=1)):
        reconcile()
        assert db.session.get_one(Order, order.id).state == "expired"


def test_what_was_stated_does_not_end_by_the_clock(cast: Cast) -> None:
    order = ordered(cast, seats=1)
    state_transfer(cast.actor("stranger"), order_id=order.public_id, memo="x")
    with clock.fixed(clock.now() + 3 * PATIENCE):
        reconcile()
        assert db.session.get_one(Order, order.id).state == "processing"


def test_a_transfer_is_refunded_by_hand_and_booked(cast: Cast) -> None:
    order = ordered(cast)
    approve_transfer(cast.actor("owner"), order_id=order.public_id)
    token = "a-token-of-a-form-00"
    buyer = cast.client("stranger")
    for _ in range(2):
        buyer.post(f"/p/orbit/orders/{order.public_id}/refund", data={"token": token})
    work()
    assert db.session.get_one(Order, order.id).state == "refunded"
    assert db.session.query(Refund).count() == 1
    assert balances() == {}
    assert cast.actor("stranger").standing is Standing.EXPIRED


def test_only_the_buyer_states_and_only_staff_decide(cast: Cast) -> None:
    order = ordered(cast)
    with pytest.raises(NotFound):
        state_transfer(cast.actor("member"), order_id=order.public_id, memo="x")
    for persona in ("guest", "member", "stranger"):
        with pytest.raises(Refused):
            approve_transfer(cast.actor(persona), order_id=order.public_id)
    card = open_order(cast, "expired", sell(cast))
    with pytest.raises(NotFound):
        approve_transfer(cast.actor("owner"), order_id=card.public_id)


@pytest.mark.parametrize("persona", ["admin", "partner", "owner"])
def test_of_ones_own_money_nobody_decides_but_the_owner(cast: Cast, persona: str) -> None:
    order = ordered(cast, persona, kind="gift")
    state_transfer(cast.actor(persona), order_id=order.public_id, memo="尾号 01")
    mine, page = cast.client(persona), "/p/orbit/transfers"
    act = f"{page}/{order.public_id}"
    if persona == "owner":
        assert mine.post(act).status_code == 303
        return
    assert f'action="{act}"' not in mine.get(page).text
    assert "自己付的款" in mine.get(page).text
    for said in ({}, {"decline": "1", "reason": "x"}):
        assert mine.post(act, data=said).status_code == 403
    assert db.session.get_one(Order, order.id).state == "processing"
    another = cast.client("owner" if persona == "admin" else "admin")
    assert f'action="{act}"' in another.get(page).text
    assert another.post(act).status_code == 303
    assert db.session.get_one(Order, order.id, populate_existing=True).state == "paid"
    story = f"/p/orbit/subscriptions/{row(cast, persona).public_id}"
    refund = f"{story}/orders/{order.public_id}/refund"
    assert refund not in mine.get(story).text
    assert refund in cast.client("owner").get(story).text
    paid = db.session.query(Payment).one().id
    wish = {"payment": paid, "way": "full", "ends": "now", "reason": "x", "token": "a" * 20}
    assert mine.get(refund).status_code == 403
    assert mine.post(refund, data=wish).status_code == 403
    assert db.session.query(Refund).count() == 0


def test_a_subscription_paid_by_transfer_is_one_period(cast: Cast) -> None:
    order = ordered(cast, mode="subscription", term="month", term_count=1)
    assert order.mode == "pass"
    approve_transfer(cast.actor("owner"), order_id=order.public_id)
    right = db.session.query(Entitlement).filter_by(source="order").one()
    assert (right.months, right.days) == (1, 0)


def test_the_way_through_the_doors(cast: Cast) -> None:
    plan = sell(cast)
    owner, buyer = cast.client("owner"), cast.client("stranger")
    assert "transfer" not in buyer.get("/p/orbit/buy").get_data(as_text=True).split("<main")[1]
    assert owner.post("/p/orbit/transfers/note", data={"note": NOTE}).status_code == 303
    assert db.session.scalar(sa.select(Planet.transfer_note)) == NOTE
    assert 'name="transfer"' in buyer.get("/p/orbit/buy").get_data(as_text=True)
    answer = buyer.post(f"/p/orbit/buy/{plan}", data={"transfer": "1"})
    page = answer.headers["Location"].removeprefix("http://planet.test")
    shown = buyer.get(page)
    assert NOTE in shown.get_data(as_text=True) and "Refresh" not in shown.headers
    assert buyer.post(f"{page}/transfer", data={"memo": ""}).status_code == 303
    assert buyer.post(f"{page}/transfer", data={"memo": "尾号 01"}).status_code == 303
    public_id = page.rsplit("/", 1)[1]
    staff = cast.client("admin")
    assert "尾号 01" in staff.get("/p/orbit/transfers").get_data(as_text=True)
    act = f"/p/orbit/transfers/{public_id}"
    assert staff.post(act, data={"decline": "1"}).status_code == 422
    assert staff.post(act).status_code == 303
    assert cast.actor("stranger").standing is Standing.ACTIVE
    assert staff.post(act, data={"decline": "1", "reason": "x"}).status_code == 303
    assert db.session.query(Order).one().state == "paid"


def test_a_planet_that_says_nothing_of_transfers_takes_none(cast: Cast) -> None:
    plan = sell(cast)
    answer = cast.client("stranger").post(f"/p/orbit/buy/{plan}", data={"transfer": "1"})
    assert answer.status_code == 303
    assert db.session.query(Order).one().gateway == "demo"


@pytest.mark.parametrize("persona", ["owner", "admin", "member", "stranger"])
def test_a_gift_can_be_bought_by_whoever_may_not_buy_for_himself(
    cast: Cast, noon: datetime, persona: str
) -> None:
    cast.set_planet(rules="不准吵架。", rules_version=3, renew_early_percent=50)
    plan, client = sell(cast), cast.client(persona)
    page = client.get("/p/orbit/gift").text
    # Neither the rules, which bind whoever redeems it, nor the buyer's own price.
    assert 'name="rules"' not in page
    assert "199" in page
    assert client.post(f"/p/orbit/gift/{plan}").status_code == 303
    order = db.session.query(Order).one()
    assert (order.kind, order.amount, order.pricing) == ("gift", 19_900, "join")
    assert client.post(f"/p/orbit/gift/{plan}", data={"coupon": "NOPE"}).status_code == 422
    if persona in ("owner", "admin"):
        assert "/p/orbit/gift" in client.get("/p/orbit/me").text


def test_no_stranger_gives_himself_what_staff_would_have_to_approve(cast: Cast) -> None:
    cast.set_planet(joining="approval")
    plan = sell(cast)
    assert cast.client("stranger").post(f"/p/orbit/gift/{plan}").status_code == 403
    assert cast.client("member").post(f"/p/orbit/gift/{plan}").status_code == 303


def test_no_gift_of_what_is_sold_out(cast: Cast) -> None:
    plan = sell(cast, seats=0)
    assert cast.client("member").post(f"/p/orbit/gift/{plan}").status_code == 409


def test_a_gift_is_bought_shown_and_redeemed(cast: Cast) -> None:
    order = buy(cast, "member", sell(cast), kind="gift")
    held = cast.actor("member").expires_at
    buyer = cast.client("member")
    page = buyer.get(f"/p/orbit/orders/{order.public_id}").get_data(as_text=True)
    code = page.split('name="gift"')[1].split('value="')[1].split('"')[0]
    assert read_code(code)
    assert f"/p/orbit/redeem?code={code}" in page
    assert cast.client("stranger").post("/p/orbit/redeem", data={"code": code}).status_code == 303
    assert cast.actor("stranger").standing is Standing.ACTIVE
    assert cast.actor("member").expires_at == held
    # What is used is not to be passed on any more.
    used = buyer.get(f"/p/orbit/orders/{order.public_id}").text
    assert code not in used and "用你的礼物成为了成员" in used
    do(order, "refund")
    assert cast.actor("stranger").standing is Standing.EXPIRED
    page = buyer.get(f"/p/orbit/orders/{order.public_id}").get_data(as_text=True)
    assert code not in page


def test_who_takes_a_gift_back_hears_of_the_gift(cast: Cast) -> None:
    order, buyer = buy(cast, "member", sell(cast), kind="gift"), cast.client("member")
    page = f"/p/orbit/orders/{order.public_id}"
    buyer.post(f"{page}/refund", data={"token": "a" * 20})
    told = buyer.get(page).text
    assert "礼物已作废" in told and "你的权限已结束" not in told
