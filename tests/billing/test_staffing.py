"""What staff do about access and money: extended, ended, put on another plan, given back, removed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions import staffing
from app.billing.actions.staffing import RefundChoice
from app.billing.models import Order, Payment, Plan, Refund
from app.billing.pricing import Pricing, quote
from app.billing.shares import unused_days, unused_share
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.memberships.models import Entitlement
from app.notifications.models import Mail
from app.policy import Standing
from tests.billing.buying import at, buy, open_order, sell, work
from tests.cast import Cast
from tests.memberships.people import row

TOKEN = "a-one-time-token-of-a-form"
DAY = timedelta(days=1)


def payment_of(order: Order) -> Payment:
    return db.session.query(Payment).filter_by(order_id=order.id).one()


def give_back(cast: Cast, order: Order, way: str, persona: str = "admin", **more: str) -> Refund:
    values = {"ends": "now", "reason": "请求", "token": TOKEN} | more
    with unit_of_work():
        return staffing.refund(
            cast.actor(persona),
            order_id=order.public_id,
            payment_id=payment_of(order).id,
            choice=RefundChoice(way, **values),
        )


def trail(action: str) -> list[AuditEntry]:
    return list(db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == action)))


def test_unused_days_are_whole_and_floored() -> None:
    """R21: shares are floored; a day that has begun is used."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    until = since + 365 * DAY
    assert unused_days(since, until, since) == (365, 365)
    assert unused_days(since, until, since + timedelta(seconds=1)) == (364, 365)
    assert unused_days(since, until, until) == (0, 365)
    assert unused_days(since, until, since - DAY) == (365, 365)
    assert unused_share(500, since=since, until=until, now=since + 100 * DAY) == 363
    assert unused_share(500, since=since, until=since, now=since) == 0


def test_days_are_added(noon: datetime, cast: Cast) -> None:
    plan = sell(cast)
    buy(cast, "stranger", plan)
    member = row(cast, "stranger").public_id
    for _twice in range(2):
        with unit_of_work():
            staffing.extend(
                cast.actor("admin"), member_id=member, days=10, reason="停机", token=TOKEN
            )
    assert at(cast, "stranger") == noon + 375 * DAY
    with pytest.raises(Invalid), unit_of_work():
        staffing.extend(cast.actor("admin"), member_id=member, days=0, reason="停机", token=TOKEN)
    with pytest.raises(Refused), unit_of_work():
        staffing.extend(cast.actor("guest"), member_id=member, days=1, reason="x", token=TOKEN)


def test_access_ends_at_once_and_without_grace(noon: datetime, cast: Cast) -> None:
    buy(cast, "stranger", sell(cast))
    member = row(cast, "stranger").public_id
    with pytest.raises(Invalid), unit_of_work():
        staffing.end_access(cast.actor("admin"), member_id=member, reason=" ")
    with unit_of_work():
        staffing.end_access(cast.actor("admin"), member_id=member, reason="倒卖内容")
    assert cast.actor("stranger").standing is Standing.EXPIRED
    assert [entry.reason for entry in trail("access.end")] == ["倒卖内容"]
    with pytest.raises(Conflict), unit_of_work():
        staffing.end_access(cast.actor("admin"), member_id=member, reason="再次")


def test_a_subscription_is_told_to_end(cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast, mode="subscription", term="month", term_count=1))
    with unit_of_work():
        staffing.end_access(
            cast.actor("owner"), member_id=row(cast, "stranger").public_id, reason="请求"
        )
    work()
    db.session.refresh(order)
    assert cast.actor("stranger").standing is Standing.EXPIRED


def test_staff_and_guests_are_beyond_it(cast: Cast) -> None:
    for persona in ("guest", "admin", "owner"):
        with pytest.raises((Invalid, Refused)), unit_of_work():
            staffing.end_access(
                cast.actor("partner"), member_id=row(cast, persona).public_id, reason="x"
            )


