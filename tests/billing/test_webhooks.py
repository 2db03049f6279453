"""The webhook's door: what strangers, repetition and failure get. R-numbers: docs/billing.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.billing.actions import catching_up, webhooks
from app.billing.actions.catching_up import catch_up, listen
from app.billing.gateway import GatewayError, gateways
from app.billing.models import Order, ProviderCursor, WebhookEvent
from app.billing.queries.webhooks import list_failed
from app.billing.stripe_events import EVENTS
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import NotFound, Refused
from app.kernel.limits import RateCounter
from app.outbox.claiming import claim
from app.outbox.delivery import deliver
from app.outbox.events import Lane
from tests.billing.buying import work
from tests.billing.stripe_double import StripeDouble
from tests.billing.stripe_shapes import Thing
from tests.billing.wishes import monthly, wish
from tests.cast import Cast
from tests.conftest import NOON

pytestmark = pytest.mark.usefixtures("noon")


class Syncs(list[int]):
    """Stands for the sync: notes whom it was called for, and fails on demand."""

    trouble: Exception | None = None

    def __call__(self, order_id: int, *, cause: str) -> None:
        """Note the call."""
        assert cause in ("webhook", "reconcile")
        assert not db.session().info.get("in_unit_of_work")
        if self.trouble:
            raise self.trouble
        self.append(order_id)


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> Syncs:
    """Return what is called in place of the sync."""
    made = Syncs()
    monkeypatch.setattr(webhooks, "sync", made)
    return made


@pytest.fixture
def client(cast: Cast, stripe: StripeDouble) -> Iterator[FlaskClient]:
    """Return Stripe's client: nobody's, and CSRF is on."""
    cast.app.config["WTF_CSRF_ENABLED"] = True
    yield cast.client("visitor")


def order(cast: Cast, ref: str, **changes: Any) -> int:
    """Write an open order of the stranger that waits for a checkout; returns its row id."""
    fields: dict[str, Any] = {
        "planet_id": cast.planet_id,
        "user_id": cast.users["stranger"],
        "gateway": "stripe",
        "environment": "test",
        "title": "One year",
        "amount": 36_500,
        "list_amount": 36_500,
        "currency": "cny",
        "provider_ref": ref,
        "created_at": clock.now(),
    }
    with unit_of_work() as session:
        row = Order(**{**fields, **changes})
        session.add(row)
        session.flush()
        return row.id


def bought(cast: Cast, double: StripeDouble, **changes: Any) -> tuple[int, Thing]:
    """Place and pay an order; returns its row id and the checkout's last event."""
    ref = gateways.of("stripe").open_checkout(wish(account=changes.get("account", ""))).ref
    order_id = order(cast, ref, **changes)
    double.pay(ref)
    return order_id, double.events()[-1]


def tell(client: FlaskClient, double: StripeDouble, event: Thing, **how: Any) -> TestResponse:
    """Let Stripe tell an event, and the worker handle it; returns what Stripe was answered."""
    body, headers = double.webhook(event, **how)
    answer = client.post("/webhooks/stripe", data=body, headers=headers)
    work()
    return answer


def rows() -> list[WebhookEvent]:
    """Return all events that were kept."""
    return list(db.session.scalars(select(WebhookEvent).order_by(WebhookEvent.id)))


