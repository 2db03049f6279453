"""The owner's numbers over rows, each equal to a count by hand. Now is 16 September 2026, noon UTC;
the months are those of Shanghai, eight hours ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.house import house
from app.billing.ledger import book_order
from app.billing.models import IncomeShare, LedgerEntry, LedgerTransaction, Plan, Subscription
from app.insights.income import Sold, list_income
from app.insights.members import count_people, list_ends, list_standings, list_turns
from app.insights.months import last_months
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Refused
from app.memberships.models import Entitlement, Membership
from tests.billing.rows import write_order, write_payment, write_plan, write_refund
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("noon")
ZONE = "Asia/Shanghai"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def member_id(cast: Cast, persona: str) -> int:
    return db.session.query(Membership).filter_by(user_id=cast.users[persona]).one().id


def give(cast: Cast, persona: str, since: str, until: str, **columns: object) -> None:
    """Write an entitlement that lies from `since` to `until`."""
    with unit_of_work() as session:
        number = session.query(Entitlement).count()
        values: dict[str, object] = {
            "source": "code",
            "source_ref": f"given-{number}",
            "starts_at": utc(since),
            "created_at": utc(since),
            "since_at": utc(since),
            "until_at": utc(until),
            **columns,
        }
        session.add(Entitlement(membership_id=member_id(cast, persona), **values))


def add_stranger(cast: Cast) -> None:
    """Let the stranger be a member whose access is over."""
    with unit_of_work() as session:
        session.add(
            Membership(
                planet_id=cast.planet_id,
                user_id=cast.users["stranger"],
                joined_at=utc("2026-07-31T17:00"),
                expires_at=utc("1970-01-01"),
                read_through_at=utc("2026-07-31T17:00"),
            )
        )


def test_members_by_standing(cast: Cast) -> None:
    """By hand, from the cast: active are member, other, isolated, muted; grace is one (two days ago of
    seven); expired is one, and the stranger, whose access was taken back. The team: owner, partner,
    admin, guest."""
    add_stranger(cast)
    planet, owner = cast.entry("owner")
    found = {
        head.standing: (head.members, head.team)
        for head in list_standings(count_people(owner, planet))
    }
    assert found == {
        "active": (4, 4),
        "grace": (1, 0),
        "expired": (2, 0),
        "left": (1, 0),
        "removed": (1, 0),
        "pending": (1, 0),
    }


def test_ends_ahead(cast: Cast, noon: datetime) -> None:
    """By hand: other ends in exactly 7 days, muted in 30 and renews by himself, isolated a second
    after 90 days, member in 265. Who is in grace or a guest counts nowhere."""
    cast.set_membership("other", expires_at=noon + timedelta(days=7))
    cast.set_membership("muted", expires_at=noon + timedelta(days=30))
    cast.set_membership("isolated", expires_at=noon + timedelta(days=90, seconds=1))
    cast.set_membership("guest", expires_at=noon + timedelta(days=3))
    for persona, ends in (("muted", False), ("other", True)):
        with unit_of_work() as session:
            order = write_order(cast, persona, mode="subscription", state="paid")
            session.add(
                Subscription(
                    order_id=order.id,
                    provider_ref=f"sub_{persona}",
                    status="active",
                    cancel_at_period_end=ends,
                    synced_at=noon,
                )
            )
    planet, owner = cast.entry("owner")
    found = [(one.days, one.ends, one.renewing) for one in list_ends(count_people(owner, planet))]
    assert found == [(7, 1, 0), (30, 2, 1), (90, 2, 1)]


def test_new_renewed_lost_and_cohorts(cast: Cast) -> None:
    """By hand. The cast came on 8 June: member, other, grace, expired, left, removed, isolated, muted:
    8 new in June. The stranger came at 1:00 on 1 August in Shanghai, still July in UTC: 1 new in August.

    September: member bought more on the 10th, long before his end: 1 early. Left and removed went on
    the 11th: 2 lost. Grace ended on the 14th: 1 open. August: expired ended on the 17th, 30 days ago
    to the second: lost; the stranger was refunded on the 20th: lost; so 2.

    June's cohort: early 1, lost 3, open 1, running 3 (other, isolated, muted): due 5, rate 1 of 4.
    Not counted: pending's trial, the entitlement of other money, and the team.
    """
    add_stranger(cast)
    give(cast, "stranger", "2026-07-31T17:00", "2027-07-31", revoked_at=utc("2026-08-20"))
    # The second was paid as well and refunded before it began: it never gave any time.
    give(cast, "stranger", "2027-07-31", "2028-07-31", revoked_at=utc("2026-08-20"))
    give(cast, "member", "2027-06-08T12:00", "2028-06-08", starts_at=utc("2026-09-10"))
    give(cast, "pending", "2026-09-01", "2026-09-08", source="trial")
    give(cast, "grace", "2026-09-14", "2027-09-14", environment="live")
    give(cast, "guest", "2026-09-14", "2027-09-14")
    planet, owner = cast.entry("owner")
    months = last_months(12, now=owner.now, zone=ZONE)
    flows, cohorts = list_turns(count_people(owner, planet), months)
    found = [(f.new, f.early, f.grace, f.late, f.lost, f.open) for f in flows]
    june, july, august, september = found[-4:]
    assert june == (8, 0, 0, 0, 0, 0)
    assert july == (0, 0, 0, 0, 0, 0)
    assert august == (1, 0, 0, 0, 2, 0)
    assert september == (0, 1, 0, 0, 2, 1)
    assert set(found[:-4]) == {(0,) * 6}
    assert (cohorts[-4].joined, cohorts[-4].due, cohorts[-4].rate) == (8, 5, 0.25)
    assert (cohorts[-2].joined, cohorts[-2].due, cohorts[-2].rate) == (1, 1, 0.0)


def sell_and_take_back(cast: Cast) -> tuple[Plan, Plan]:
    """Write the orders of the hand calculation below."""
    year, month = write_plan(cast), write_plan(cast, name="月卡", amount=1_000)
    house.platform_fee_percent = 10
    with unit_of_work() as session:
        session.add(
            IncomeShare(
                planet_id=cast.planet_id,
                plan_id=month.id,
                user_id=cast.users["guest"],
                percent=20,
                created_at=utc("2026-01-01"),
                created_by=cast.users["owner"],
            )
        )
        order = write_order(cast, plan_id=year.id, currency="CNY")
        # One minute before midnight in Shanghai, and at midnight.
        write_payment(order, "ch_july", paid_at=utc("2026-07-31T15:59"), fee=300)
        august = write_payment(order, "ch_august", paid_at=utc("2026-07-31T16:00"), fee=300)
        write_refund(august, "re_1", 4_000, at=utc("2026-09-02"))
        august.refunded = 4_000
        book_order(order)
        lost = write_order(cast, plan_id=month.id, amount=1_000, currency="CNY")
        write_payment(
            lost,
            "ch_lost",
            paid_at=utc("2026-08-10"),
            dispute="lost",
            dispute_at=utc("2026-09-05"),
            dispute_fee=50,
        )
        write_payment(lost, "ch_kept", paid_at=utc("2026-08-11"))
        book_order(lost)
        yen = write_order(cast, kind="question", amount=500, currency="JPY")
        write_payment(yen, "ch_yen", paid_at=utc("2026-09-01"))
        book_order(yen)
        old = write_order(cast, plan_id=year.id, currency="CNY")
        write_payment(old, "ch_old", paid_at=utc("2025-09-01"))
        book_order(old)
    house.platform_fee_percent = 0
    return year, month


def test_income_by_month_and_plan(cast: Cast) -> None:
    """By hand; the platform takes 10 % of what was not given back, the guest 20 % of the month plan.

    July, year plan: paid 99.00, fee 3.00, platform 9.90.
    August, year plan: paid 99.00, fee 3.00, platform 10 % of 99.00 - 40.00 = 5.90; the refund of
    40.00 stands in September, when it was made.
    August, month plan: paid 10.00 + 10.00; of the lost one nothing is left, so no platform and no
    share; of the kept one platform 1.00, share 2.00. September: dispute 10.00 and its fee 0.50.
    September, questions in yen: paid 500, platform 50. What was paid a year before is outside.
    """
    sell_and_take_back(cast)
    planet, owner = cast.entry("owner")
    months = last_months(12, now=owner.now, zone=ZONE)
    lines = list_income(owner, planet, months)
    found = {
        (months.firsts[line.month].month, line.sold, line.currency): (
            line.sums.paid,
            line.sums.refunded,
            line.sums.disputed,
            line.sums.fees,
            line.sums.platform,
            line.sums.shares,
            line.sums.net,
        )
        for line in lines
    }
    year, month, questions = Sold("年卡", ""), Sold("月卡", ""), Sold("", "question")
    assert found == {
        (7, year, "CNY"): (9_900, 0, 0, 300, 990, 0, 8_610),
        (8, year, "CNY"): (9_900, 0, 0, 300, 590, 0, 9_010),
        (8, month, "CNY"): (2_000, 0, 0, 0, 100, 200, 1_700),
        (9, year, "CNY"): (0, 4_000, 0, 0, 0, 0, -4_000),
        (9, month, "CNY"): (0, 0, 1_000, 50, 0, 0, -1_050),
        (9, questions, "JPY"): (500, 0, 0, 0, 50, 0, 450),
    }


def test_income_equals_the_ledger(cast: Cast) -> None:
    """What is left is what the ledger's accounts of the creator come to, per currency."""
    sell_and_take_back(cast)
    planet, owner = cast.entry("owner")
    months = last_months(24, now=owner.now, zone=ZONE)
    left: dict[str, int] = {}
    for line in list_income(owner, planet, months):
        left[line.currency] = left.get(line.currency, 0) + line.sums.net
    booked = db.session.execute(
        sa.select(LedgerEntry.currency, -sa.func.sum(LedgerEntry.amount))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(LedgerEntry.account.in_(("income", "fees", "disputes")))
        .group_by(LedgerEntry.currency)
    )
    assert left == {currency: int(amount) for currency, amount in booked}


