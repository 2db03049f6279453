"""Fixtures of billing: a double of Stripe, and the real gateway above it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.billing.gateway import gateways
from app.billing.stripe_gateway import StripeGateway
from app.billing.transfer_gateway import TransferGateway
from app.memberships import settling
from tests.billing.stripe_double import StripeDouble
from tests.notifications.mailbox import Mailbox


@pytest.fixture
def mailbox(app: Flask) -> Mailbox:
    """Return the mailboxes, empty."""
    return Mailbox(app)


@pytest.fixture
def double() -> Iterator[StripeDouble]:
    """Return a double of Stripe; the test fails when a request did not fit the library's types."""
    made = StripeDouble()
    yield made
    assert made.faults == []


@pytest.fixture
def gateway(double: StripeDouble) -> StripeGateway:
    """Return the real gateway above the double."""
    return double.gateway()


@pytest.fixture
def by_hand(app: Flask) -> Iterator[None]:
    """Let the installation have no provider: the environment `none`, in which one pays by transfer."""
    held = (dict(gateways.by_name), gateways.default, gateways.environment)
    gateways.by_name = {"transfer": TransferGateway("none")}
    gateways.default, gateways.environment = "transfer", "none"
    settling.deal_in("none")
    yield
    settling.deal_in(held[2])
    gateways.by_name, gateways.default, gateways.environment = held


@pytest.fixture
def stripe(double: StripeDouble, gateway: StripeGateway) -> Iterator[StripeDouble]:
    """Let the installation be paid by the double, in the environment `test`; returns the double."""
    held = (dict(gateways.by_name), gateways.default, gateways.environment)
    gateways.by_name = {"stripe": gateway}
    gateways.default, gateways.environment = "stripe", "test"
    settling.deal_in("test")
    yield double
    settling.deal_in(held[2])
    gateways.by_name, gateways.default, gateways.environment = held
