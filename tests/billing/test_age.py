"""What a subscription costs in requests to Stripe does not grow with its age (R33)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.billing.actions.reconcile import reconcile, sync_open_orders
from app.billing.actions.sync import sync
from app.billing.models import Order, Payment, WebhookEvent
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Entitlement
from tests.billing.buying import open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.cast import Cast

PER_RENEWAL, PER_RECONCILE = 12, 4
RENEWALS = 36
MONTH = timedelta(days=31)


def subscribe(cast: Cast, stripe: StripeDouble) -> Order:
    """Let the stranger subscribe by the month."""
    order = open_order(
        cast, "stranger", sell(cast, term="month", term_count=1, mode="subscription", amount=2_900)
    )
    stripe.pay(str(order.provider_ref))
    return sync(order.id, cause="webhook")


def count(stripe: StripeDouble, act: Callable[[], object]) -> int:
    """Return how many requests an act costs."""
    stripe.requests.clear()
    act()
    return len(stripe.requests)


def tell(client: FlaskClient, stripe: StripeDouble, *, each: bool = True) -> None:
    """Let Stripe tell what happened; the worker handles each event before the next comes, or all after."""
    for event in stripe.events():
        body, headers = stripe.webhook(event)
        assert client.post("/webhooks/stripe", data=body, headers=headers).status_code == 200
        if each:
            work()
    work()


def test_r33_a_renewal_costs_the_same_after_three_years(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    client, order = cast.client("visitor"), subscribe(cast, stripe)
    stripe.events()
    renewed, reconciled = [], []
    for turn in range(1, RENEWALS + 1):
        with clock.fixed(noon + turn * MONTH):
            stripe.renew(str(order.subscription_ref))
            stripe.become(str(order.subscription_ref), "active")
            renewed.append(count(stripe, lambda: tell(client, stripe)))
            reconcile()
            reconciled.append(count(stripe, reconcile))
    assert max(renewed) <= PER_RENEWAL, renewed
    assert max(reconciled) <= PER_RECONCILE, reconciled
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Payment)) == RENEWALS + 1
    granted = sa.select(sa.func.count()).select_from(Entitlement).where(
        Entitlement.source == "invoice"
    )  # fmt: skip
    assert db.session.scalar(granted) == RENEWALS + 1


def test_r33_events_of_one_charge_that_come_together_cost_it_once(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    client, order = cast.client("visitor"), subscribe(cast, stripe)
    stripe.events()
    stripe.renew(str(order.subscription_ref))
    stripe.become(str(order.subscription_ref), "active")
    assert count(stripe, lambda: tell(client, stripe, each=False)) <= 4
    kept = sa.select(WebhookEvent.state).distinct()
    assert db.session.scalars(kept).all() == ["done"]


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("deed", ["refund", "dispute"])
def test_r33_what_goes_back_of_a_settled_payment_is_seen(
    cast: Cast, stripe: StripeDouble, noon: datetime, deed: str, lost: bool
) -> None:
    client, order = cast.client("visitor"), subscribe(cast, stripe)
    charge = stripe.of("charge")[0]["id"]
    for turn in range(1, 9):
        with clock.fixed(noon + turn * MONTH):
            stripe.renew(str(order.subscription_ref))
            sync(order.id, cause="webhook")
            reconcile()
    stripe.events()
    with clock.fixed(noon + 9 * MONTH):
        if deed == "refund":
            stripe.refund_by_hand(charge, 1_000)
        else:
            stripe.dispute(charge)
        reconcile() if lost else tell(client, stripe)
        first = db.session.scalars(sa.select(Payment).order_by(Payment.id)).first()
        assert first is not None
        assert (first.refunded, first.dispute) == (
            (1_000, "") if deed == "refund" else (0, "needs_response")
        )


def test_r33_what_is_known_of_settled_payments_is_all_that_was_told(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    stripe.dispute(stripe.of("charge")[0]["id"])
    stripe.renew(str(order.subscription_ref))
    stripe.refund_by_hand(stripe.of("charge")[0]["id"], 700)
    stripe.move_dispute(stripe.of("dispute")[0]["id"], "lost")
    sync(order.id, cause="webhook")
    told = columns()
    for days in (170, 190, 400):
        with clock.fixed(noon + timedelta(days=days)):
            sync(order.id, cause="staff")
            assert columns() == told
            sync(order.id, cause="staff", anew=True)
            assert columns() == told


def columns() -> list[tuple[object, ...]]:
    """Return every column of every payment, and what is booked for it."""
    db.session.rollback()
    return [tuple(row) for row in db.session.execute(sa.select(Payment.__table__)).all()]


def test_r33_a_key_that_may_not_list_charges_asks_for_each(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    stripe.renew(str(order.subscription_ref))
    stripe.forbidden = {"/v1/charges"}
    sync(order.id, cause="webhook")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Payment)) == 2


def test_open_orders_are_looked_after_in_turn(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    orders = []
    plan = sell(cast)
    for persona in ("stranger", "expired", "left"):
        orders.append(open_order(cast, persona, plan))
    stripe.pay(str(orders[-1].provider_ref))
    for minutes in (3, 5, 7):
        with clock.fixed(noon + timedelta(minutes=minutes)):
            assert sync_open_orders(limit=1) == 1
    db.session.rollback()
    assert db.session.get_one(Order, orders[-1].id).state == "paid"


def test_an_order_that_cannot_be_asked_about_keeps_no_other_waiting(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    plan = sell(cast)
    broken, good = open_order(cast, "stranger", plan), open_order(cast, "expired", plan)
    with unit_of_work() as session:
        session.get_one(Order, broken.id).provider_ref = "cs_test_gone"
    stripe.pay(str(good.provider_ref))
    for minutes in (3, 5):
        with clock.fixed(noon + timedelta(minutes=minutes)):
            sync_open_orders(limit=1)
    db.session.rollback()
    assert db.session.get_one(Order, good.id).state == "paid"
