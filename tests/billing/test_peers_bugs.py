"""What other products got wrong, each tried over HTTP with the real Stripe library over its double."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.billing.actions.orders import find_renewing
from app.billing.gateway import gateways
from app.billing.models import LedgerEntry, Order, Payment, Plan
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Entitlement
from app.policy import Standing
from tests.billing.buying import at, open_order, sell, work
from tests.billing.stripe_double import StripeDouble, sign
from tests.billing.stripe_shapes import Thing
from tests.billing.test_races import at_once
from tests.billing.wishes import wish
from tests.cast import Cast
from tests.discussion.threads import post

pytestmark = pytest.mark.usefixtures("noon")
YEAR = timedelta(days=365)
BUY = "/p/orbit/buy"


@pytest.fixture
def buyer(cast: Cast, stripe: StripeDouble) -> FlaskClient:
    """Return a stranger's browser; the installation is paid by Stripe."""
    return cast.client("stranger")


def click(client: FlaskClient, plan: str, **form: str) -> Order:
    """Click on a plan; returns the order that stands then."""
    assert client.post(f"{BUY}/{plan}", data=form).status_code == 303
    return the_order()


def the_order() -> Order:
    """Return the only order as it is on disk."""
    db.session.rollback()
    return db.session.scalars(select(Order).execution_options(populate_existing=True)).one()


def page_of(order: Order) -> str:
    return f"/p/orbit/orders/{order.public_id}"


def tell(client: FlaskClient, double: StripeDouble, event: Thing, **how: str) -> TestResponse:
    """Let Stripe tell an event, and the worker handle it; returns what Stripe was answered."""
    body, headers = double.webhook(event, **how)
    answer = client.post("/webhooks/stripe", data=body, headers=headers)
    work()
    return answer


def tell_all(client: FlaskClient, double: StripeDouble) -> None:
    for event in double.events():
        assert tell(client, double, event).status_code == 200


def reads(client: FlaskClient, topic: str) -> bool:
    return client.get(f"/p/orbit/t/{topic}").status_code == 200


def inside(cast: Cast) -> bool:
    return cast.actor("stranger").inside


def test_return_url_opened_without_paying(
    cast: Cast, buyer: FlaskClient, stripe: StripeDouble
) -> None:
    order, words = click(buyer, sell(cast)), post(cast)
    success = stripe.things[str(order.provider_ref)]["_params"]["success_url"]
    assert urlsplit(success).path == page_of(order)
    for query in ("", "?paid=1&status=complete&payment_status=paid", "?session_id=cs_test_paid"):
        page = buyer.get(page_of(order) + query)
        assert (page.status_code, the_order().state) == (200, "open")
        assert not inside(cast)
        assert not reads(buyer, words)


def test_price_or_plan_changed_in_the_form(
    cast: Cast, buyer: FlaskClient, stripe: StripeDouble
) -> None:
    cheap, dear = sell(cast, name="一天", term_count=1, amount=500), sell(cast)
    order = click(
        buyer, dear, amount="1", price="1", currency="JPY", plan_id=cheap, public_id=cheap,
        plan_version_id="1", term_count="9999", trial_days="30", list_amount="1", state="paid",
        user="1", planet="1", discount="100",
    )  # fmt: skip
    asked = stripe.things[str(order.provider_ref)]
    assert (asked["amount_total"], asked["currency"]) == (19_900, "cny")
    assert (order.state, order.amount, order.user_id) == ("open", 19_900, cast.users["stranger"])
    stripe.pay(str(order.provider_ref))
    buyer.get(page_of(order))
    assert at(cast, "stranger") == clock.now() + YEAR


@pytest.mark.parametrize("state", ["draft", "retired"])
def test_a_plan_that_is_not_sold_named_in_the_form(
    cast: Cast, buyer: FlaskClient, state: str
) -> None:
    plan = sell(cast)
    with unit_of_work() as session:
        session.scalars(select(Plan)).one().state = state
    for door in (f"{BUY}/{plan}", f"{BUY}/{plan}/try"):
        assert buyer.post(door).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(Order)) == 0


def test_someone_elses_session_id(cast: Cast, buyer: FlaskClient, stripe: StripeDouble) -> None:
    plan = sell(cast)
    cast.set_membership("grace", expires_at=clock.now() - timedelta(days=20))
    paid = open_order(cast, "grace", plan)
    stripe.pay(str(paid.provider_ref))
    paid_ref, paid_page = str(paid.provider_ref), page_of(paid)
    mine = page_of(open_order(cast, "stranger", plan))
    for address in (
        paid_page,
        f"{mine}?session_id={paid_ref}",
        f"{mine}?session={paid_ref}&provider_ref={paid_ref}",
        f"/p/orbit/orders/{paid_ref}",
    ):
        buyer.get(address)
        buyer.post(f"{address}/refund", data={"token": "a-token-of-a-form-00"})
        assert not inside(cast)
    assert buyer.get(paid_page).status_code == 404
    # It is the payer's all the same.
    assert cast.client("grace").get(paid_page).status_code == 200
    assert at(cast, "grace") == clock.now() + YEAR


