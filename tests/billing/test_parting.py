"""Every way out of a planet ends what is paid for there; late money gives back itself alone (R25, R26)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.billing.actions import parting
from app.billing.actions.reconcile import reconcile
from app.billing.actions.subscriptions import ask_resume
from app.billing.actions.sync import sync
from app.billing.actions.transfers import approve_transfer, state_transfer
from app.billing.models import Order, Refund, Subscription
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.memberships import actions
from app.memberships.facts import standing_of
from app.policy import Standing
from tests.accounts.browser import Visitor
from tests.billing.buying import at, buy, do, open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.cast import PASSWORD, Cast
from tests.memberships.people import row

DAY = timedelta(days=1)
ENGLISH = {"Accept-Language": "en"}
EMAIL = "stranger@example.test"


def monthly(cast: Cast, **terms: object) -> str:
    """Sell a month that renews by itself."""
    return sell(cast, term="month", term_count=1, mode="subscription", amount=2_900, **terms)


def subscribe(cast: Cast, stripe: StripeDouble, plan: str = "") -> Order:
    """Let the stranger subscribe, paid by Stripe."""
    order = open_order(cast, "stranger", plan or monthly(cast))
    stripe.pay(str(order.provider_ref))
    return sync(order.id, cause="webhook")


def leave(cast: Cast, **form: str) -> int:
    """Let the stranger leave at the door; returns the status."""
    return cast.client("stranger").post(f"/p/{cast.slug}/leave", data=form).status_code


def close_account(cast: Cast) -> None:
    """Let the stranger close the account."""
    here = Visitor(cast.app)
    here.sign_in(EMAIL)
    assert here.post("/account/close", password=PASSWORD).location == "/"


def remove(cast: Cast) -> None:
    """Let the owner put the stranger out, plainly."""
    page = f"/p/{cast.slug}/members/{row(cast, 'stranger').public_id}/remove"
    assert cast.client("owner").post(page, data={"reason": "spam"}).status_code == 303


def standing(cast: Cast) -> Standing:
    """Return the stranger's standing as the rows say it."""
    db.session.rollback()
    return standing_of(row(cast, "stranger"), now=clock.now(), grace=timedelta())


def refunds() -> list[tuple[int, str, str]]:
    """Return every refund: amount, reason, state."""
    db.session.rollback()
    kept = db.session.scalars(sa.select(Refund).order_by(Refund.id))
    return [(each.amount, each.reason, each.state) for each in kept]


def told(stripe: StripeDouble, order: Order) -> tuple[str, bool]:
    """Return what Stripe knows of an order's subscription: its status, whether it ends with its period."""
    held = stripe.things[str(order.subscription_ref)]
    return held["status"], held["cancel_at_period_end"]


OUT = {"leave": leave, "close": close_account, "remove": remove}
TOLD = {"leave": ("active", True), "close": ("canceled", False), "remove": ("canceled", False)}


@pytest.mark.parametrize("way", OUT)
def test_r25_every_way_out_ends_the_subscription(
    cast: Cast, stripe: StripeDouble, noon: datetime, way: str
) -> None:
    order = subscribe(cast, stripe)
    OUT[way](cast)
    work()
    assert told(stripe, order) == TOLD[way]
    assert standing(cast) in (Standing.LEFT, Standing.REMOVED)
    assert refunds() == []


