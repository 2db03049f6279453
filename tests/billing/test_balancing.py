"""R32: the sum of our accounts with the provider is what the provider says lies there."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.billing.actions.asking import RefundWish, ask_refund, list_payments
from app.billing.actions.balancing import compare, record_payouts
from app.billing.actions.reconcile import reconcile
from app.billing.actions.sync import sync
from app.billing.models import Order, ProviderPayout
from app.kernel.db import db, unit_of_work
from tests.billing.buying import open_order, sell
from tests.billing.stripe_double import StripeDouble
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("noon")


def flask(app: Flask, *arguments: str) -> tuple[int, list[str]]:
    """Run a command; returns its status and the lines that it said."""
    result = app.test_cli_runner().invoke(args=["settlements", *arguments])
    db.session.rollback()
    return result.exit_code, result.output.splitlines()


def bought(cast: Cast, stripe: StripeDouble, persona: str, **terms: object) -> Order:
    """Let somebody buy and pay at Stripe."""
    order = open_order(cast, persona, sell(cast, **terms))
    stripe.pay(str(order.provider_ref))
    return sync(order.id, cause="return")


def test_r32_books_and_balance_agree_through_a_whole_life(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    kept = bought(cast, stripe, "stranger")
    disputed = bought(cast, stripe, "expired")
    monthly = bought(cast, stripe, "left", mode="subscription", term="month", term_count=1)
    stripe.renew(str(monthly.subscription_ref))
    with unit_of_work() as session:
        order = session.get_one(Order, kept.id)
        (payment,) = list_payments(order.id)
        ask_refund(order, payment, RefundWish(5_000, "keep", "halb", "t" * 20, None), cause="staff")
    charge = list_payments(disputed.id)[0].provider_ref
    stripe.dispute(charge)
    stripe.pay_out(20_000, "cny")
    came_back = stripe.pay_out(7_000, "cny")
    reconcile()
    (found,) = compare()
    assert found.paid_out == 27_000
    assert found.difference == 0
    came_back["status"] = "failed"
    with time_machine.travel(noon + timedelta(days=5), tick=False):
        record_payouts()
        (found,) = compare()
    assert (found.paid_out, found.difference) == (20_000, 0)


def test_r32_payouts_are_written_once(cast: Cast, stripe: StripeDouble) -> None:
    stripe.pay_out(20_000, "cny")
    assert record_payouts() == 1
    record_payouts()
    (row,) = db.session.scalars(select(ProviderPayout))
    assert (row.amount, row.currency, row.status, row.environment) == (
        20_000,
        "CNY",
        "in_transit",
        "test",
    )


def test_r32_the_command_says_what_is_missing(app: Flask, cast: Cast, stripe: StripeDouble) -> None:
    bought(cast, stripe, "stranger")
    status, lines = flask(app, "balance")
    assert status == 0
    assert lines[-1].startswith("ok    stripe CNY: 192.93 lies there")
    foreign = stripe._create_session(
        stripe.things[str(db.session.scalars(select(Order.provider_ref)).one())]["_params"], ""
    )
    stripe.pay(foreign["id"])
    status, lines = flask(app, "balance")
    assert status == 1
    assert "192.93 more than our books say" in lines[-1]


def test_r32_a_demo_holds_no_money(app: Flask, cast: Cast) -> None:
    assert flask(app, "balance") == (0, ["No provider that is set up here holds money."])
