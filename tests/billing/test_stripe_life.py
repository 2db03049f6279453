"""Paid by Stripe through the real door: webhooks come in, members come in. R-numbers: docs/billing.md.

The scenarios in all orders are in test_scenarios.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.billing.actions.checkout import _unpacked as unpacked
from app.billing.actions.reconcile import reconcile
from app.billing.actions.sync import sync
from app.billing.gateway import gateways
from app.billing.models import Customer, LedgerEntry, Order
from app.kernel import clock
from app.kernel.db import db
from tests.billing.buying import at, open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.billing.stripe_shapes import Thing
from tests.cast import Cast

YEAR = timedelta(days=365)


@pytest.fixture
def client(cast: Cast) -> FlaskClient:
    """Return Stripe's client."""
    return cast.client("visitor")


def tell(client: FlaskClient, double: StripeDouble, events: list[Thing]) -> None:
    """Let Stripe tell events by webhook, and the worker handle each."""
    for event in events:
        body, headers = double.webhook(event)
        assert client.post("/webhooks/stripe", data=body, headers=headers).status_code == 200
        work()


def state(order: Order) -> str:
    """Return an order's state as it stands in its row now."""
    order_id = order.id
    db.session.rollback()
    return db.session.scalars(select(Order.state).where(Order.id == order_id)).one()


def test_r1_a_webhook_lets_the_payer_in(
    cast: Cast, stripe: StripeDouble, client: FlaskClient, noon: datetime
) -> None:
    order = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(order.provider_ref), method="wechat_pay")
    tell(client, stripe, stripe.events())
    assert state(order) == "paid"
    assert at(cast, "stranger") == noon + YEAR


def test_r4_a_stranger_who_pays_on_the_same_account_does_not_get_in(
    cast: Cast, stripe: StripeDouble, client: FlaskClient, noon: datetime
) -> None:
    order = open_order(cast, "stranger", sell(cast))
    wish = stripe.things[str(order.provider_ref)]["_params"]
    forged = {
        **wish,
        "metadata": {"order": order.public_id},
        "client_reference_id": order.public_id,
    }
    foreign = stripe._create_session(forged, "")
    stripe.pay(foreign["id"])
    tell(client, stripe, stripe.events())
    assert state(order) == "open"
    assert not cast.actor("stranger").inside


def test_r3_a_stripe_that_goes_down_half_way_leaves_nothing_half_done(
    cast: Cast, stripe: StripeDouble, client: FlaskClient, noon: datetime
) -> None:
    order = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(order.provider_ref))
    [event] = [e for e in stripe.events() if e["type"] == "checkout.session.completed"]
    body, headers = stripe.webhook(event)
    stripe.trouble("500", times=3)
    assert client.post("/webhooks/stripe", data=body, headers=headers).status_code == 200
    work()
    assert state(order) == "open"
    assert not cast.actor("stranger").inside
    with clock.fixed(noon + timedelta(seconds=7)):
        work()
    assert at(cast, "stranger") == noon + YEAR


def test_r22_whoever_comes_back_without_paying_has_nothing(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = open_order(cast, "stranger", sell(cast))
    page = f"/p/{cast.slug}/orders/{order.public_id}"
    assert cast.client("stranger").get(page).status_code == 200
    assert not cast.actor("stranger").inside
    stripe.pay(str(order.provider_ref))
    assert cast.client("member").get(page).status_code == 404
    assert not cast.actor("stranger").inside
    cast.client("stranger").get(page)
    assert at(cast, "stranger") == noon + YEAR


def test_a_fee_that_comes_late_is_booked_when_it_comes(
    cast: Cast, stripe: StripeDouble, client: FlaskClient, noon: datetime
) -> None:
    stripe.fees_come_late = True
    order = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(order.provider_ref))
    tell(client, stripe, stripe.events())
    assert _balances()["provider"] == 19_900
    stripe.settle_fees()
    tell(client, stripe, stripe.events())
    assert _balances()["provider"] == 19_900 - (19_900 * 29 // 1000 + 30)


def _balances() -> dict[str, int]:
    db.session.rollback()
    rows = db.session.execute(
        select(LedgerEntry.account, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.account)
    )
    return {account: int(amount) for account, amount in rows}


def test_r23_what_happens_to_an_old_payment_is_found_in_the_list_of_events(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(order.provider_ref))
    assert reconcile().failures == []
    # Nobody looks after a payment of half a year ago any more.
    with clock.fixed(noon + timedelta(days=200)):
        stripe.refund_by_hand(stripe.of("charge")[0]["id"], 19_900)
        report = reconcile()
    assert report.failures == []
    assert any("refunded" in line for line in report.changes)
    assert state(order) == "refunded"
    assert not cast.actor("stranger").inside


def test_a_customer_who_was_deleted_at_stripe_stands_in_nobodys_way(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    plan = sell(cast)
    first = open_order(cast, "stranger", plan)
    stripe.pay(str(first.provider_ref))
    sync(first.id, cause="return")
    old = db.session.scalars(select(Customer.provider_ref)).one()
    del stripe.things[old]
    second = open_order(cast, "stranger", plan)
    assert stripe.things[str(second.provider_ref)]["customer"] is None
    # We died before we learnt of it: the same wish opens the same checkout.
    assert gateways.of("stripe").open_checkout(unpacked(second.wish)).ref == second.provider_ref
    stripe.pay(str(second.provider_ref))
    assert sync(second.id, cause="return").state == "paid"
    new = db.session.scalars(select(Customer.provider_ref)).one()
    assert new != old
    assert new in stripe.things
    # What is told of the older order again changes nothing; the next one uses the new name.
    sync(first.id, cause="staff")
    third = open_order(cast, "stranger", plan)
    assert stripe.things[str(third.provider_ref)]["customer"] == new