def test_paid_session_of_another_account(
    cast: Cast, buyer: FlaskClient, stripe: StripeDouble
) -> None:
    order = click(buyer, sell(cast))
    # Somebody opens a checkout that says our order in the books of an account of his own.
    forged = wish(order_ref=order.public_id, account="acct_1", amount=order.amount)
    ref = gateways.of("stripe").open_checkout(forged).ref
    stripe.pay(ref)
    tell_all(buyer, stripe)
    assert (the_order().state, inside(cast)) == ("open", False)
    # Nor when our row named it: the row's own account is asked, which does not know it.
    with unit_of_work() as session:
        session.scalars(select(Order)).one().provider_ref = ref
    for event in stripe.events():
        tell(buyer, stripe, event)
    buyer.get(page_of(order))
    assert (the_order().state, inside(cast)) == ("open", False)


def test_event_replayed_after_a_year(cast: Cast, buyer: FlaskClient, stripe: StripeDouble) -> None:
    order = click(buyer, sell(cast))
    stripe.pay(str(order.provider_ref))
    told = stripe.events()
    old = [stripe.webhook(event) for event in told]
    for event in told:
        assert tell(buyer, stripe, event).status_code == 200
    ends, entries = at(cast, "stranger"), _entries()
    with clock.fixed(clock.now() + timedelta(days=366)):
        for body, headers in old:
            # The very bytes of a year ago are too old to be believed …
            assert buyer.post("/webhooks/stripe", data=body, headers=headers).status_code == 400
        for event in told:
            # … and signed anew they bring nothing twice.
            assert tell(buyer, stripe, event).status_code == 200
        assert cast.actor("stranger").standing is not Standing.ACTIVE
    assert (at(cast, "stranger"), _entries()) == (ends, entries)
    assert db.session.scalar(select(func.count()).select_from(Payment)) == 1


@pytest.mark.parametrize("ours", ["", None])
@pytest.mark.parametrize("theirs", ["", "whsec_of_somebody_else"])
def test_empty_or_wrong_secret(
    cast: Cast, buyer: FlaskClient, stripe: StripeDouble, ours: str | None, theirs: str
) -> None:
    """An empty one of ours stops the start (tests/test_config.py); could it be, it verifies nothing."""
    order = click(buyer, sell(cast))
    if ours is not None:
        gateways.by_name["stripe"] = stripe.gateway(ours)
    stripe.pay(str(order.provider_ref))
    for event in stripe.events():
        body, _headers = stripe.webhook(event)
        forged = {"Stripe-Signature": sign(body, theirs, int(clock.now().timestamp()))}
        for headers in (forged, {"Stripe-Signature": ""}, {}):
            answer = buyer.post("/webhooks/stripe", data=body, headers=headers)
            assert answer.status_code == 400
    assert (the_order().state, inside(cast)) == ("open", False)


def test_jpy(cast: Cast, buyer: FlaskClient, stripe: StripeDouble) -> None:
    """Yen have no hundredths: neither from the form to Stripe, nor back into the ledger."""
    owner = cast.client("owner")
    form = {"name": "一年", "amount": "1200", "currency": "JPY", "mode": "pass", "term": "year",
            "term_count": "1", "then": "sell"}  # fmt: skip
    assert owner.post("/p/orbit/plans/new", data=form | {"amount": "12.50"}).status_code == 422
    assert owner.post("/p/orbit/plans/new", data=form).status_code == 303
    plan = db.session.scalars(select(Plan.public_id)).one()
    assert "1,200" in buyer.get(BUY).text
    order = click(buyer, plan)
    session = stripe.things[str(order.provider_ref)]
    assert (session["amount_total"], session["currency"], order.amount) == (1_200, "jpy", 1_200)
    stripe.pay(session["id"])
    tell_all(buyer, stripe)
    assert db.session.scalars(select(Payment.amount)).one() == 1_200
    assert "1,200" in buyer.get(page_of(order)).text
    lines = owner.get("/p/orbit/ledger.csv").text
    assert ",JPY,1200" in lines
    assert "JPY,12.00" not in lines


def test_leap_day(cast: Cast, stripe: StripeDouble) -> None:
    """A year from 29 February ends on 28 February; from 28 February 2028 it is not a day short."""
    plan, words = sell(cast, term="year", term_count=1), post(cast)
    for persona, bought in (("stranger", (2028, 2, 29)), ("expired", (2027, 2, 28))):
        with clock.fixed(datetime(*bought, 12, tzinfo=UTC)):
            client = cast.client(persona)
            order = open_order(cast, persona, plan)
            stripe.pay(str(order.provider_ref))
            client.get(page_of(order))
            year, month, _day = bought
            assert at(cast, persona) == datetime(year + 1, month, 28, 12, tzinfo=UTC)
            assert reads(client, words)
    for moment, standing in (
        (datetime(2029, 2, 28, 11, 59, 59, tzinfo=UTC), Standing.ACTIVE),
        (datetime(2029, 2, 28, 12, tzinfo=UTC), Standing.GRACE),
    ):
        with clock.fixed(moment):
            assert cast.actor("stranger").standing is standing


