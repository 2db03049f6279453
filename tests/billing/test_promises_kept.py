"""What an offer promised is said again where money comes; what can be taken back is, too (R28, R31)."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.billing.actions.pausing import pause_planet
from app.billing.actions.staffing import resend_receipt
from app.kernel import clock
from app.kernel.db import unit_of_work
from tests.billing.buying import buy, do, sell, work
from tests.billing.test_offers import monthly, offer
from tests.billing.test_parting import ENGLISH
from tests.billing.test_remaining import text
from tests.billing.test_words_of_now import read
from tests.cast import Cast
from tests.notifications.mailbox import Mailbox, text_of

DAY = timedelta(days=1)


def letters(mailbox: Mailbox) -> str:
    """Return what was written to the stranger since the last time."""
    found = "\n".join(text_of(mail) for mail in mailbox.to("stranger"))
    mailbox.empty()
    return found


def test_r31_each_receipt_says_until_when_the_offer_holds_and_what_comes_then(
    cast: Cast, mailbox: Mailbox, noon: datetime
) -> None:
    plan = monthly(cast)
    offer(cast, percent=20, duration="repeating", months=2)
    order = buy(cast, "stranger", plan, coupon="half")
    work()
    said = letters(mailbox)
    assert "你的优惠：前 2 次每次 ¥15.20，之后每月 ¥19.00" in said
    assert "从 2026年11月16日 起恢复原价 ¥19.00" in said
    assert "From Nov 16, 2026 on it costs CN¥19." in read(cast, f"/orders/{order.public_id}")
    assert "for CN¥15.20" in read(cast, "/me")
    with clock.fixed(noon + 30 * DAY):
        do(order, "renew")
        work()
        assert "从 2026年11月16日 起恢复原价" in letters(mailbox)
        assert "for CN¥19.00" in read(cast, "/me")
    with clock.fixed(noon + 61 * DAY):
        do(order, "renew")
        work()
        assert "优惠" not in letters(mailbox)


def test_r31_the_receipt_by_mail_says_it_too(cast: Cast, mailbox: Mailbox, noon: datetime) -> None:
    plan = monthly(cast)
    offer(cast, percent=50, duration="forever")
    order = buy(cast, "stranger", plan, coupon="half")
    work()
    mailbox.empty()
    with unit_of_work():
        resend_receipt(cast.actor("owner"), order_id=order.public_id, token="r" * 20)
    work()
    assert "订阅期间一直有效" in letters(mailbox)


def test_r35_a_receipt_in_a_pause_says_that_the_time_waits(
    cast: Cast, mailbox: Mailbox, noon: datetime
) -> None:
    order = buy(cast, "stranger", monthly(cast))
    work()
    mailbox.empty()
    with clock.fixed(noon + 29 * DAY):
        do(order, "renew")
        with unit_of_work():
            pause_planet(cast.actor("owner"))
        work()
    assert "星球暂停多久就顺延多久" in letters(mailbox)


def test_r28_leaving_and_closing_say_what_can_still_be_taken_back(
    cast: Cast, noon: datetime
) -> None:
    cast.set_planet(refund_hours=72)
    order = buy(cast, "stranger", sell(cast))
    page = f"/orders/{order.public_id}/refund"
    for path in (f"/p/{cast.slug}/leave", "/account/close"):
        said = cast.client("stranger").get(path, headers=ENGLISH).text
        assert "You can still take this back" in text(said)
        assert page in said
    with clock.fixed(noon + timedelta(hours=73)):
        assert "take this back" not in read(cast, "/leave")


def test_r25_who_takes_a_subscription_back_reads_that_it_ends(cast: Cast, noon: datetime) -> None:
    cast.set_planet(refund_hours=72)
    subscribed, once = buy(cast, "stranger", monthly(cast)), buy(cast, "member", sell(cast))
    words = "The subscription ends at once; nothing more is charged."
    assert words in read(cast, f"/orders/{subscribed.public_id}/refund")
    assert words not in read(cast, f"/orders/{once.public_id}/refund", "member")
