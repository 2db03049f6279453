"""The page of an unpaid order: it looks again only after a return from the provider, ever more slowly."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from app.billing.models import Order
from app.kernel import clock
from tests.billing.buying import open_order, sell
from tests.billing.stripe_double import StripeDouble
from tests.cast import Cast

ENGLISH = {"Accept-Language": "en"}
DAY = timedelta(days=1)


@pytest.fixture
def order(cast: Cast, stripe: StripeDouble, noon: datetime) -> Order:
    """Return an order whose checkout is open."""
    return open_order(cast, "stranger", sell(cast))


def page(order: Order, *, returned: bool) -> str:
    """Return where the order is shown, as in the address by which Stripe sends back."""
    return f"/p/orbit/orders/{order.public_id}" + ("?returned=1" if returned else "")


def stay(client: FlaskClient, address: str, start: datetime, *, until: timedelta) -> int:
    """Let a page look again as often as it says; returns how often it was loaded."""
    loads, moment = 0, start
    while moment - start < until:
        with clock.fixed(moment):
            answer = client.get(address, headers=ENGLISH)
        assert answer.status_code == 200
        loads += 1
        if "Refresh" not in answer.headers:
            return loads
        moment += timedelta(seconds=int(answer.headers["Refresh"]))
    return loads


def test_stripe_is_told_an_address_that_says_so(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    plan = sell(cast)
    cast.client("stranger").post(f"/p/orbit/buy/{plan}")
    [session] = stripe.of("checkout.session")
    parts = urlsplit(session["_params"]["success_url"])
    assert parts.query == "returned=1"


def test_before_a_return_it_does_not_look_again(
    cast: Cast, stripe: StripeDouble, order: Order, noon: datetime
) -> None:
    client = cast.client("stranger")
    answer = client.get(page(order, returned=False), headers=ENGLISH)
    assert "Refresh" not in answer.headers
    assert "Look again" in answer.text
    assert "Go to the payment page" in answer.text


def test_after_five_minutes_it_stops_with_a_button(
    cast: Cast, stripe: StripeDouble, order: Order, noon: datetime
) -> None:
    client = cast.client("stranger")
    stripe.requests.clear()
    loads = stay(client, page(order, returned=True), noon, until=DAY)
    assert loads <= 25
    assert len(stripe.requests) == loads
    with clock.fixed(noon + timedelta(minutes=6)):
        answer = client.get(page(order, returned=True), headers=ENGLISH)
    assert "Look again" in answer.text
    stripe.pay(str(order.provider_ref))
    with clock.fixed(noon + timedelta(minutes=7)):
        assert "Thank you" in client.get(page(order, returned=False), headers=ENGLISH).text


def test_money_that_takes_days_is_not_asked_after_for_days(
    cast: Cast, stripe: StripeDouble, order: Order, noon: datetime
) -> None:
    stripe.delay(str(order.provider_ref), method="alipay")
    client = cast.client("stranger")
    assert stay(client, page(order, returned=True), noon, until=DAY) <= 25