def test_a_subscription_cancelled_in_the_portal_and_resumed(
    cast: Cast, buyer: FlaskClient, stripe: StripeDouble
) -> None:
    order = click(buyer, sell(cast, mode="subscription", term="month", term_count=1))
    words = post(cast)
    stripe.pay(str(order.provider_ref))
    tell_all(buyer, stripe)
    kept = stripe.of("subscription")[0]["id"]
    ends = at(cast, "stranger")
    assert ends is not None
    assert _renews(order)
    # The portal sets `cancel_at`, not `cancel_at_period_end`.
    stripe.cancel_in_portal(kept)
    tell_all(buyer, stripe)
    assert not _renews(order)
    assert at(cast, "stranger") == ends
    with clock.fixed(ends + timedelta(hours=1)):
        assert cast.actor("stranger").standing is not Standing.ACTIVE
    stripe.resume_in_portal(kept)
    tell_all(buyer, stripe)
    assert _renews(order)
    with clock.fixed(ends):
        stripe.renew(kept)
        tell_all(buyer, stripe)
        assert reads(buyer, words)
    assert at(cast, "stranger") == ends + timedelta(days=31)
    # Nor does the page offer to buy what renews by itself.
    assert buyer.post(f"{BUY}/{_plan()}").status_code == 409


def test_a_won_dispute(cast: Cast, buyer: FlaskClient, stripe: StripeDouble) -> None:
    order, words = click(buyer, sell(cast)), post(cast)
    stripe.pay(str(order.provider_ref))
    tell_all(buyer, stripe)
    ends, before = at(cast, "stranger"), _entries()
    dispute = stripe.dispute(stripe.of("charge")[0]["id"])["id"]
    tell_all(buyer, stripe)
    assert (the_order().state, inside(cast)) == ("disputed", False)
    assert not reads(buyer, words)
    stripe.move_dispute(dispute, "won")
    tell_all(buyer, stripe)
    assert (the_order().state, at(cast, "stranger")) == ("paid", ends)
    assert reads(buyer, words)
    # The bank's fee alone stays lost.
    fee = sum(amount for kind, amount in _entries() - before if kind == "fees")
    assert fee > 0
    assert _balance("disputes") == 0
    assert _balance("income") == -19_900


def test_two_tabs_buying_at_once(cast: Cast, buyer: FlaskClient, stripe: StripeDouble) -> None:
    plan = sell(cast, seats=1)
    cast.sign_in("stranger")
    tabs = [cast.client("stranger") for _ in range(2)]
    answers = at_once(cast, [lambda tab=tab: tab.post(f"{BUY}/{plan}") for tab in tabs])
    pages = {answer.headers["Location"] for answer in answers}  # type: ignore[attr-defined]
    assert len(pages) == 1
    order = the_order()
    assert len(stripe.of("checkout.session")) == 1
    stripe.pay(str(order.provider_ref))
    body_and_headers = [stripe.webhook(event) for event in stripe.events()]

    def tell_once(body: bytes, headers: dict[str, str]) -> TestResponse:
        return cast.client("visitor").post("/webhooks/stripe", data=body, headers=headers)

    deeds = [lambda told=told: tell_once(*told) for told in body_and_headers]
    deeds += [lambda tab=tab: tab.get(page_of(order)) for tab in tabs]
    told = at_once(cast, deeds)  # type: ignore[arg-type]
    assert {answer.status_code for answer in told} == {200}  # type: ignore[attr-defined]
    assert at(cast, "stranger") == clock.now() + YEAR
    db.session.rollback()
    bought = select(func.count()).select_from(Entitlement).where(Entitlement.source == "order")
    assert db.session.scalar(bought) == 1
    assert _balance("provider") == 19_900 - _balance("fees")


def _plan() -> str:
    return db.session.scalars(select(Plan.public_id)).one()


def _renews(order: Order) -> bool:
    db.session.rollback()
    return find_renewing(order.planet_id, order.user_id) is not None


def _entries() -> Counter[tuple[str, int]]:
    db.session.rollback()
    rows = db.session.execute(select(LedgerEntry.account, LedgerEntry.amount))
    return Counter((account, amount) for account, amount in rows)


def _balance(account: str) -> int:
    total = select(func.sum(LedgerEntry.amount)).where(LedgerEntry.account == account)
    return int(db.session.scalar(total) or 0)
