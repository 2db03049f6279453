"""Notices of money: what came, what went, what failed; and of being let in to buy."""

from app.accounts.models import User
from app.billing.actions.comps import Gift, offer_by_address, revoke_offer
from app.billing.actions.refunds import refund_own
from app.billing.actions.transfers import (
    approve_transfer,
    decline_transfer,
    state_transfer,
    write_transfer_note,
)
from app.billing.models import CompOffer, Order
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


def transfer(cast: Cast) -> Order:
    """Let the stranger order by transfer and say twice that he has paid."""
    with unit_of_work():
        write_transfer_note(cast.actor("owner"), note="Bank of the Moon")
    order = open_order(cast, "stranger", sell(cast), gateway="transfer")
    for memo in ("moon 1", "moon 2"):
        state_transfer(cast.actor("stranger"), order_id=order.public_id, memo=memo)
    return order


def test_staff_are_told_of_a_transfer_once_and_the_buyer_of_what_became_of_it(
    cast: Cast, mailbox: Mailbox
) -> None:
    with unit_of_work() as session:
        session.get_one(User, cast.users["partner"]).mail_notices = False
    order = transfer(cast)
    for persona, mails in (("owner", 1), ("partner", 0), ("admin", 1)):
        assert kinds(cast, persona) == ["transfer_stated"]
        assert len(mailbox.to(persona)) == mails
    assert order.public_id in text_of(mailbox.one_to("owner"))
    assert kinds(cast, "guest") == kinds(cast, "member") == kinds(cast, "stranger") == []
    approve_transfer(cast.actor("admin"), order_id=order.public_id)
    assert kinds(cast, "stranger") == ["payment_arrived"]
    assert order.public_id in text_of(mailbox.one_to("stranger"))


def test_a_buyer_is_told_why_his_transfer_was_declined(cast: Cast, mailbox: Mailbox) -> None:
    order = transfer(cast)
    decline_transfer(cast.actor("admin"), order_id=order.public_id, reason="Nothing came.")
    assert kinds(cast, "stranger") == ["payment_failed"]
    assert "Nothing came." in text_of(mailbox.one_to("stranger"))


def test_who_is_no_staff_any_more_is_shown_no_transfer(cast: Cast) -> None:
    transfer(cast)
    (notice,) = notices(cast, "admin")
    seen = look_at(notice)
    assert seen is not None
    assert seen.path == f"/p/{cast.slug}/transfers"
    cast.set_membership("admin", role="guest")
    assert look_at(notice) is None


def test_an_offer_by_address_is_mailed_alike_whoever_owns_it(cast: Cast, mailbox: Mailbox) -> None:
    known, unknown = "stranger@example.test", "nobody@example.test"
    gift = Gift("for the talk", "t" * 20, days=30)
    for _time in range(2):
        with unit_of_work():
            offer_by_address(cast.actor("owner"), addresses=f"{known}, {unknown}", gift=gift)
    work()
    mails = mailbox.to(known), mailbox.to(unknown)
    assert [len(each) for each in mails] == [1, 1]
    for (mail,) in mails:
        assert f"/p/{cast.slug}/redeem" in text_of(mail)
        # What staff write for their own trail stays there.
        assert "for the talk" not in text_of(mail)


def test_an_offer_that_was_taken_back_is_not_mailed(cast: Cast, mailbox: Mailbox) -> None:
    address = "nobody@example.test"
    with unit_of_work():
        gift = Gift("for the talk", "t" * 20, days=30)
        offer_by_address(cast.actor("owner"), addresses=address, gift=gift)
    offer = db.session.query(CompOffer).one()
    with unit_of_work():
        revoke_offer(cast.actor("owner"), offer_id=offer.public_id)
    work()
    assert mailbox.to(address) == []
