"""R28, R29: what follows from a payment follows from when its money came, in every provider alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.billing.actions.refunds import list_returnable
from app.billing.actions.sync import sync
from app.billing.models import LedgerTransaction, Order, Payment
from app.kernel import clock
from app.kernel.db import db
from tests.billing.buying import at, do, open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.cast import Cast

DAY = timedelta(days=1)
TRIED = datetime(2026, 12, 1, 10, tzinfo=UTC)
CAME = datetime(2027, 1, 15, 10, tzinfo=UTC)
MONTHLY: dict[str, Any] = {"mode": "subscription", "term": "month", "term_count": 1, "amount": 500}


def by_demo(cast: Cast, plan: str) -> Order:
    """Let the demo take a delayed payment."""
    with clock.fixed(TRIED):
        order = do(open_order(cast, "stranger", plan), "delay")
    with clock.fixed(CAME):
        return do(order, "arrive")


def by_stripe(cast: Cast, plan: str, stripe: StripeDouble) -> Order:
    """Let Stripe take a delayed payment; the webhook of its arrival is heard at once."""
    with clock.fixed(TRIED):
        order = open_order(cast, "stranger", plan)
        stripe.delay(str(order.provider_ref), method="alipay")
        sync(order.id, cause="webhook")
    with clock.fixed(CAME):
        stripe.arrive(str(order.provider_ref))
        return sync(order.id, cause="webhook")


def check_dates(cast: Cast, order: Order) -> None:
    """Access, window, payment and ledger begin when the money came."""
    payment = db.session.query(Payment).one()
    assert order.paid_at == payment.paid_at == CAME
    assert payment.refund_until == order.refund_until == CAME + timedelta(hours=72)
    assert {row.at for row in db.session.query(LedgerTransaction)} == {CAME}
    with clock.fixed(CAME):
        assert at(cast, "stranger") == datetime(2027, 2, 15, 10, tzinfo=UTC)


def test_r29_the_demo_dates_delayed_money_by_its_coming(cast: Cast) -> None:
    check_dates(cast, by_demo(cast, sell(cast, term="month", term_count=1)))


@pytest.mark.parametrize("fees_late", [False, True], ids=["fees known", "fees come late"])
def test_r29_stripe_does_so_too(cast: Cast, stripe: StripeDouble, fees_late: bool) -> None:
    stripe.fees_come_late = fees_late
    order = by_stripe(cast, sell(cast, term="month", term_count=1), stripe)
    payment = db.session.query(Payment).one()
    assert (payment.paid_at, order.paid_at) == (CAME, CAME)
    with clock.fixed(CAME + DAY):
        if fees_late:
            stripe.settle_fees()
        order = sync(order.id, cause="reconcile")
    assert order.paid_at == CAME
    assert order.refund_until == CAME + timedelta(hours=72)
    booked = db.session.query(LedgerTransaction).filter_by(kind="payment").one()
    assert booked.at == CAME
    with clock.fixed(CAME):
        assert at(cast, "stranger") == datetime(2027, 2, 15, 10, tzinfo=UTC)


def test_r28_each_payment_has_its_own_window(noon: datetime, cast: Cast) -> None:
    order = do(open_order(cast, "stranger", sell(cast, **MONTHLY)), "pay")
    with clock.fixed(noon + 30 * DAY):
        assert list_returnable(order) == []
        order = do(order, "renew")
        [renewal] = list_returnable(order)
        assert renewal.paid_at == noon + 30 * DAY
        client = cast.client("stranger")
        page = f"/p/orbit/orders/{order.public_id}/refund"
        assert client.post(page, data={"token": "a" * 20}).status_code == 303
        work()
        back = [payment.refunded for payment in db.session.query(Payment).order_by(Payment.id)]
        assert back == [0, 500]


def test_r28_a_trial_has_no_window_before_its_first_charge(noon: datetime, cast: Cast) -> None:
    order = do(open_order(cast, "stranger", sell(cast, trial_days=7, **MONTHLY)), "pay")
    assert order.refund_until is None
    client = cast.client("stranger")
    page = f"/p/orbit/orders/{order.public_id}"
    assert f"{page}/refund" not in client.get(page).text
    with clock.fixed(noon + 7 * DAY):
        order = do(order, "renew")
    with clock.fixed(noon + 9 * DAY):
        assert len(list_returnable(order)) == 1
        assert f"{page}/refund" in client.get(page).text