def test_another_plan_takes_the_place_of_the_rest(noon: datetime, cast: Cast) -> None:
    year = sell(cast)
    quarter = sell(cast, name="季度", term_count=90, amount=5_900)
    buy(cast, "stranger", year)
    end = noon + 90 * DAY
    for _twice in range(2):
        with unit_of_work():
            staffing.change_plan(
                cast.actor("admin"),
                member_id=row(cast, "stranger").public_id,
                plan_id=quarter,
                ends_at=end,
                reason="换成季度",
                token=TOKEN,
            )
    assert at(cast, "stranger") == end
    held = db.session.query(Entitlement).filter_by(membership_id=row(cast, "stranger").id).all()
    assert [e.plan_ref for e in held if e.until_at == end] == [quarter]
    assert len(trail("access.plan")) == 1
    # He paid, and holds: to renew costs what it costs those who renew in time.
    planet, actor = cast.entry("stranger")
    plan = db.session.query(Plan).filter_by(public_id=year).one()
    assert quote(planet, actor, plan.id, now=noon).pricing is Pricing.EARLY


def test_another_plan_needs_a_seat_and_a_future(noon: datetime, cast: Cast) -> None:
    full = sell(cast, seats=1)
    buy(cast, "expired", full)
    member = row(cast, "member").public_id

    def put(plan: str, days: int) -> None:
        with unit_of_work():
            staffing.change_plan(
                cast.actor("admin"),
                member_id=member,
                plan_id=plan,
                ends_at=noon + days * DAY,
                reason="换",
                token=TOKEN,
            )

    with pytest.raises(Conflict):
        put(full, 5)
    with pytest.raises(Invalid):
        put(full, -5)
    with pytest.raises(NotFound):
        put("nosuchplan", 5)


@pytest.mark.parametrize(
    ("way", "amount", "ends", "standing", "back"),
    [
        ("full", "", "now", Standing.EXPIRED, 19_900),
        ("full", "", "at_end", Standing.ACTIVE, 19_900),
        ("part", "50", "at_end", Standing.ACTIVE, 5_000),
        ("part", "50", "now", Standing.EXPIRED, 5_000),
        ("pro_rata", "", "now", Standing.EXPIRED, 19_900 * 265 // 365),
    ],
)
def test_money_goes_back(
    noon: datetime, cast: Cast, way: str, amount: str, ends: str, standing: Standing, back: int
) -> None:
    order = buy(cast, "stranger", sell(cast))
    with clock.fixed(noon + 100 * DAY):
        for _twice in range(2):
            give_back(cast, order, way, amount=amount, ends=ends)
        work()
        assert payment_of(order).refunded == back
        assert cast.actor("stranger").standing is standing
    assert [entry.reason for entry in trail("refund.ask")] == ["请求"]


def test_a_refund_needs_a_reason_and_something_left(cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast))
    for wrong in ({"reason": " "}, {"ends": "never"}):
        with pytest.raises(Invalid):
            give_back(cast, order, "full", **wrong)
    for way, amount in (("part", "0"), ("part", "199.01"), ("part", "x"), ("most", "")):
        with pytest.raises(Invalid):
            give_back(cast, order, way, amount=amount)
    with pytest.raises(Refused):
        give_back(cast, order, "full", persona="guest")
    give_back(cast, order, "full")
    with pytest.raises(Invalid):
        give_back(cast, order, "full", token=TOKEN + "2")


def test_for_ever_has_no_share_of_days(cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast, term="lifetime", term_count=1))
    assert staffing.pro_rata(payment_of(order)) == 0
    with pytest.raises(Invalid):
        give_back(cast, order, "pro_rata")


def test_removed_with_the_rest_of_the_money(noon: datetime, cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast))
    with clock.fixed(noon + 100 * DAY):
        with unit_of_work():
            asked = staffing.remove_with_refund(
                cast.actor("admin"),
                member_id=row(cast, "stranger").public_id,
                way="pro_rata",
                reason="辱骂",
                token=TOKEN,
            )
        work()
        assert [refund.amount for refund in asked] == [19_900 * 265 // 365]
        assert payment_of(order).refunded == 19_900 * 265 // 365
        assert cast.actor("stranger").standing is Standing.REMOVED


def test_a_receipt_is_sent_again_once(cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast))
    work()
    before = db.session.query(Mail).count()
    for _twice in range(2):
        with unit_of_work():
            staffing.resend_receipt(cast.actor("admin"), order_id=order.public_id, token=TOKEN)
    work()
    mails = db.session.query(Mail).order_by(Mail.id).all()[before:]
    assert [mail.user_id for mail in mails] == [cast.users["stranger"]]
    unpaid = open_order(cast, "expired", sell(cast, name="另一个"))
    with pytest.raises(NotFound), unit_of_work():
        staffing.resend_receipt(cast.actor("admin"), order_id=unpaid.public_id, token=TOKEN)