def test_r25_who_leaves_may_end_it_at_once(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    assert leave(cast, ends="now") == 303
    work()
    assert told(stripe, order) == ("canceled", False)
    with pytest.raises(Conflict), unit_of_work():
        actions.come_back(cast.actor("stranger"))


def test_r25_a_choice_that_is_none_changes_nothing(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    assert leave(cast, ends="never") == 422
    work()
    assert standing(cast) is Standing.ACTIVE
    assert told(stripe, order) == ("active", False)


@pytest.mark.parametrize("way", OUT)
@pytest.mark.parametrize("renewals", [0, 3])
def test_r26_a_charge_that_comes_all_the_same_gives_back_itself_alone(
    cast: Cast, stripe: StripeDouble, noon: datetime, way: str, renewals: int
) -> None:
    order = subscribe(cast, stripe)
    for _ in range(renewals):
        stripe.renew(str(order.subscription_ref))
    sync(order.id, cause="webhook")
    OUT[way](cast)
    before = standing(cast)
    stripe.renew(str(order.subscription_ref))
    for _ in range(2):
        sync(order.id, cause="webhook")
        work()
        reconcile()
    reason = {"leave": "left", "close": "closed", "remove": "removed"}[way]
    assert refunds() == [(2_900, reason, "succeeded")]
    assert standing(cast) is before
    assert told(stripe, order)[0] == "canceled"


def test_r25_stripe_may_be_down_for_days(cast: Cast, stripe: StripeDouble, noon: datetime) -> None:
    order = subscribe(cast, stripe)
    remove(cast)
    stripe.trouble("down", 100_000)
    for hours in (0, 1, 2, 5, 12, 30, 70):
        with clock.fixed(noon + timedelta(hours=hours)):
            work()
    assert told(stripe, order) == ("active", False)
    page = f"/p/{cast.slug}/subscriptions/provider"
    text = cast.client("owner").get(page, headers=ENGLISH).text
    assert "has not confirmed these yet" in text
    assert order.public_id in text
    assert "no way to Stripe" in text
    stripe._troubles.clear()
    doctor = cast.app.test_cli_runner().invoke(args=["payments", "doctor"])
    assert f"order {order.public_id} is to end, not confirmed after" in doctor.output
    with clock.fixed(noon + timedelta(hours=72)):
        work()
        assert told(stripe, order) == ("canceled", False)
        text = cast.client("owner").get(page, headers=ENGLISH).text
    assert "has not confirmed these yet" not in text


def test_r25_reconciliation_finds_what_still_runs(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    cast.set_membership("stranger", removed_at=noon)
    assert reconcile().failures == []
    assert told(stripe, order) == ("canceled", False)


def test_r25_reconciliation_tells_what_could_not_be_told(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    remove(cast)
    assert reconcile().failures == []
    assert told(stripe, order) == ("canceled", False)


def test_r25_whoever_goes_by_another_door_is_caught_up_with(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    with unit_of_work():
        actions.leave(cast.actor("stranger"))
    work()
    assert told(stripe, order) == ("active", True)


def test_r25_two_subscriptions_both_end(cast: Cast, stripe: StripeDouble, noon: datetime) -> None:
    plan = monthly(cast)
    first = subscribe(cast, stripe, plan)
    stripe.cancel_in_portal(str(first.subscription_ref))
    sync(first.id, cause="webhook")
    with clock.fixed(noon + DAY):
        second = subscribe(cast, stripe, plan)
        remove(cast)
        work()
    assert told(stripe, first)[0] == told(stripe, second)[0] == "canceled"


@pytest.mark.parametrize("status", ["past_due", "unpaid", "paused", "incomplete"])
def test_r25_what_is_not_paid_ends_at_once(
    cast: Cast, stripe: StripeDouble, noon: datetime, status: str
) -> None:
    order = subscribe(cast, stripe)
    stripe.become(str(order.subscription_ref), status)
    sync(order.id, cause="webhook")
    leave(cast, ends="at_end")
    work()
    assert told(stripe, order)[0] == "canceled"


def test_r25_a_trial_ends_without_a_charge(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe, monthly(cast, trial_days=7))
    leave(cast)
    work()
    assert told(stripe, order) == ("trialing", True)


def test_r25_isolation_is_no_way_out(cast: Cast, stripe: StripeDouble, noon: datetime) -> None:
    order = subscribe(cast, stripe)
    with unit_of_work():
        actions.isolate(cast.actor("owner"), member=row(cast, "stranger"), reason="spam")
    work()
    reconcile()
    assert told(stripe, order) == ("active", False)


def test_r25_who_left_and_closes_the_account_has_nothing_running(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    leave(cast)
    work()
    close_account(cast)
    work()
    assert told(stripe, order)[0] == "canceled"


@pytest.mark.parametrize("way", ["leave", "remove", "close"])
def test_r26_a_checkout_that_was_open_is_closed(
    cast: Cast, stripe: StripeDouble, noon: datetime, way: str
) -> None:
    plan = sell(cast)
    first = open_order(cast, "stranger", plan)
    stripe.pay(str(first.provider_ref))
    sync(first.id, cause="webhook")
    second = open_order(cast, "stranger", plan)
    OUT[way](cast)
    work()
    assert stripe.things[str(second.provider_ref)]["status"] == "expired"


@pytest.mark.parametrize("way", ["leave", "remove", "close"])
@pytest.mark.parametrize("delayed", [False, True])
def test_r26_a_checkout_paid_afterwards_gives_back_itself_alone(
    cast: Cast, stripe: StripeDouble, noon: datetime, way: str, delayed: bool
) -> None:
    plan = sell(cast)
    first = open_order(cast, "stranger", plan)
    stripe.pay(str(first.provider_ref))
    sync(first.id, cause="webhook")
    second = open_order(cast, "stranger", plan)
    if delayed:
        stripe.delay(str(second.provider_ref), method="alipay")
        sync(second.id, cause="webhook")
    OUT[way](cast)
    gone = standing(cast)
    with clock.fixed(noon + timedelta(minutes=1)):
        if delayed:
            stripe.arrive(str(second.provider_ref))
        else:
            stripe.pay(str(second.provider_ref))
        sync(second.id, cause="webhook")
        work()
    assert [amount for amount, _reason, _state in refunds()] == [second.amount]
    assert standing(cast) is gone
    assert stripe.things[str(second.provider_ref)]["amount_total"] == second.amount


def test_r26_what_was_paid_before_leaving_and_seen_afterwards_waits(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    plan = sell(cast)
    first = open_order(cast, "stranger", plan)
    stripe.pay(str(first.provider_ref))
    sync(first.id, cause="webhook")
    second = open_order(cast, "stranger", plan)
    stripe.pay(str(second.provider_ref))
    with clock.fixed(noon + timedelta(minutes=1)):
        leave(cast)
        sync(second.id, cause="webhook")
        work()
        assert standing(cast) is Standing.LEFT
        assert refunds() == []
        with unit_of_work():
            actions.come_back(cast.actor("stranger"))
        assert at(cast, "stranger") == noon + 2 * timedelta(days=365)


@pytest.mark.parametrize("way", OUT)
def test_r25_a_subscription_that_is_seen_only_afterwards_ends_too(
    cast: Cast, stripe: StripeDouble, noon: datetime, way: str
) -> None:
    first = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(first.provider_ref))
    sync(first.id, cause="webhook")
    order = open_order(cast, "stranger", monthly(cast))
    stripe.pay(str(order.provider_ref))
    with clock.fixed(noon + timedelta(minutes=1)):
        OUT[way](cast)
        order = sync(order.id, cause="webhook")
        work()
    assert told(stripe, order) == TOLD[way]
    assert len(refunds()) == (0 if way == "leave" else 1)


def test_r26_who_buys_anew_after_leaving_is_let_in(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    plan = monthly(cast)
    old = subscribe(cast, stripe, plan)
    leave(cast)
    with clock.fixed(noon + DAY):
        new = subscribe(cast, stripe, plan)
        assert standing(cast) is Standing.ACTIVE
        stripe.renew(str(old.subscription_ref))
        sync(old.id, cause="webhook")
        work()
    assert refunds() == [(2_900, "ended", "succeeded")]
    assert told(stripe, new) == ("active", False)


def test_r25_who_comes_back_takes_the_cancellation_back(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    leave(cast)
    work()
    deed = {"data": {"deed": "resume"}}
    page = f"/p/{cast.slug}/orders/{order.public_id}"
    assert cast.client("stranger").post(f"{page}/subscription", **deed).status_code == 303
    assert told(stripe, order) == ("active", True)
    assert "Renew by itself again" not in cast.client("stranger").get(page, headers=ENGLISH).text
    with unit_of_work():
        actions.come_back(cast.actor("stranger"))
    ask_resume(order.id, cause="buyer")
    assert told(stripe, order) == ("active", False)
    with clock.fixed(noon + 30 * DAY):
        stripe.renew(str(order.subscription_ref))
        sync(order.id, cause="webhook")
        work()
    assert refunds() == []
    assert standing(cast) is Standing.ACTIVE


def test_r25_what_was_cancelled_before_is_left_as_it_is(
    cast: Cast, stripe: StripeDouble, noon: datetime
) -> None:
    order = subscribe(cast, stripe)
    stripe.cancel_in_portal(str(order.subscription_ref))
    sync(order.id, cause="webhook")
    leave(cast)
    work()
    assert told(stripe, order)[0] == "active"
    assert db.session.scalars(sa.select(Subscription.end_wanted)).one() == ""


def test_r26_a_gift_of_who_was_removed_goes_back_and_of_who_left_does_not(
    cast: Cast, noon: datetime
) -> None:
    plan = sell(cast)
    for way, count in ((leave, 0), (remove, 1)):
        with clock.fixed(noon + count * DAY):
            buy(cast, "stranger", plan)
            gift = open_order(cast, "stranger", plan, kind="gift")
            way(cast)
            do(gift, "pay")
            work()
        assert len(refunds()) == count


def test_r26_a_transfer_that_is_approved_after_leaving_is_paid_back_by_hand(
    cast: Cast, noon: datetime
) -> None:
    plan = sell(cast)
    buy(cast, "stranger", plan)
    cast.set_planet(transfer_note="招商银行")
    order = open_order(cast, "stranger", plan, gateway="transfer")
    state_transfer(cast.actor("stranger"), order_id=order.public_id, memo="尾号 01")
    leave(cast)
    with clock.fixed(noon + DAY):
        approve_transfer(cast.actor("owner"), order_id=order.public_id)
        work()
    assert refunds() == [(order.amount, "left", "succeeded")]
    assert standing(cast) is Standing.LEFT


@pytest.mark.parametrize("deeds", [("renew",), ("miss", "renew")])
def test_r26_the_demo_behaves_alike(cast: Cast, noon: datetime, deeds: tuple[str, ...]) -> None:
    order = buy(cast, "stranger", monthly(cast))
    with clock.fixed(noon + DAY):
        leave(cast)
        do(order, *deeds)
        work()
    assert refunds() == [(2_900, "left", "succeeded")]
    assert standing(cast) is Standing.LEFT
    assert db.session.scalars(sa.select(Subscription.status)).one() == "canceled"


def test_r25_the_pages_say_so_before(cast: Cast, noon: datetime) -> None:
    buy(cast, "stranger", monthly(cast))
    page = cast.client("stranger").get(f"/p/{cast.slug}/leave", headers=ENGLISH).text
    assert "When does your subscription end?" in page
    assert "With what is paid, on Oct 16, 2026" in page
    page = cast.client("stranger").get("/account/close", headers=ENGLISH).text
    assert "This subscription ends at once" in page
    assert "29.00" in page
    here = f"/p/{cast.slug}/members/{row(cast, 'stranger').public_id}/remove"
    page = cast.client("owner").get(here, headers=ENGLISH).text
    assert "This subscription ends at once" in page
    assert "Remove and give money back instead" in page


def test_r25_who_pays_nothing_is_asked_nothing(cast: Cast) -> None:
    page = cast.client("member").get(f"/p/{cast.slug}/leave", headers=ENGLISH).text
    assert "subscription" not in page
    with pytest.raises(Invalid), unit_of_work():
        parting.leave(cast.actor("member"), ends="")
