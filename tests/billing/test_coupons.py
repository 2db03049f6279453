"""Coupons: made, ended, and never used more often than they allow."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.billing.actions.coupons import (
    CouponWish,
    create_coupon,
    end_coupon,
    find_problems,
    give_back,
    take_use,
)
from app.billing.models import Coupon, CouponUse
from app.billing.queries.coupons import list_coupons
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, Refused
from tests.billing import buying
from tests.billing.shop import order, sell
from tests.cast import Cast

BUYERS = 50


def make(cast: Cast, **wish: object) -> Coupon:
    """Make a coupon, as the owner does."""
    values = {"code": "spring 2026", "percent": 10, **wish}
    with unit_of_work():
        return create_coupon(cast.actor("owner"), wish=CouponWish(**values))  # type: ignore[arg-type]


def left(coupon: Coupon) -> int | None:
    """Return the uses that are left now."""
    db.session.rollback()
    return db.session.get_one(Coupon, coupon.id, populate_existing=True).uses_left


def test_fifty_buyers_at_once_use_a_one_use_coupon_once(cast: Cast, app: Flask) -> None:
    plan, coupon = sell(cast), make(cast, uses=1)
    orders = [order(cast, cast.users["stranger"], plan, "open").id for _ in range(BUYERS)]
    coupon_id = coupon.id
    db.session.remove()
    together = threading.Barrier(BUYERS)
    outcomes: list[str] = []

    def use(order_id: int) -> None:
        together.wait()
        try:
            with app.app_context(), unit_of_work():
                take_use(coupon_id, order_id=order_id)
            outcomes.append("taken")
        except Invalid as refused:
            outcomes.append(refused.code)
        except BaseException as error:
            outcomes.append(repr(error))

    threads = [threading.Thread(target=use, args=(order_id,)) for order_id in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["coupon_used_up"] * (BUYERS - 1) + ["taken"]
    assert db.session.get_one(Coupon, coupon_id).uses_left == 0
    assert db.session.query(CouponUse).count() == 1


def test_a_use_is_given_back_once_and_taken_once(cast: Cast) -> None:
    plan, coupon = sell(cast), make(cast, uses=3)
    row = order(cast, cast.users["stranger"], plan, "open")
    for _ in range(2):
        with unit_of_work():
            take_use(coupon.id, order_id=row.id)
        assert left(coupon) == 2
    for _ in range(2):
        with unit_of_work():
            give_back(row.id)
        assert left(coupon) == 3
    with unit_of_work():
        give_back(99)


def test_an_unlimited_coupon_stays_unlimited_and_is_counted(cast: Cast) -> None:
    plan, coupon = sell(cast), make(cast, label="播客")
    rows = [order(cast, cast.users["stranger"], plan, "open") for _ in range(3)]
    with unit_of_work():
        for row in rows:
            take_use(coupon.id, order_id=row.id)
        give_back(rows[0].id)
    assert left(coupon) is None
    (line,) = list_coupons(cast.actor("owner"), cast.planet_id)
    assert (line.coupon.code, line.coupon.label, line.used, line.plan) == (
        "SPRING2026",
        "播客",
        2,
        "",
    )


def test_an_ended_coupon_is_not_taken_any_more(cast: Cast, noon: datetime) -> None:
    plan, coupon = sell(cast), make(cast, uses=5)
    row = order(cast, cast.users["stranger"], plan, "open")
    with unit_of_work():
        end_coupon(cast.actor("owner"), public_id=coupon.public_id)
    with pytest.raises(Invalid), unit_of_work():
        take_use(coupon.id, order_id=row.id)
    (line,) = list_coupons(cast.actor("owner"), cast.planet_id)
    assert line.state(noon) == "ended"


def test_a_person_uses_a_coupon_as_often_as_it_says(cast: Cast, noon: datetime) -> None:
    make(cast, code="ONCE")
    make(cast, code="TWICE", per_person=2)
    make(cast, code="ALWAYS", per_person=None)
    plan = buying.sell(cast)
    for code, times in (("ONCE", 1), ("TWICE", 2), ("ALWAYS", 3)):
        for _time in range(times):
            buying.buy(cast, "member", plan, coupon=code)
    for code in ("ONCE", "TWICE"):
        with pytest.raises(Invalid) as refused:
            buying.open_order(cast, "member", plan, coupon=code)
        assert (refused.value.field, refused.value.code) == ("coupon", "coupon_used")
        # Neither another window nor a gift is another person; another person is.
        with pytest.raises(Invalid):
            buying.open_order(cast, "member", plan, coupon=code, kind="gift")
        assert buying.buy(cast, "stranger", plan, coupon=code).state == "paid"
    buying.open_order(cast, "member", plan, coupon="ALWAYS")


def test_a_checkout_that_was_left_uses_up_nothing(cast: Cast, noon: datetime) -> None:
    make(cast, code="ONCE")
    plan, other = buying.sell(cast), buying.sell(cast)
    first = buying.open_order(cast, "member", plan, coupon="ONCE")
    assert buying.open_order(cast, "member", plan, coupon="ONCE").id == first.id
    second = buying.open_order(cast, "member", other, coupon="ONCE")
    assert second.amount == 17_910
    buying.do(second, "cancel")
    assert buying.buy(cast, "member", plan, coupon="ONCE").amount == 17_910


def test_a_coupon_for_a_subscription_says_which_payments_become_smaller(
    cast: Cast, noon: datetime
) -> None:
    monthly = sell(cast, mode="subscription", term="month")
    with pytest.raises(Invalid) as refused:
        make(cast, plan=monthly.public_id)
    assert (refused.value.field, refused.value.code) == ("plan", "coupon_passes_only")
    owner = cast.client("owner")
    assert monthly.public_id in owner.get("/p/orbit/coupons").text
    form = {"code": "MONTHLY", "kind": "percent", "percent": "10", "plan": monthly.public_id}
    answer = owner.post("/p/orbit/coupons", data={**form, "purpose": "both"})
    assert answer.status_code == 422
    assert "请选择哪几次付款享受优惠" in answer.text
    answer = owner.post("/p/orbit/coupons", data={**form, "purpose": "both", "duration": "once"})
    assert answer.status_code == 303
    # There are coupons for subscriptions now (R31): one types them wherever something is sold.
    page = cast.client("stranger").get("/p/orbit/buy?coupon=monthly").text
    assert 'id="f-coupon"' in page
    assert "之后每月" in page


def test_two_coupons_cannot_be_told_apart_by_spelling(cast: Cast) -> None:
    make(cast)
    with pytest.raises(Invalid) as refused:
        make(cast, code="Ｓpring2026")
    assert (refused.value.field, refused.value.code) == ("code", "coupon_taken")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "ab"}, "code"),
        ({"code": "x" * 31}, "code"),
        ({"code": "a/b/c"}, "code"),
        ({"percent": 0}, "percent"),
        ({"percent": 101}, "percent"),
        ({"percent": 0, "amount": 500, "currency": "XXX"}, "currency"),
        ({"purpose": "gift"}, "purpose"),
        ({"label": "长" * 41}, "label"),
        ({"uses": 0}, "uses"),
        ({"per_person": 0}, "per_person"),
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(
    noon: datetime, changes: dict[str, object], field: str
) -> None:
    values = {"code": "spring", "percent": 10, **changes}
    wish = CouponWish(**values)  # type: ignore[arg-type]
    assert [problem.field for problem in find_problems(wish, noon)] == [field]
    late = CouponWish("spring", percent=5, starts_at=noon + timedelta(days=2), ends_at=noon)
    assert [problem.field for problem in find_problems(late, noon)] == ["ends_at"]


@pytest.mark.parametrize("persona", ["admin", "member", "stranger"])
def test_only_who_leads_makes_coupons(cast: Cast, persona: str) -> None:
    coupon = make(cast)
    with pytest.raises(Refused), unit_of_work():
        create_coupon(cast.actor(persona), wish=CouponWish("summer", percent=5))
    with pytest.raises(Refused), unit_of_work():
        end_coupon(cast.actor(persona), public_id=coupon.public_id)
    with pytest.raises(Refused):
        list_coupons(cast.actor(persona), cast.planet_id)
