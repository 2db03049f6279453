"""Stripe takes what it is asked and never answers: pages give up in seconds, and few of them wait at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import stripe

from app.billing.gateway import GatewayError
from app.billing.stripe_gateway import StripeGateway
from app.billing.stripe_patience import PatientClient
from app.kernel import patience
from tests.billing.wishes import wish

SECONDS = 1.0


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of a server that takes every connection and says nothing."""
    monkeypatch.setattr(patience, "OUTSIDE_SECONDS", SECONDS)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def hanging(silent: str) -> StripeGateway:
    """Return a gateway whose Stripe is that server, with two places for pages."""
    made = StripeGateway("sk_test_x", ("whsec_12345678",), environment="test", webhook_url="")
    made._api = stripe.StripeClient(
        "sk_test_x",
        max_network_retries=2,
        base_addresses={"api": silent},
        http_client=PatientClient(at_once=2),
    ).v1
    return made


def _buy(gateway: StripeGateway, took: list[float]) -> None:
    """Ask as a page does, and note how long it waited."""
    patience.begin(patience.WRITING_SECONDS)
    began = time.monotonic()
    try:
        with pytest.raises(GatewayError):
            gateway.open_checkout(wish())
    finally:
        patience.end()
    took.append(time.monotonic() - began)


def test_four_buyers_leave_threads_for_those_who_buy_nothing(hanging: StripeGateway) -> None:
    took: list[float] = []
    buyers = [threading.Thread(target=_buy, args=(hanging, took)) for _ in range(4)]
    for buyer in buyers:
        buyer.start()
    for buyer in buyers:
        buyer.join()
    assert len(took) == 4
    assert max(took) < patience.OUTSIDE_SECONDS + 2
    # Whoever comes while it is known to hang, and others wait, is told at once.
    later: list[float] = []
    waiting = [threading.Thread(target=_buy, args=(hanging, later)) for _ in range(4)]
    for buyer in waiting:
        buyer.start()
    for buyer in waiting:
        buyer.join()
    assert sorted(later)[1] < SECONDS / 2


def test_a_page_has_seconds_for_all_that_it_asks(hanging: StripeGateway) -> None:
    patience.begin(patience.READING_SECONDS)
    began = time.monotonic()
    try:
        for _ in range(3):
            with pytest.raises(GatewayError) as refused:
                hanging.fetch("cs_1", account="")
            assert refused.value.retry
    finally:
        patience.end()
    assert time.monotonic() - began < SECONDS + 2
