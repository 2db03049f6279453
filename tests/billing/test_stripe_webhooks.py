"""Reading webhooks of Stripe, and the doctor. R-numbers: docs/billing.md."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.billing.gateway import BadWebhook, Health, Poke
from app.billing.stripe_events import EVENTS, spared
from app.billing.stripe_gateway import StripeGateway
from app.kernel import clock
from tests.billing.stripe_double import SECRET, WEBHOOK_URL, StripeDouble, sign
from tests.billing.wishes import wish
from tests.conftest import NOON

EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "charge.refunded",
    "created": int(NOON.timestamp()),
    "livemode": False,
    "data": {"object": {"id": "ch_1", "object": "charge"}},
}
AT_NOON = int(NOON.timestamp())


def read(gateway: StripeGateway, event: Any, *, secret: str = SECRET, at: int = AT_NOON) -> Poke:
    """Read a body signed with a secret at a moment, as it arrives at noon."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return gateway.read_webhook(body, {"Stripe-Signature": sign(body, secret, at)}, now=NOON)


@pytest.mark.usefixtures("noon")
def test_r1_a_signed_event_is_read(gateway: StripeGateway, double: StripeDouble) -> None:
    made = gateway.open_checkout(wish(account="acct_1"))
    double.pay(made.ref)
    event = double.events()[-1]
    body, headers = double.webhook(event)
    assert gateway.read_webhook(body, headers, now=NOON) == Poke(
        event_ref=event["id"],
        kind="checkout.session.completed",
        account="acct_1",
        object_ref=made.ref,
        live=False,
        created=NOON,
        body=json.dumps(spared(event), sort_keys=True),
    )


def test_r1_the_headers_name_is_written_as_one_likes(gateway: StripeGateway) -> None:
    body = json.dumps(EVENT).encode()
    headers = {"STRIPE-SIGNATURE": sign(body, SECRET, AT_NOON)}
    assert gateway.read_webhook(body, headers, now=NOON).event_ref == "evt_1"


def test_r1_a_kind_that_nobody_knows_is_read(gateway: StripeGateway) -> None:
    assert read(gateway, {**EVENT, "type": "future.thing.happened"}).kind == "future.thing.happened"


@pytest.mark.parametrize("thing", [{}, {"id": None}, {"id": 5}, {"id": "a b"}, {"id": "x" * 101}])
def test_r1_an_object_without_an_id_is_nobodys(
    gateway: StripeGateway, thing: dict[str, Any]
) -> None:
    assert read(gateway, {**EVENT, "data": {"object": thing}}).object_ref == ""


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_r1_five_minutes_are_tolerated_both_ways(gateway: StripeGateway, seconds: int) -> None:
    assert read(gateway, EVENT, at=AT_NOON + seconds).event_ref == "evt_1"


@pytest.mark.parametrize("apart", [timedelta(seconds=301), timedelta(days=365)])
@pytest.mark.parametrize("way", [-1, 1])
def test_r1_more_is_not_also_after_a_year(
    gateway: StripeGateway, apart: timedelta, way: int
) -> None:
    with pytest.raises(BadWebhook):
        read(gateway, EVENT, at=AT_NOON + way * int(apart.total_seconds()))


@pytest.mark.parametrize("secret", ["", " ", "whsec_wrong", "whsec_double", SECRET + "x"])
def test_r1_another_secret_is_no_signature(gateway: StripeGateway, secret: str) -> None:
    with pytest.raises(BadWebhook):
        read(gateway, EVENT, secret=secret)


@pytest.mark.parametrize("secret", ["", " "])
def test_r1_an_empty_secret_of_ours_verifies_nothing(double: StripeDouble, secret: str) -> None:
    with pytest.raises(BadWebhook):
        read(double.gateway(secret), EVENT, secret=secret)


def test_r1_one_changed_byte_is_noticed(gateway: StripeGateway) -> None:
    body = json.dumps(EVENT).encode()
    headers = {"Stripe-Signature": sign(body, SECRET, AT_NOON)}
    with pytest.raises(BadWebhook):
        gateway.read_webhook(body.replace(b"ch_1", b"ch_2"), headers, now=NOON)


@pytest.mark.parametrize(
    "header",
    [
        "",
        ",",
        "t=",
        "t=1",
        "v1=abc",
        "t=x,v1=abc",
        f"t={AT_NOON}",
        f"t={AT_NOON},v1=",
        f"t={AT_NOON},v1=签名",
        f"t={AT_NOON},v1=\ud800",
        "t=" + "9" * 5000 + ",v1=a",
        f"t={AT_NOON},v0={'0' * 64}",
    ],
)
def test_r1_a_hostile_header_is_refused(gateway: StripeGateway, header: str) -> None:
    with pytest.raises(BadWebhook):
        gateway.read_webhook(json.dumps(EVENT).encode(), {"Stripe-Signature": header}, now=NOON)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b'"text"',
        b"{}",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({**EVENT, "object": "v2.core.event"}).encode(),
        json.dumps({**EVENT, "id": None}).encode(),
        json.dumps({**EVENT, "id": "evt 1"}).encode(),
        json.dumps({**EVENT, "id": "e" * 101}).encode(),
        json.dumps({**EVENT, "type": 5}).encode(),
        json.dumps({**EVENT, "created": "yesterday"}).encode(),
        json.dumps({**EVENT, "created": 10**30}).encode(),
        json.dumps({**EVENT, "data": None}).encode(),
        json.dumps({**EVENT, "data": {"object": []}}).encode(),
        json.dumps({**EVENT, "account": "a" * 41}).encode(),
        json.dumps({**EVENT, "account": 7}).encode(),
        json.dumps({**EVENT, "livemode": None}).encode(),
    ],
)
def test_r1_a_signed_body_that_cannot_be_read_is_refused(
    gateway: StripeGateway, body: bytes
) -> None:
    with pytest.raises(BadWebhook):
        read(gateway, body)


