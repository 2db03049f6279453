"""What owner and partners hear of: who came in, and what became of their money."""

from __future__ import annotations

from app.billing.actions.redeeming import redeem
from app.billing.actions.refunds import refund_own
from app.billing.actions.sync import sync
from app.billing.models import Payment
from app.kernel.db import db, unit_of_work
from app.memberships.actions import join
from app.notifications.kinds import OF_STAFF, Kind
from app.notifications.sight import look_at
from tests.billing.asking import cost, go_to_pay
from tests.billing.buying import buy, do, open_order, sell, work
from tests.billing.stripe_double import StripeDouble
from tests.billing.test_codes import code_of
from tests.cast import Cast
from tests.notifications.mailbox import Mailbox, text_of
from tests.notifications.telling import notices, said

LEADERS = ("owner", "partner")
OTHERS = ("admin", "guest", "member")


def of_staff(cast: Cast, persona: str) -> list[str]:
    """Return the kinds that a persona was told as one who leads, oldest first."""
    return [notice.kind for notice in notices(cast, persona) if notice.kind in OF_STAFF]


def told(cast: Cast) -> list[str]:
    """Return what owner and partner were told alike; nobody else hears any of it."""
    owner, partner = (of_staff(cast, persona) for persona in LEADERS)
    assert owner == partner
    assert [of_staff(cast, persona) for persona in OTHERS] == [[], [], []]
    return owner


def test_who_joins_freely_is_told(cast: Cast) -> None:
    with unit_of_work():
        join(cast.actor("stranger"), nickname="", rules_version=0)
    assert told(cast) == ["staff_joined"]
    assert said(cast, "owner")[-1] == "冯远 joined 轨道."


def test_the_first_sale_others_and_renewals_are_told_apart(cast: Cast) -> None:
    plan = sell(cast)
    buy(cast, "stranger", plan)
    buy(cast, "expired", plan)
    buy(cast, "stranger", plan)
    assert told(cast) == ["staff_first_sale", "staff_sale", "staff_renewal"]
    (last,) = notices(cast, "partner")[-1:]
    seen = look_at(last)
    assert seen is not None
    assert "/subscriptions/" in seen.path
    assert cast.client("partner").get(f"/notices/{last.public_id}").location == seen.path


def test_sales_stand_in_the_page_and_fill_no_mailbox(cast: Cast) -> None:
    mailbox = Mailbox(cast.app)
    buy(cast, "stranger", sell(cast))
    assert told(cast) == ["staff_first_sale"]
    assert mailbox.to("owner") == mailbox.to("partner") == []


def test_a_code_that_is_redeemed_is_told_once(cast: Cast) -> None:
    code = code_of(cast)
    redeem(cast.actor("stranger"), typed=code, address="203.0.113.9")
    work()
    assert told(cast) == ["staff_redeemed"]


def test_a_refund_is_told(cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast))
    with unit_of_work():
        refund_own(cast.actor("stranger"), order_id=order.public_id, reason="", token="t" * 20)
    work()
    work()
    assert told(cast) == ["staff_first_sale", "staff_refund"]


def test_r17_a_refund_that_fails_days_later_is_told_by_mail(
    cast: Cast, stripe: StripeDouble
) -> None:
    mailbox = Mailbox(cast.app)
    order = open_order(cast, "stranger", sell(cast))
    charge = stripe.pay(str(order.provider_ref))
    sync(order.id, cause="return")
    ref = db.session.query(Payment).one().provider_ref
    refund = stripe.refund_by_hand(ref, 19_900)
    sync(order.id, cause="webhook")
    work()
    stripe.fail_refund(refund["id"])
    sync(order.id, cause="webhook")
    sync(order.id, cause="webhook")
    assert charge["id"]
    assert told(cast) == ["staff_first_sale", "staff_refund", "staff_refund_failed"]
    assert "A refund to 冯远 failed" in str(said(cast, "owner")[-1])
    assert "退款" in text_of(mailbox.one_to("owner"))


def test_r19_a_dispute_says_until_when_to_answer_and_how_it_ended(
    cast: Cast, stripe: StripeDouble
) -> None:
    mailbox = Mailbox(cast.app)
    order = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(order.provider_ref))
    sync(order.id, cause="return")
    dispute = stripe.dispute(db.session.query(Payment).one().provider_ref)
    sync(order.id, cause="webhook")
    assert told(cast)[-1] == "staff_dispute"
    assert "Answer with evidence by" in str(said(cast, "owner")[-1])
    assert len(mailbox.to("owner")) == 1
    stripe.move_dispute(dispute["id"], "won")
    sync(order.id, cause="webhook")
    assert told(cast)[-1] == "staff_dispute_won"
    # What is over asks for nothing any more.
    assert "evidence" not in " ".join(map(str, said(cast, "owner")))


def test_a_mere_inquiry_of_the_bank_is_told_too(cast: Cast, stripe: StripeDouble) -> None:
    order = open_order(cast, "stranger", sell(cast))
    stripe.pay(str(order.provider_ref))
    sync(order.id, cause="return")
    stripe.dispute(db.session.query(Payment).one().provider_ref, status="warning_needs_response")
    sync(order.id, cause="webhook")
    assert told(cast) == ["staff_first_sale", "staff_dispute"]


def test_a_charge_that_fails_is_told_once_a_period(cast: Cast) -> None:
    mailbox = Mailbox(cast.app)
    order = buy(cast, "stranger", sell(cast, term="month", term_count=1, mode="subscription"))
    do(order, "miss")
    do(order)
    assert told(cast) == ["staff_first_sale", "staff_charge_failed"]
    assert len(mailbox.to("partner")) == 1


def test_a_leader_is_not_told_of_own_deeds(cast: Cast) -> None:
    with unit_of_work():
        join(cast.actor("stranger"), nickname="", rules_version=0)
    notices(cast, "owner")
    cast.set_membership("stranger", role="partner")
    buy(cast, "expired", sell(cast))
    assert of_staff(cast, "stranger") == ["staff_first_sale"]
    assert Kind.STAFF_JOINED in of_staff(cast, "owner")


def test_nobody_hears_who_paid_for_a_question(cast: Cast) -> None:
    cost(cast)
    order = do(go_to_pay(cast, anonymous=True), "pay")
    do(order, "dispute")
    assert of_staff(cast, "partner") == []
    (dispute,) = [n for n in notices(cast, "owner") if n.kind in OF_STAFF]
    assert (dispute.kind, dispute.person_id) == ("staff_dispute", None)
    seen = look_at(dispute)
    assert seen is not None
    assert seen.who == ""
    assert seen.path == "/p/orbit/ledger"
