"""What is said of access and trials is made from how they stand at that moment (R28, R34)."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.billing.actions.sync import sync
from app.kernel import clock
from tests.billing.buying import at, buy, do, open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.billing.test_parting import ENGLISH, monthly, subscribe
from tests.billing.test_remaining import text
from tests.cast import Cast
from tests.memberships.people import row
from tests.notifications.mailbox import Mailbox, text_of

DAY = timedelta(days=1)


def read(cast: Cast, path: str, persona: str = "stranger") -> str:
    """Return a page's words in English."""
    return text(cast.client(persona).get(f"/p/{cast.slug}{path}", headers=ENGLISH).text)


def test_r34_who_buys_in_the_days_of_grace_reads_dates_of_now(cast: Cast, noon: datetime) -> None:
    plan = sell(cast, term_count=30)
    buy(cast, "stranger", plan)
    assert "The membership runs until Oct 16, 2026. What you buy now begins then." in read(
        cast, "/buy"
    )
    cast.set_planet(grace_days=7)
    with clock.fixed(noon + 32 * DAY):
        page = read(cast, "/buy")
        assert (
            "ended on Oct 16, 2026; access lasts until Oct 23, 2026. What you buy now begins"
            in page
        )
        assert "begins today" in page
        buy(cast, "stranger", plan)
        assert at(cast, "stranger") == noon + 62 * DAY


def test_r34_a_failed_charge_says_how_long_access_lasts(
    cast: Cast, stripe: StripeDouble, mailbox: Mailbox, noon: datetime
) -> None:
    cast.set_planet(grace_days=7)
    order = subscribe(cast, stripe)
    work()
    mailbox.empty()
    with clock.fixed(noon + 30 * DAY + timedelta(hours=1)):
        stripe.become(str(order.subscription_ref), "past_due")
        sync(order.id, cause="webhook")
        page = read(cast, f"/orders/{order.public_id}")
        assert "access lasts until Oct 23, 2026" in page
        assert "ends soon" not in page
        letters = [text_of(mail) for mail in mailbox.to("stranger")]
        assert any("2026年10月23日" in letter for letter in letters)


def test_r28_a_trial_is_called_one_in_the_story_and_on_its_button(
    cast: Cast, noon: datetime
) -> None:
    plan = monthly(cast, trial_days=7)
    page = read(cast, "/buy")
    assert "Try it free for 7 days" in page
    assert "Subscribe" not in page
    order = do(open_order(cast, "stranger", plan), "pay")
    member = row(cast, "stranger").public_id
    for path in (f"/subscriptions/{member}", "/subscriptions/provider"):
        story = read(cast, path, "owner")
        assert "Order: Paid" not in story
    assert "The free trial began" in read(cast, f"/subscriptions/{member}", "owner")
    assert "Ordered: a free trial, then" in read(cast, f"/subscriptions/{member}", "owner")
    with clock.fixed(noon + 7 * DAY):
        do(order, "renew")
        story = read(cast, f"/subscriptions/{member}", "owner")
        assert "The free trial began" in story
        assert "Paid" in story


def test_r16_the_form_says_who_may_try(cast: Cast) -> None:
    page = read(cast, "/plans/new", "owner")
    assert "never members" not in page
    assert "not for who paid or redeemed a code here before" in page