def test_an_open_dispute_holds_money_until_it_is_won(cast: Cast) -> None:
    plan = write_plan(cast)
    with unit_of_work():
        order = write_order(cast, plan_id=plan.id, currency="CNY")
        payment = write_payment(order, dispute="needs_response")
        book_order(order)
    planet, owner = cast.entry("owner")
    months = last_months(3, now=owner.now, zone=ZONE)
    (line,) = list_income(owner, planet, months)
    assert (line.sums.paid, line.sums.disputed, line.sums.net) == (9_900, 9_900, 0)
    with unit_of_work() as session:
        session.merge(payment).dispute = "won"
        book_order(session.merge(order))
    (line,) = list_income(owner, planet, months)
    assert (line.sums.paid, line.sums.disputed, line.sums.net) == (9_900, 0, 9_900)


@pytest.mark.parametrize("persona", ["admin", "guest", "member", "stranger", "visitor"])
def test_nobody_else_is_told(cast: Cast, persona: str) -> None:
    planet, actor = cast.entry(persona) if persona != "stranger" else (None, cast.actor("admin"))
    planet = planet or cast.entry("owner")[0]
    months = last_months(3, now=actor.now, zone=ZONE)
    for read in (
        lambda: count_people(actor, planet),
        lambda: list_income(actor, planet, months),
    ):
        with pytest.raises(Refused):
            read()
