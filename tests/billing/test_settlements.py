"""R32: with several owners on one installation the ledger knows what is owed to each of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.billing.actions.payouts import Payout, pay_out
from app.billing.actions.settlements import Settlement, book_what_is_owed, settle
from app.billing.house import house
from app.billing.ledger import book_order
from app.billing.models import IncomeShare, LedgerEntry, LedgerTransaction, Payment
from app.billing.queries.ledger import Stretch
from app.billing.queries.settlement import list_owed_owners, read_statements, sum_owed
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.memberships.models import Membership
from tests.billing.rows import write_order, write_payment, write_plan, write_refund
from tests.cast import Cast

TOKEN = "0123456789abcdef0123"


@pytest.fixture
def settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the installation take everybody's money, and a tenth of it for itself."""
    monkeypatch.setattr(house, "settles_owners", True)
    monkeypatch.setattr(house, "platform_fee_percent", 10)


def balances() -> dict[str, int]:
    """Account -> sum, without those that come to nothing."""
    db.session.rollback()
    rows = db.session.execute(
        select(LedgerEntry.account, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.account)
    )
    return {account: int(amount) for account, amount in rows if amount}


def owed(cast: Cast, currency: str = "CNY") -> int:
    """What is owed to the owner of the cast's planet."""
    return sum_owed(cast.planet_id, currency)


def pay(cast: Cast, amount: int, token: str = TOKEN) -> bool:
    """Book that the owner was paid."""
    with unit_of_work():
        return settle(cast.planet_id, Settlement(amount, "CNY", "11 月结算", token))


def share_a_tenth(cast: Cast, plan_id: int) -> None:
    with unit_of_work() as session:
        session.add(
            IncomeShare(
                planet_id=cast.planet_id,
                plan_id=plan_id,
                user_id=cast.users["guest"],
                percent=10,
                created_at=clock.now() - timedelta(days=1),
                created_by=cast.users["owner"],
            )
        )


def pay_the_guest(cast: Cast, amount: int) -> None:
    """Let the owner pay the guest's share from the owner's own pocket."""
    with unit_of_work() as session:
        guest = session.scalars(
            select(Membership.public_id).where(
                Membership.planet_id == cast.planet_id, Membership.user_id == cast.users["guest"]
            )
        ).one()
        pay_out(cast.actor("owner"), payout=Payout(guest, amount, "CNY", "11 月", TOKEN))


def test_r32_owed_is_income_less_fees_tax_refunds_and_shares(cast: Cast, settling: None) -> None:
    plan = write_plan(cast)
    share_a_tenth(cast, plan.id)
    with unit_of_work():
        order = write_order(cast, amount=11_000, plan_id=plan.id)
        payment = write_payment(order, fee=300, tax=1_000)
        book_order(order)
    assert owed(cast) == 11_000 - 300 - 1_000 - 1_000 - 1_000
    with unit_of_work() as session:
        kept = session.get_one(Payment, payment.id)
        write_refund(kept, "re_1", 5_500)
        kept.refunded = 5_500
        book_order(order)
        assert book_order(order) == []
    assert owed(cast) == 5_500 - 300 - 500 - 500 - 500
    assert sum(balances().values()) == 0


def test_r32_a_dispute_is_owed_again_when_it_is_won(cast: Cast, settling: None) -> None:
    with unit_of_work():
        order = write_order(cast, amount=10_000)
        payment = write_payment(order)
        book_order(order)
        payment.dispute, payment.dispute_fee = "needs_response", 1_500
        book_order(order)
        # The fee of the site is of what was not lost; that is not known yet.
        assert owed(cast) == 0 - 1_000 - 1_500
        payment.dispute = "won"
        book_order(order)
    assert owed(cast) == 10_000 - 1_000 - 1_500


def test_r32_money_by_transfer_is_with_the_owner_who_owes_the_fee(
    cast: Cast, settling: None
) -> None:
    with unit_of_work():
        order = write_order(cast, amount=10_000, gateway="transfer")
        write_payment(order)
        book_order(order)
    assert owed(cast) == -1_000


def test_r32_a_settlement_reduces_what_is_owed_once_and_never_below_nothing(
    cast: Cast, settling: None
) -> None:
    with unit_of_work():
        order = write_order(cast, amount=10_000)
        write_payment(order)
        book_order(order)
    with pytest.raises(Invalid):
        pay(cast, 9_001)
    assert pay(cast, 5_000)
    assert not pay(cast, 5_000)
    assert owed(cast) == 4_000
    with pytest.raises(Invalid):
        pay(cast, 4_001, token="another-token-01")
    assert balances()["site"] == -5_000


def test_r32_an_owner_who_paid_a_share_is_owed_it_by_the_house(cast: Cast, settling: None) -> None:
    plan = write_plan(cast)
    share_a_tenth(cast, plan.id)
    with unit_of_work():
        order = write_order(cast, amount=10_000, plan_id=plan.id)
        write_payment(order)
        book_order(order)
    assert owed(cast) == 8_000
    pay_the_guest(cast, 1_000)
    assert owed(cast) == 9_000


def test_r32_what_was_booked_before_is_owed_after_the_setting_is_turned_on(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = write_plan(cast)
    share_a_tenth(cast, plan.id)
    with unit_of_work():
        order = write_order(cast, amount=10_000, plan_id=plan.id)
        write_payment(order, fee=300)
        book_order(order)
    pay_the_guest(cast, 400)
    assert "owed" not in balances()
    with pytest.raises(Conflict):
        pay(cast, 1)
    assert book_what_is_owed() == 0
    monkeypatch.setattr(house, "settles_owners", True)
    assert book_what_is_owed() > 0
    assert owed(cast) == 10_000 - 300 - 1_000 + 400
    assert book_what_is_owed() == 0
    # Turned off again nothing is taken back.
    monkeypatch.setattr(house, "settles_owners", False)
    with unit_of_work():
        assert book_order(order) == []
    assert owed(cast) == 10_000 - 300 - 1_000 + 400


@pytest.fixture
def two_months(cast: Cast, settling: None, noon: datetime) -> Iterator[Stretch]:
    """Sell in August and in September, and pay the owner in September; returns September."""
    august = noon - timedelta(days=30)
    with unit_of_work():
        for number, moment in enumerate((august, noon)):
            order = write_order(cast, amount=10_000)
            write_payment(order, f"ch_{number}", fee=300, paid_at=moment)
            book_order(order)
    pay(cast, 8_000)
    yield Stretch(noon - timedelta(days=15), noon + timedelta(days=15))


def test_r32_a_statement_opens_with_what_was_owed_and_closes_with_what_is(
    cast: Cast, two_months: Stretch
) -> None:
    (found,) = read_statements(cast.planet_id, two_months)
    assert (found.currency, found.opened, found.closed) == ("CNY", 8_700, 9_400)
    assert {each.name: each.amount for each in found.moves} == {
        "payment": 10_000,
        "fee": -300,
        "platform_fee": -1_000,
    }
    assert [each.amount for each in found.settled] == [8_000]
    assert found.closed == owed(cast)


def test_r32_the_keeper_sees_what_each_owner_is_owed(cast: Cast, two_months: Stretch) -> None:
    (found,) = list_owed_owners()
    assert (found.slug, found.currency, found.amount) == ("orbit", "CNY", 9_400)
    kinds = db.session.scalars(select(LedgerTransaction.kind).distinct())
    assert "settlement" in set(kinds)
