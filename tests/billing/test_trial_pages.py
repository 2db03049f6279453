"""R28: a trial says until when it is free, when and how much is charged first, and how to stop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.billing.actions import staffing
from app.kernel import clock
from app.kernel.db import unit_of_work
from tests.billing.buying import do, open_order, sell, work
from tests.cast import Cast
from tests.notifications.mailbox import Mailbox, text_of

DAY = timedelta(days=1)
TRIAL: dict[str, Any] = {
    "mode": "subscription",
    "term": "month",
    "term_count": 1,
    "amount": 500,
    "currency": "USD",
    "trial_days": 7,
}


def page_of(cast: Cast, order_id: str) -> str:
    """Return the order's page as its buyer reads it in English."""
    client = cast.client("stranger")
    client.set_cookie("language", "en")
    return client.get(f"/p/orbit/orders/{order_id}").text


def test_r28_the_page_of_a_trial_says_what_comes(noon: datetime, cast: Cast) -> None:
    order = do(open_order(cast, "stranger", sell(cast, **TRIAL)), "pay")
    shown = page_of(cast, order.public_id)
    assert "It is free until Sep 23, 2026." in shown
    assert "the first charge comes: $5.00" in shown and "Cancel the subscription" in shown
    assert "it is paid" not in shown and "<dt>Paid</dt>" not in shown
    purchases = cast.client("stranger")
    purchases.set_cookie("language", "en")
    assert "In the free trial" in purchases.get("/p/orbit/purchases").text


def test_r28_a_cancelled_trial_says_that_nothing_comes(noon: datetime, cast: Cast) -> None:
    order = do(open_order(cast, "stranger", sell(cast, **TRIAL)), "pay", "end")
    shown = page_of(cast, order.public_id)
    assert "It is free until Sep 23, 2026 and ends then: nothing will be charged." in shown
    assert "the first charge comes" not in shown


def test_r28_a_first_charge_that_failed_is_not_thanked_for(noon: datetime, cast: Cast) -> None:
    order = do(open_order(cast, "stranger", sell(cast, **TRIAL)), "pay")
    with clock.fixed(noon + 7 * DAY):
        do(order, "miss")
        shown = page_of(cast, order.public_id)
        assert "the first charge of $5.00 failed" in shown and "it is paid" not in shown
        do(order, "renew")
        assert "Thank you: it is paid." in page_of(cast, order.public_id)


def test_r28_the_mail_of_a_trial_says_the_same(
    noon: datetime, cast: Cast, mailbox: Mailbox
) -> None:
    order = do(open_order(cast, "stranger", sell(cast, **TRIAL)), "pay")
    work()
    [mail] = [text_of(m) for m in mailbox.to("stranger") if "试用" in text_of(m)]
    assert "免费到 2026年9月23日，当天首次扣款 US$5.00" in mail
    mailbox.empty()
    with unit_of_work():
        staffing.resend_receipt(
            cast.actor("admin"), order_id=order.public_id, token="a-token-of-a-form-00"
        )
    work()
    [receipt] = mailbox.to("stranger")
    assert "免费到 2026年9月23日" in text_of(receipt)


def test_a_subscription_without_a_trial_gets_no_such_mail(
    noon: datetime, cast: Cast, mailbox: Mailbox
) -> None:
    do(open_order(cast, "stranger", sell(cast, **{**TRIAL, "trial_days": 0})), "pay")
    work()
    assert not [m for m in mailbox.to("stranger") if "试用" in text_of(m)]
