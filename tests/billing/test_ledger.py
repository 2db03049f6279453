"""The ledger: append-only, balanced, and the same after any order and repetition of bookings."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.billing.house import house
from app.billing.ledger import Cause, Line, book, book_order
from app.billing.models import (
    IncomeShare,
    LedgerEntry,
    LedgerTransaction,
    Order,
    PaidQuestion,
    Payment,
    Refund,
)
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from tests.billing.rows import write_order, write_payment, write_plan, write_refund
from tests.cast import Cast


@pytest.fixture
def fee_percent() -> Iterator[None]:
    """Let the installation take seven percent."""
    house.platform_fee_percent = 7
    yield
    house.platform_fee_percent = 0


def balances() -> dict[str, int]:
    """Account -> sum, without those that come to nothing."""
    rows = db.session.execute(
        sa.select(LedgerEntry.account, sa.func.sum(LedgerEntry.amount)).group_by(
            LedgerEntry.account
        )
    )
    return {account: int(amount) for account, amount in rows if amount}


def kinds() -> list[str]:
    return list(db.session.scalars(sa.select(LedgerTransaction.kind).order_by("id")))


def unbalanced() -> int:
    """How many transactions do not sum to 0 per currency."""
    sums = (
        sa.select(LedgerEntry.transaction_id)
        .group_by(LedgerEntry.transaction_id, LedgerEntry.currency)
        .having(sa.func.sum(LedgerEntry.amount) != 0)
    )
    return len(db.session.execute(sums).all())


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE ledger_transactions SET kind = 'gone'",
        "DELETE FROM ledger_transactions",
        "UPDATE ledger_entries SET amount = 0",
        "DELETE FROM ledger_entries",
    ],
)
def test_the_database_refuses_to_change_or_delete_what_is_booked(cast: Cast, act: str) -> None:
    with unit_of_work():
        order = write_order(cast)
        write_payment(order)
        book_order(order)
    with pytest.raises(sa.exc.DBAPIError, match="only added to"), unit_of_work() as session:
        session.execute(sa.text(act))
    assert balances() == {"provider": 9_900, "income": -9_900}


def test_a_booking_must_balance_and_counts_once(cast: Cast) -> None:
    cause = Cause(cast.planet_id, None, "demo", "payment", "payment", "x", clock.now())
    with unit_of_work():
        for lines in ([], [Line("a", 1, "CNY")], [Line("a", 1, "CNY"), Line("b", -1, "USD")],
                      [Line("a", 0, "CNY")]):  # fmt: skip
            with pytest.raises(ValueError, match="unbalanced"):
                book(cause, lines)
        both = [Line("a", 1, "CNY"), Line("b", -1, "CNY")]
        assert book(cause, both) is not None
        assert book(cause, both) is None
    assert balances() == {"a": 1, "b": -1}


def test_a_payment_with_its_fee_refund_and_failed_refund(cast: Cast) -> None:
    with unit_of_work():
        order = write_order(cast)
        payment = write_payment(order, fee=317)
        book_order(order)
    assert balances() == {"provider": 9_583, "income": -9_900, "fees": 317}
    with unit_of_work() as session:
        payment = session.get_one(Payment, payment.id)
        refund = write_refund(payment, "re_1", 4_000)
        payment.refunded = 4_000
        book_order(order)
    assert balances() == {"provider": 5_583, "income": -5_900, "fees": 317}
    with unit_of_work() as session:
        session.get_one(Refund, refund.id).state = "failed"
        session.get_one(Payment, payment.id).refunded = 0
        assert [row.kind for row in book_order(order)] == ["refund_failed"]
        assert book_order(order) == []
    assert balances() == {"provider": 9_583, "income": -9_900, "fees": 317}
    assert kinds() == ["payment", "fee", "refund", "refund_failed"]


def test_a_refund_made_at_the_provider_is_booked_as_an_adjustment(cast: Cast) -> None:
    with unit_of_work():
        order = write_order(cast)
        payment = write_payment(order)
        book_order(order)
        payment.refunded = 1_000
        book_order(order)
        payment.refunded = 2_500
        book_order(order)
    assert kinds() == ["payment", "adjustment", "adjustment"]
    assert balances() == {"provider": 7_400, "income": -7_400}


@pytest.mark.parametrize(
    ("words", "kinds_booked", "held"),
    [
        (["needs_response", "under_review"], ["dispute"], {"income": -9_900, "disputes": 9_900}),
        (["needs_response", "won"], ["dispute", "dispute_won"],
         {"provider": 9_900, "income": -9_900}),
        (["under_review", "lost"], ["dispute", "dispute_lost"], {}),
        (["lost"], ["dispute_lost"], {}),
        (["warning_needs_response", "won"], [], {"provider": 9_900, "income": -9_900}),
    ],
)  # fmt: skip
def test_r19_a_dispute_moves_money_as_it_goes(
    cast: Cast, words: list[str], kinds_booked: list[str], held: dict[str, int]
) -> None:
    with unit_of_work():
        order = write_order(cast)
        payment = write_payment(order)
        book_order(order)
        for word in words:
            payment.dispute, payment.dispute_ref = word, "dp_1"
            book_order(order)
            book_order(order)
    assert kinds() == ["payment", *kinds_booked]
    assert balances() == held


def test_r21_fees_and_shares_are_floored_and_the_rest_is_the_creators(
    cast: Cast, fee_percent: None
) -> None:
    plan = write_plan(cast)
    guest = cast.users["guest"]
    with unit_of_work() as session:
        session.add(_share(cast, "guest", 33, plan_id=plan.id))
        session.add(_share(cast, "partner", 10, plan_id=None))
        order = write_order(cast, plan_id=plan.id, amount=101)
        payment = write_payment(order)
        book_order(order)
    # 7 % of 101 is 7.07; 33 % of it is 33.33.
    assert balances() == {"provider": 101, "platform": -7, f"payable:{guest}": -33, "income": -61}
    with unit_of_work() as session:
        session.get_one(Payment, payment.id).refunded = 50
        house.platform_fee_percent = 50  # What was agreed at the sale stays.
        book_order(order)
    assert balances() == {"provider": 51, "platform": -3, f"payable:{guest}": -16, "income": -32}


def test_an_answered_question_pays_who_answered_a_share(cast: Cast) -> None:
    guest = cast.users["guest"]
    with unit_of_work() as session:
        session.add(_share(cast, "guest", 40))
        session.add(_share(cast, "partner", 10))
        order = write_order(cast, kind="question", amount=999)
        paid = PaidQuestion(
            order_id=order.id, key="key", addressee_id=guest, asker_id=cast.users["member"]
        )
        session.add(paid)
        write_payment(order)
        book_order(order)
    assert balances() == {"provider": 999, "income": -999}
    with unit_of_work() as session:
        session.get_one(PaidQuestion, order.id).outcome = "answered"
        book_order(session.get_one(Order, order.id))
    assert balances() == {"provider": 999, f"payable:{guest}": -399, "income": -600}


def test_a_share_that_began_later_takes_nothing_of_what_was_paid_before(cast: Cast) -> None:
    plan = write_plan(cast)
    with unit_of_work() as session:
        order = write_order(cast, plan_id=plan.id)
        write_payment(order)
        session.add(_share(cast, "guest", 40, plan_id=plan.id, created_at=clock.now()))
        book_order(order)
    assert balances() == {"provider": 9_900, "income": -9_900}


def test_transfers_lie_in_the_bank(cast: Cast) -> None:
    with unit_of_work():
        order = write_order(cast, gateway="transfer")
        write_payment(order)
        book_order(order)
    assert balances() == {"bank": 9_900, "income": -9_900}


@pytest.mark.parametrize("seed", range(12))
def test_any_order_and_repetition_ends_in_the_same_balances(
    cast: Cast, fee_percent: None, seed: int
) -> None:
    """Syncs see the life of a payment in any pieces, some of them twice, some never."""
    chance = random.Random(seed)
    plan = write_plan(cast)
    with unit_of_work() as session:
        session.add(_share(cast, "guest", 20, plan_id=plan.id))
        order = write_order(cast, plan_id=plan.id)
        payment = write_payment(order)
        refunds = [write_refund(payment, f"re_{n}", 1_000 + n, "asked") for n in range(3)]
    for _ in range(chance.randrange(40)):
        _sync(order, payment, refunds, chance)
    with unit_of_work() as session:
        row = session.get_one(Payment, payment.id)
        row.fee, row.dispute, row.refunded = 300, "won", 1_001
        for number, refund in enumerate(refunds):
            session.get_one(Refund, refund.id).state = ("failed", "succeeded", "failed")[number]
        book_order(session.get_one(Order, order.id))
        assert book_order(session.get_one(Order, order.id)) == []
    guest = f"payable:{cast.users['guest']}"
    left = 9_900 - 1_001
    platform, share = left * 7 // 100, left * 20 // 100
    assert balances() == {
        "provider": left - 300,
        "fees": 300,
        "platform": -platform,
        guest: -share,
        "income": platform + share - left,
    }
    assert unbalanced() == 0
    assert max(Counter(_causes()).values()) == 1


def _causes() -> list[tuple[str, str]]:
    rows = db.session.execute(sa.select(LedgerTransaction.source, LedgerTransaction.source_ref))
    return [(source, ref) for source, ref in rows]


def _sync(order: Order, payment: Payment, refunds: list[Refund], chance: random.Random) -> None:
    with unit_of_work() as session:
        row = session.get_one(Payment, payment.id)
        row.fee = chance.choice([0, 300])
        row.dispute = chance.choice(["", "warning_needs_response", "needs_response", "won", "lost"])
        row.refunded = chance.choice([0, 1_000, 1_001, 3_003, row.amount])
        for refund in refunds:
            state = chance.choice(["asked", "pending", "succeeded", "failed"])
            session.get_one(Refund, refund.id).state = state
        for _ in range(chance.randrange(3)):
            book_order(session.get_one(Order, order.id))


def _share(cast: Cast, persona: str, percent: int, **values: object) -> IncomeShare:
    columns: dict[str, object] = {
        "created_at": clock.now() - timedelta(days=1),
        "created_by": cast.users["owner"],
        **values,
    }
    return IncomeShare(
        planet_id=cast.planet_id, user_id=cast.users[persona], percent=percent, **columns
    )
