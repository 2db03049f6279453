"""What the provider keeps of somebody goes after their account closed, when nothing can ask for it."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.accounts.models import User
from app.billing.actions.customers import ASK_AGAIN, forget_customers
from app.billing.actions.forgetting import forget_address
from app.billing.actions.parting import leave_everywhere
from app.billing.actions.sync import sync
from app.billing.models import Customer, DemoCheckout, Order
from app.billing.queries.leaving import find_kept_books
from app.billing.queries.settled import DISPUTE_HORIZON
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.outbox.models import OutboxDelivery
from tests.billing.buying import buy, open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.cast import Cast

DAY = timedelta(days=1)
LATER = DISPUTE_HORIZON + DAY


def paid(cast: Cast, stripe: StripeDouble, **terms: object) -> Order:
    """Let the stranger buy."""
    order = open_order(cast, "stranger", sell(cast, **terms))
    stripe.pay(str(order.provider_ref))
    return sync(order.id, cause="return")


def close(cast: Cast) -> None:
    """Close the stranger's account, as billing feels it."""
    with unit_of_work() as session:
        actor = cast.actor("stranger")
        leave_everywhere(actor)
        person = session.get_one(User, cast.users["stranger"])
        address, person.deactivated_at = person.email, clock.now()
        session.flush()
        forget_address(actor, address=address, gone="x@closed.invalid")
    work()


def customers() -> int:
    """Return how many rows name a customer."""
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Customer)) or 0


def test_a_payment_may_be_disputed_for_180_days_then_the_customer_goes(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = paid(cast, stripe, mode="subscription", term="month", term_count=1)
    kept = find_kept_books(cast.users["stranger"])
    assert (kept.any, kept.provider_until) == (True, noon + DISPUTE_HORIZON)
    close(cast)
    assert stripe.of("subscription")[0]["status"] == "canceled"
    with clock.fixed(noon + DISPUTE_HORIZON - DAY):
        assert forget_customers() == 0
    assert len(stripe.of("customer")) == customers() == 1
    with clock.fixed(noon + LATER):
        assert forget_customers() == 1
        assert forget_customers() == 0
        work()
    assert stripe.of("customer") == [] and customers() == 0
    assert stripe.of("charge") and stripe.faults == []
    # The books stay.
    assert db.session.get_one(Order, order.id).amount


def test_who_has_an_account_stays_a_customer(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    paid(cast, stripe)
    with clock.fixed(noon + LATER):
        assert forget_customers() == 0
    assert customers() == 1


def test_a_dispute_that_is_not_decided_keeps_the_customer(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = paid(cast, stripe)
    stripe.dispute(stripe.of("charge")[0]["id"])
    sync(order.id, cause="webhook")
    close(cast)
    with clock.fixed(noon + LATER):
        assert forget_customers() == 0


def test_a_provider_that_is_away_is_told_later(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    paid(cast, stripe)
    close(cast)
    with clock.fixed(noon + LATER):
        assert forget_customers() == 1
        stripe.trouble("down", 3)
        work()
        assert customers() == 1
        waits = sa.select(OutboxDelivery.next_try_at).where(
            OutboxDelivery.handler == "billing.forget_customer"
        )
        due = db.session.scalars(waits).one()
    with clock.fixed(due):
        work()
    assert stripe.of("customer") == [] and customers() == 0


def test_what_was_never_answered_is_asked_anew_and_twice_is_once(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    paid(cast, stripe)
    close(cast)
    with clock.fixed(noon + LATER):
        assert forget_customers() == 1
    with clock.fixed(noon + LATER + ASK_AGAIN + DAY):
        assert forget_customers() == 1
        work()
    assert stripe.of("customer") == [] and customers() == 0


def test_the_address_goes_from_what_the_provider_was_asked_for(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = paid(cast, stripe)
    assert order.wish["email"]
    close(cast)
    assert db.session.get_one(Order, order.id).wish["email"] == ""


def test_a_wish_whose_answer_is_lost_keeps_it_until_its_checkout_is_closed(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = open_order(cast, "stranger", sell(cast))
    with unit_of_work() as session:
        # We died before the answer came: the same request has to be sent again (R5).
        session.get_one(Order, order.id).provider_ref = None
    close(cast)
    assert stripe.faults == []
    assert stripe.of("checkout.session")[0]["status"] == "expired"
    forget_customers()
    db.session.rollback()
    row = db.session.get_one(Order, order.id)
    assert (row.state, row.wish["email"]) == ("expired", "")


def test_the_demo_keeps_no_address(cast: Cast) -> None:
    buy(cast, "stranger", sell(cast))
    address = db.session.scalar(sa.select(User.email).where(User.id == cast.users["stranger"]))
    kept = db.session.scalars(sa.select(DemoCheckout.state)).all()
    assert address and kept and all(address not in str(state) for state in kept)
    close(cast)
    assert customers() == 0
