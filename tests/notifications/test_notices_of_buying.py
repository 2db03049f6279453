"""Notices of money: what came, what went, what failed; and of being let in to buy."""

from app.billing.actions.refunds import refund_own
from app.kernel.db import db, unit_of_work
from app.memberships.actions import approve, request_to_join
from app.memberships.models import Membership
from app.notifications.sight import look_at
from tests.billing.buying import buy, do, open_order, sell, work
from tests.cast import Cast
from tests.notifications.mailbox import Mailbox, text_of
from tests.notifications.telling import kinds, notices


def test_a_payment_brings_a_receipt_and_a_refund_a_word(cast: Cast) -> None:
    mailbox = Mailbox(cast.app)
    order = buy(cast, "stranger", sell(cast))
    assert kinds(cast, "stranger") == ["payment_arrived"]
    text = text_of(mailbox.one_to("stranger"))
    assert "¥199.00" in text
    assert order.public_id in text
    with unit_of_work():
        refund_own(cast.actor("stranger"), order_id=order.public_id, reason="", token="t" * 20)
    work()
    work()
    assert kinds(cast, "stranger") == ["payment_arrived", "refund_done"]
    (_, last) = notices(cast, "stranger")
    seen = look_at(last)
    assert seen is not None
    assert seen.path == f"/p/{cast.slug}/orders/{order.public_id}"


def test_syncing_again_tells_nothing_again(cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast))
    for _ in range(3):
        do(order, "refund") if order.state == "paid" else do(order)
    assert kinds(cast, "stranger") == ["payment_arrived", "refund_done"]


def test_a_delayed_payment_that_fails_is_told(cast: Cast) -> None:
    do(open_order(cast, "stranger", sell(cast)), "delay", "bounce")
    assert kinds(cast, "stranger") == ["payment_failed"]


def test_a_dispute_and_its_loss_are_told(cast: Cast) -> None:
    order = buy(cast, "stranger", sell(cast))
    do(order, "dispute")
    do(order, "lose")
    assert kinds(cast, "stranger") == ["payment_arrived", "payment_disputed", "dispute_lost"]


def test_each_charge_of_a_subscription_brings_a_receipt_and_a_failed_one_a_warning(
    cast: Cast,
) -> None:
    plan = sell(cast, term="month", term_count=1, mode="subscription")
    order = buy(cast, "stranger", plan)
    do(order, "renew")
    do(order, "miss")
    assert kinds(cast, "stranger") == ["payment_arrived", "payment_arrived", "charge_failed"]


def test_who_was_let_in_is_told_to_choose_until_he_has(cast: Cast) -> None:
    plan = sell(cast)
    cast.set_planet(joining="approval", join_question="为什么？")
    with unit_of_work():
        request_to_join(cast.actor("stranger"), answer="想学。", nickname="", rules_version=0)
    row = db.session.query(Membership).filter_by(user_id=cast.users["stranger"]).one()
    with unit_of_work():
        approve(cast.actor("owner"), member=db.session.merge(row))
    assert kinds(cast, "stranger") == ["may_buy"]
    (told,) = notices(cast, "stranger")
    seen = look_at(told)
    assert seen is not None
    assert seen.path == f"/p/{cast.slug}/buy"
    buy(cast, "stranger", plan)
    (told, *_) = notices(cast, "stranger")
    assert look_at(told) is None


def test_the_page_shows_notices_of_buying_to_their_owner_only(cast: Cast) -> None:
    buy(cast, "stranger", sell(cast))
    work()
    assert cast.client("stranger").get("/notices").text.count("notices__link") == 1
    assert cast.client("other").get("/notices").text.count("notices__link") == 0
