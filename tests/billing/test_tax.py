"""Tax that the provider collects is nobody's income: kept apart in payments and in the ledger (R32)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.billing.actions.sync import sync
from app.billing.gateway import gateways
from app.billing.house import house
from app.billing.ledger import book_order
from app.billing.models import LedgerEntry, Order, Payment, Refund
from app.kernel.db import db, unit_of_work
from tests.billing.buying import open_order, sell
from tests.billing.rows import write_order, write_payment, write_refund
from tests.billing.stripe_double import StripeDouble
from tests.cast import Cast


@pytest.fixture
def taxed(stripe: StripeDouble) -> StripeDouble:
    """Let Stripe collect a tenth of the net price."""
    stripe.tax_percent = 10
    gateways.by_name["stripe"] = stripe.gateway(automatic_tax=True)
    return stripe


def balances() -> dict[str, int]:
    """Account -> sum, without those that come to nothing."""
    db.session.rollback()
    rows = db.session.execute(
        select(LedgerEntry.account, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.account)
    )
    return {account: int(amount) for account, amount in rows if amount}


def test_r32_tax_of_a_pass_is_no_income(cast: Cast, taxed: StripeDouble, noon: datetime) -> None:
    order = open_order(cast, "stranger", sell(cast, amount=11_000))
    taxed.pay(str(order.provider_ref))
    sync(order.id, cause="return")
    found = balances()
    assert db.session.scalars(select(Payment.tax)).one() == 1_000
    assert found["tax"] == -1_000
    assert found["income"] == -10_000
    assert found["provider"] + found["fees"] == 11_000


def test_r32_each_invoice_of_a_subscription_says_its_tax(
    cast: Cast, taxed: StripeDouble, noon: datetime
) -> None:
    plan = sell(cast, amount=1_100, mode="subscription", term="month", term_count=1)
    order = open_order(cast, "stranger", plan)
    taxed.pay(str(order.provider_ref))
    sync(order.id, cause="return")
    ref = db.session.scalars(select(Order.subscription_ref).where(Order.id == order.id)).one()
    taxed.renew(str(ref))
    sync(order.id, cause="webhook")
    assert balances()["tax"] == -200
    assert list(db.session.scalars(select(Payment.tax))) == [100, 100]


@pytest.mark.parametrize(
    ("refunded", "left"),
    [
        (0, {"provider": 11_000, "income": -9_000, "tax": -1_000, "platform": -1_000}),
        (5_500, {"provider": 5_500, "income": -4_500, "tax": -500, "platform": -500}),
        (11_000, {}),
    ],
)
def test_r32_shares_and_fees_are_of_what_is_left_after_tax(
    cast: Cast, refunded: int, left: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "platform_fee_percent", 10)
    with unit_of_work():
        order = write_order(cast, amount=11_000)
        payment = write_payment(order, tax=1_000)
        book_order(order)
        if refunded:
            write_refund(payment, "re_1", refunded)
            payment.refunded = refunded
        book_order(order)
        assert book_order(order) == []
    assert balances() == left


def test_r32_the_tax_of_a_refund_that_failed_is_owed_again(cast: Cast, noon: datetime) -> None:
    with unit_of_work() as session:
        order = write_order(cast, amount=11_000)
        payment = write_payment(order, tax=1_000, paid_at=noon - timedelta(days=1))
        refund = write_refund(payment, "re_1", 11_000)
        payment.refunded = 11_000
        book_order(order)
        session.get_one(Refund, refund.id).state = "failed"
        payment.refunded = 0
        book_order(order)
    assert balances() == {"provider": 11_000, "income": -10_000, "tax": -1_000}