@given(body=st.binary(max_size=200), header=st.text(max_size=200))
def test_r1_nothing_that_strangers_send_gets_through(body: bytes, header: str) -> None:
    gateway = StripeDouble().gateway()
    for given_header in (header, f"t={AT_NOON},v1={header}"):
        with pytest.raises(BadWebhook):
            gateway.read_webhook(body, {"Stripe-Signature": given_header}, now=NOON)


def test_r1_no_header_is_no_signature(gateway: StripeGateway) -> None:
    with pytest.raises(BadWebhook):
        gateway.read_webhook(json.dumps(EVENT).encode(), {}, now=NOON)


def test_r2_two_secrets_are_good_while_one_is_rolled(double: StripeDouble) -> None:
    gateway = double.gateway("whsec_new_one", "whsec_old_one")
    assert read(gateway, EVENT, secret="whsec_new_one").event_ref == "evt_1"
    assert read(gateway, EVENT, secret="whsec_old_one").event_ref == "evt_1"
    with pytest.raises(BadWebhook):
        read(gateway, EVENT, secret="whsec_third_one")


@pytest.mark.parametrize(
    ("environment", "live", "good"),
    [("test", False, True), ("test", True, False), ("live", True, True), ("live", False, False)],
)
def test_r2_events_of_another_environment_are_refused(
    environment: str, live: bool, good: bool
) -> None:
    gateway = StripeDouble(environment=environment).gateway()
    event = {**EVENT, "livemode": live}
    if good:
        assert read(gateway, event).live is live
    else:
        with pytest.raises(BadWebhook):
            read(gateway, event)


# The doctor


def examined(gateway: StripeGateway) -> dict[str, Health]:
    """Examine at noon; returns the findings by name."""
    with clock.fixed(NOON):
        return {health.name: health for health in gateway.examine(now=NOON)}


def test_doctor_finds_a_sound_installation_well(gateway: StripeGateway) -> None:
    found = examined(gateway)
    assert list(found) == ["key", "environment", "clock", "webhook"]
    assert all(health.well and not health.mend for health in found.values())


def test_doctor_names_a_wrong_key(double: StripeDouble) -> None:
    gateway = double.gateway()
    double.key = "sk_test_another"
    found = examined(gateway)
    assert list(found) == ["key"]
    assert not found["key"].well
    assert "PLANETARIUM_STRIPE_SECRET_KEY" in found["key"].mend
    assert "sk_test_double" not in found["key"].told


def test_doctor_names_a_key_of_another_environment(double: StripeDouble) -> None:
    gateway = double.gateway()
    double.environment = "live"
    found = examined(gateway)
    assert not found["environment"].well
    assert "PLANETARIUM_PAYMENTS" in found["environment"].mend


@pytest.mark.parametrize(("ahead", "well"), [(0, True), (60, True), (61, False), (-600, False)])
def test_doctor_compares_the_clocks(
    gateway: StripeGateway, double: StripeDouble, ahead: int, well: bool
) -> None:
    double.clock_runs_ahead = ahead
    found = examined(gateway)
    assert found["clock"].well is well
    assert well or "NTP" in found["clock"].mend


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ({"url": "http://elsewhere.test/webhooks/stripe"}, "not known"),
        ({"status": "disabled"}, "switched off"),
        ({"enabled_events": list(EVENTS[1:])}, "not told of checkout.session.completed"),
    ],
)
def test_doctor_looks_at_the_endpoint(
    gateway: StripeGateway, double: StripeDouble, endpoint: dict[str, Any], words: str
) -> None:
    double.endpoints[0].update(endpoint)
    found = examined(gateway)["webhook"]
    assert not found.well
    assert words in found.told
    assert found.mend
    double.endpoints[0].update(url=WEBHOOK_URL, status="enabled", enabled_events=["*"])
    assert examined(gateway)["webhook"].well


def test_doctor_says_when_the_key_may_not_list_endpoints(
    gateway: StripeGateway, double: StripeDouble
) -> None:
    double.forbidden = {"/v1/webhook_endpoints"}
    found = examined(gateway)["webhook"]
    assert not found.well
    assert WEBHOOK_URL in found.mend