def test_r1_a_signed_event_is_kept_and_its_order_synced(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    answer = tell(client, stripe, event)
    assert (answer.status_code, answer.data) == (200, b"")
    assert "Set-Cookie" not in answer.headers
    assert syncs == [order_id]
    [row] = rows()
    assert (row.state, row.kind, row.tries, row.error) == ("done", event["type"], 1, "")
    assert (row.planet_id, row.done_at) == (cast.planet_id, NOON)
    assert json.loads(row.body)["id"] == row.provider_ref == event["id"]


def test_nobody_is_named_in_what_is_kept_of_an_event(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    _order_id, event = bought(cast, stripe)
    about = event["data"]["object"]
    about["customer_details"] = {"email": "xu@example.test", "name": "许楠", "phone": "+86 1"}
    about["status"] = "许楠 <xu@example.test>"
    about["metadata"] = {"id": "许楠"}
    tell(client, stripe, event)
    [row] = rows()
    kept = json.loads(row.body)["data"]["object"]
    assert kept["id"] == about["id"] and kept["amount_total"] == about["amount_total"]
    assert "xu@" not in row.body and "许楠" not in json.dumps(kept, ensure_ascii=False)
    assert not {"customer_details", "metadata", "url", "client_secret"} & set(kept)


@pytest.mark.parametrize(
    "how",
    [
        {"secret": "whsec_wrong_wrong"},
        {"signed_at": int(NOON.timestamp()) - 301},
        {"signed_at": int(NOON.timestamp()) + 301},
    ],
)
def test_r1_what_is_not_to_be_believed_leaves_nothing(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs, how: dict[str, Any]
) -> None:
    _order_id, event = bought(cast, stripe)
    assert tell(client, stripe, event, **how).status_code == 400
    assert (rows(), syncs) == ([], [])


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xff", b"x" * 1_000_001])
def test_r1_a_hostile_body_leaves_nothing(
    client: FlaskClient, stripe: StripeDouble, syncs: Syncs, body: bytes
) -> None:
    headers = stripe.webhook(stripe.emit("x.y", {"object": "charge", "id": "1", "_account": ""}))[1]
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        answer = client.post(
            "/webhooks/stripe", data=body, headers=headers, content_type=content_type
        )
        assert answer.status_code == 400
    assert (rows(), syncs) == ([], [])


def test_r1_a_body_of_almost_a_megabyte_is_read_and_a_longer_one_is_not(
    client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    for length, status in ((999_000, 200), (1_000_001, 400)):
        padded = {"object": "charge", "id": "ch_9", "_account": "", "padding": "x" * length}
        assert tell(client, stripe, stripe.emit("some.thing", padded)).status_code == status


def test_r1_a_flood_of_bad_ones_costs_little_and_stops_no_good_one(
    cast: Cast,
    client: FlaskClient,
    stripe: StripeDouble,
    syncs: Syncs,
    capfd: pytest.CaptureFixture[str],
) -> None:
    order_id, event = bought(cast, stripe)
    for _ in range(webhooks.REFUSED):
        assert client.post("/webhooks/stripe", data=b"{}").status_code == 400
    answer = client.post("/webhooks/stripe", data=b"{}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "600")
    # From anywhere, also by who knows the shape of a signature.
    for address in ("198.51.100.7", "2001:db8::1"):
        body, headers = stripe.webhook(event, secret="whsec_wrong_wrong")
        nobody = {"REMOTE_ADDR": address}
        answer = client.post(
            "/webhooks/stripe", data=body, headers=headers, environ_overrides=nobody
        )
        assert answer.status_code == 429
    assert capfd.readouterr().err.count("a webhook was refused") == webhooks.REFUSED
    assert db.session.scalars(select(RateCounter.tries)).all() == [webhooks.REFUSED]
    assert tell(client, stripe, event).status_code == 200
    assert syncs == [order_id]
    with clock.fixed(NOON + webhooks.REFUSED_WITHIN):
        assert client.post("/webhooks/stripe", data=b"{}").status_code == 400


def test_r1_the_door_takes_post_only_and_no_session(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    assert client.get("/webhooks/stripe").status_code == 405
    _order_id, event = bought(cast, stripe)
    client.set_cookie("planetarium", "forged")
    assert tell(client, stripe, event).status_code == 200


def test_r1_unknown_kinds_are_taken(
    client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    event = stripe.emit("future.thing", {"object": "future", "id": "fut_1", "_account": ""})
    assert tell(client, stripe, event).status_code == 200
    assert (rows()[0].state, syncs) == ("done", [])


def test_r2_live_events_in_a_database_for_tests_are_refused(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    _order_id, event = bought(cast, stripe)
    event["livemode"] = True
    assert tell(client, stripe, event).status_code == 400
    assert (rows(), syncs) == ([], [])


def test_r3_a_done_event_is_taken_without_work_also_after_a_year(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    for days in (0, 0, 365):
        with clock.fixed(NOON + timedelta(days=days)):
            assert tell(client, stripe, event).status_code == 200
    assert syncs == [order_id]
    assert [row.tries for row in rows()] == [1]


def test_r33_the_request_asks_nobody_and_the_worker_does(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    stripe.requests.clear()
    body, headers = stripe.webhook(event)
    assert client.post("/webhooks/stripe", data=body, headers=headers).status_code == 200
    assert (stripe.requests, syncs, rows()[0].state) == ([], [], "new")
    work()
    assert (syncs, rows()[0].state) == ([order_id], "done")


def test_r33_no_mail_server_keeps_an_event_waiting(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    body, headers = stripe.webhook(event)
    client.post("/webhooks/stripe", data=body, headers=headers)
    [letter] = [each for each in claim(Lane.PAYMENTS) if each.handler == "billing.handle_webhook"]
    deliver(letter)
    assert syncs == [order_id]


@pytest.mark.parametrize("trouble", [GatewayError("no answer"), RuntimeError("a mistake")])
def test_r3_a_failure_is_told_and_the_event_stays_open(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs, trouble: Exception
) -> None:
    order_id, event = bought(cast, stripe)
    syncs.trouble = trouble
    assert tell(client, stripe, event).status_code == 200
    [row] = rows()
    assert (row.state, row.tries, row.planet_id) == ("failed", 1, cast.planet_id)
    assert str(trouble) in row.error
    assert row.done_at is None
    syncs.trouble = None
    with clock.fixed(NOON + timedelta(seconds=7)):
        work()
    [row] = rows()
    assert (row.state, row.tries, row.error, syncs) == ("done", 2, "", [order_id])


def test_r3_a_provider_may_be_down_over_night(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    syncs.trouble = GatewayError("no answer")
    tell(client, stripe, event)
    for hour in range(9):
        with clock.fixed(NOON + timedelta(hours=hour)):
            work()
    assert rows()[0].state == "failed"
    syncs.trouble = None
    with clock.fixed(NOON + timedelta(hours=10)):
        work()
    assert (rows()[0].state, syncs) == ("done", [order_id])


def test_r3_an_unreachable_provider_is_a_failure(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    ref = gateways.of("stripe").open_checkout(wish()).ref
    order(cast, ref)
    stripe.pay(ref)
    refund = stripe.refund_by_hand(stripe.of("charge")[0]["id"], 500)
    stripe.trouble("500", times=3)
    event = next(e for e in stripe.events() if e["data"]["object"]["id"] == refund["id"])
    assert tell(client, stripe, event).status_code == 200
    assert (rows()[0].state, syncs) == ("failed", [])


def test_r3_failed_events_are_tried_again_by_the_job(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    syncs.trouble = GatewayError("no answer")
    tell(client, stripe, event)
    assert webhooks.retry_failed() == 0
    syncs.trouble = None
    assert webhooks.retry_failed() == 1
    assert webhooks.retry_failed() == 0
    assert (rows()[0].state, syncs) == ("done", [order_id])


def test_r3_an_event_whose_process_died_is_tried_again(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    body, headers = stripe.webhook(event)
    poke = gateways.of("stripe").read_webhook(body, headers, now=NOON)
    assert webhooks.receive(poke) is not None
    assert webhooks.retry_failed() == 1
    assert syncs == [order_id]


def test_r3_staff_see_what_failed_and_try_it_again(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    syncs.trouble = GatewayError("no answer")
    tell(client, stripe, event)
    admin = cast.actor("admin")
    [failed] = list_failed(admin)
    assert (failed.ref, failed.tries, "no answer" in failed.error) == (event["id"], 1, True)
    assert not webhooks.retry(admin, ref=failed.ref)
    syncs.trouble = None
    for persona in ("guest", "member"):
        with pytest.raises(Refused):
            webhooks.retry(cast.actor(persona), ref=failed.ref)
    assert webhooks.retry(admin, ref=failed.ref)
    assert (syncs, list_failed(admin)) == ([order_id], [])
    with pytest.raises(NotFound):
        webhooks.retry(admin, ref=failed.ref)


def test_r4_strangers_on_the_same_account_are_ignored(
    client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    ref = gateways.of("stripe").open_checkout(wish()).ref
    stripe.things[ref]["metadata"] = {"order": "1", "order_id": "1"}
    stripe.pay(ref)
    for event in stripe.events():
        assert tell(client, stripe, event).status_code == 200
    assert {row.state for row in rows()} == {"done"}
    assert syncs == []


@pytest.mark.parametrize(("ours", "theirs"), [("", "acct_1"), ("acct_1", ""), ("acct_1", "acct_2")])
def test_r4_a_paid_checkout_of_another_account_opens_nothing(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs, ours: str, theirs: str
) -> None:
    ref = gateways.of("stripe").open_checkout(wish(account=theirs)).ref
    order(cast, ref, account=ours)
    stripe.pay(ref)
    for event in stripe.events():
        assert tell(client, stripe, event).status_code == 200
    assert syncs == []


@pytest.mark.parametrize("changes", [{"environment": "live"}, {"gateway": "demo"}])
def test_r4_an_order_of_another_kind_is_not_touched(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs, changes: dict[str, str]
) -> None:
    _order_id, event = bought(cast, stripe, **changes)
    assert tell(client, stripe, event).status_code == 200
    assert syncs == []


def test_r4_every_event_of_an_account_of_our_own_finds_its_order(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    ref = gateways.of("stripe").open_checkout(monthly(account="acct_1")).ref
    order_id = order(cast, ref, account="acct_1")
    stripe.pay(ref)
    subscription = stripe.things[ref]["subscription"]
    stripe.renew(subscription)
    stripe.refund_by_hand(stripe.of("charge")[0]["id"], 500)
    stripe.dispute(stripe.of("charge")[0]["id"])
    events = stripe.events()
    for event in events:
        assert tell(client, stripe, event).status_code == 200
    # Of what is not asked for nothing follows; what is new of a charge comes with its invoice.
    asked = [e for e in events if e["type"] in EVENTS and e["type"] != "charge.updated"]
    assert syncs == [order_id] * len(asked)


def test_without_stripe_there_is_no_such_page(cast: Cast) -> None:
    assert cast.client("visitor").post("/webhooks/stripe", data=b"{}").status_code == 404


def test_bodies_are_kept_for_90_days_and_that_it_came_for_ever(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    _order_id, event = bought(cast, stripe)
    tell(client, stripe, event)
    with clock.fixed(NOON + timedelta(days=90)):
        assert webhooks.purge_bodies() == 0
    with clock.fixed(NOON + timedelta(days=90, seconds=1)):
        assert webhooks.purge_bodies() == 1
        assert webhooks.purge_bodies() == 0
    [row] = rows()
    assert (row.body, row.state) == ("", "done")


# Events that never came (R23)


def test_r23_lost_events_are_read_from_the_list_once(
    cast: Cast, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    caught = catch_up(listen())
    assert (caught.read, caught.handled, caught.failures) == (1, 1, [])
    assert syncs == [order_id]
    again = catch_up(listen())
    assert (again.read, again.handled) == (0, 0)
    cursor = db.session.get(ProviderCursor, "")
    assert cursor is not None and (cursor.event_ref, cursor.read_at) == (event["id"], NOON)
    stripe.refund_by_hand(stripe.of("charge")[0]["id"], 500)
    assert catch_up(listen()).handled == 2
    assert syncs == [order_id] * 3


def test_r23_what_webhooks_brought_is_not_done_again(
    cast: Cast, client: FlaskClient, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    tell(client, stripe, event)
    caught = catch_up(listen())
    assert (caught.read, caught.handled) == (1, 0)
    assert syncs == [order_id]


def test_r23_events_heard_before_their_order_was_asked_about_are_passed_over(
    cast: Cast, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, _event = bought(cast, stripe)
    heard = listen()
    # Told after we listened: the answer about the order may be older.
    stripe.refund_by_hand(stripe.of("charge")[0]["id"], 500)
    assert catch_up(heard, synced={order_id}).handled == 0
    assert db.session.scalar(select(func.count()).select_from(WebhookEvent)) == 0
    assert catch_up(listen()).handled == 2
    assert syncs == [order_id] * 2


def test_r23_each_account_has_a_cursor_of_its_own(
    cast: Cast, stripe: StripeDouble, syncs: Syncs
) -> None:
    first, _event = bought(cast, stripe, account="acct_1")
    ref = gateways.of("stripe").open_checkout(wish(order_ref="order-5")).ref
    second = order(cast, ref)
    stripe.pay(ref)
    assert catch_up(listen()).handled == 2
    assert sorted(syncs) == sorted([first, second])
    assert db.session.scalar(select(func.count()).select_from(ProviderCursor)) == 2


def test_r23_an_event_that_fails_stays_open_and_the_cursor_moves(
    cast: Cast, stripe: StripeDouble, syncs: Syncs
) -> None:
    order_id, event = bought(cast, stripe)
    syncs.trouble = GatewayError("no answer")
    caught = catch_up(listen())
    assert caught.failures == [f"event {event['id']} (checkout.session.completed)"]
    assert catch_up(listen()).read == 0
    syncs.trouble = None
    assert webhooks.retry_failed() == 1
    assert syncs == [order_id]


def test_r23_a_provider_that_is_down_is_told_in_the_report(
    cast: Cast, stripe: StripeDouble, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "BATCH", 2)
    bought(cast, stripe)
    stripe.trouble("down", times=3)
    assert len(catch_up(listen()).failures) == 1
    assert catch_up(listen()).handled == 1
