"""`flask payments`: what the doctor and reconciliation tell. R-numbers: docs/billing.md."""

from __future__ import annotations

import logging
from datetime import datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from app.billing.actions.installation import choose
from app.billing.gateway import gateways
from app.billing.models import Order, OrderChange
from app.billing.stripe_events import EVENTS
from app.billing.stripe_gateway import StripeGateway
from app.kernel.db import db
from tests.billing.buying import open_order, sell
from tests.billing.stripe_double import WEBHOOK_URL, StripeDouble
from tests.cast import Cast

pytestmark = pytest.mark.usefixtures("noon")


def flask(app: Flask, *arguments: str) -> tuple[int, list[str]]:
    """Run a command; returns its status and the lines that it said."""
    result = app.test_cli_runner().invoke(args=["payments", *arguments])
    db.session.rollback()
    return result.exit_code, result.output.splitlines()


def test_doctor_is_content_with_a_demo(app: Flask) -> None:
    status, lines = flask(app, "doctor")
    assert status == 0
    assert lines[0] == "ok    database: deals in demo payments"


def test_doctor_is_content_with_a_sound_installation(app: Flask, stripe: StripeDouble) -> None:
    status, lines = flask(app, "doctor")
    assert status == 0
    assert [line.split(":")[0] for line in lines] == [
        "ok    database",
        "ok    key",
        "ok    environment",
        "ok    clock",
        "ok    webhook",
    ]


def test_doctor_names_the_events_before_a_secret_exists(
    app: Flask, stripe: StripeDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsigned = StripeGateway(
        stripe.key, (), environment="test", webhook_url=WEBHOOK_URL, http_client=stripe
    )
    monkeypatch.setitem(gateways.by_name, "stripe", unsigned)
    stripe.endpoints.clear()
    for key_fails in (False, True):
        if key_fails:
            stripe.trouble("500", times=3)
        status, lines = flask(app, "doctor")
        assert status == 1
        at = lines.index("fail  secret: no webhook secret is set")
        assert all(kind in lines[at + 1] for kind in (WEBHOOK_URL, *EVENTS))


def test_doctor_prints_no_logs_of_the_library(
    app: Flask, stripe: StripeDouble, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        flask(app, "doctor")
    assert not [each.name for each in caplog.records if each.name.startswith("stripe")]


def test_doctor_names_the_mend(app: Flask, stripe: StripeDouble) -> None:
    stripe.endpoints.clear()
    stripe.clock_runs_ahead = 600
    status, lines = flask(app, "doctor")
    assert status == 1
    assert "fail  clock: this clock and Stripe's are 600 s apart" in lines
    assert any(line.startswith("      -> set the clock by NTP") for line in lines)
    assert any("add an endpoint at http://planet.test/webhooks/stripe" in line for line in lines)


def test_r2_doctor_names_a_database_of_another_environment(
    app: Flask, stripe: StripeDouble
) -> None:
    choose("demo")
    status, lines = flask(app, "doctor")
    assert status == 1
    assert lines[0].startswith("fail  database: this database was made for 'demo' payments")
    assert "PLANETARIUM_PAYMENTS=demo" in lines[1]


def test_r23_reconcile_says_what_it_did_and_then_finds_no_difference(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(order.provider_ref))
    status, lines = flask(cast.app, "reconcile")
    assert status == 0
    assert lines[0] == "1 orders asked about, 1 changes"
    assert lines[1].startswith(f"order {order.public_id}: paid")
    assert db.session.scalars(sa.select(Order.state)).one() == "paid"
    assert flask(cast.app, "reconcile") == (0, ["1 orders asked about, 0 changes"])
    caused = db.session.scalars(sa.select(OrderChange.cause).where(OrderChange.what == "paid"))
    assert list(caused) == ["reconcile"]


def test_r23_reconcile_says_that_stripe_did_not_answer(cast: Cast, stripe: StripeDouble) -> None:
    order = open_order(cast, "stranger", sell(cast))
    stripe.trouble("500", times=6)
    status, lines = flask(cast.app, "reconcile")
    assert status == 1
    assert f"FAILED order {order.id}: Stripe: sorry (500)" in lines
