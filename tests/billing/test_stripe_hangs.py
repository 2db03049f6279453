"""Stripe takes what it is asked and never answers: pages give up in seconds, and few of them wait at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import stripe

from app.billing import stripe_patience
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


def gateway_at(address: str) -> StripeGateway:
    """Return a gateway whose Stripe is that server, with two places for pages."""
    made = StripeGateway("sk_test_x", ("whsec_12345678",), environment="test", webhook_url="")
    made._api = stripe.StripeClient(
        "sk_test_x",
        max_network_retries=2,
        base_addresses={"api": address},
        http_client=PatientClient(at_once=2),
    ).v1
    return made


@pytest.fixture
def hanging(silent: str) -> StripeGateway:
    """Return a gateway whose Stripe says nothing."""
    return gateway_at(silent)


class Dripping:
    """A server that sends a byte each tenth of a second: all of its answer, or only the body."""

    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

    def __init__(self, *, from_the_first: bool) -> None:
        self.healed = False
        self.shut = 0
        self._first = from_the_first
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(
                    target=self._drip, args=self._server.accept()[:1], daemon=True
                ).start()

    def _drip(self, held: socket.socket) -> None:
        body = b'{"object": "balance", "available": [], "pending": []}'
        head = self.answer % len(body)
        with held, suppress(OSError):
            held.recv(65536)
            if self.healed:
                held.sendall(head + body)
                return
            if not self._first:
                held.sendall(head)
            for byte in (head + body) * 100 if self._first else body:
                held.sendall(bytes([byte]))
                time.sleep(0.1)
            return
        self.shut += 1


@pytest.fixture(params=[True, False], ids=["headers", "body"])
def dripping(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dripping]:
    """Return such a server."""
    monkeypatch.setattr(patience, "OUTSIDE_SECONDS", SECONDS)
    server = Dripping(from_the_first=request.param)
    yield server
    server.close()


def test_a_provider_that_drips_holds_a_page_no_longer_and_no_thread_at_all(
    dripping: Dripping,
) -> None:
    gateway = gateway_at(dripping.address)
    patience.begin(patience.READING_SECONDS)
    began = time.monotonic()
    try:
        for _ in range(3):
            with pytest.raises(GatewayError) as refused:
                gateway.balance(account="")
            assert refused.value.retry
    finally:
        patience.end()
    assert time.monotonic() - began < SECONDS + 1
    # The connection is shut, so the place is free for the next page.
    for _ in range(50):
        if dripping.shut:
            break
        time.sleep(0.1)
    assert dripping.shut == 1
    dripping.healed = True
    patience.begin(patience.READING_SECONDS)
    try:
        assert gateway.balance(account="") == {}
    finally:
        patience.end()


def test_the_worker_has_a_minute_for_a_call(
    dripping: Dripping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_patience, "WORKER_SECONDS", SECONDS)
    began = time.monotonic()
    with pytest.raises(GatewayError):
        gateway_at(dripping.address).balance(account="")
    assert time.monotonic() - began < SECONDS + 1


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
