"""Letters that waited for a mail server: rights and facts are asked again when it is back."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.accounts.models import User
from app.billing.actions.comps import Gift, give_to_members, offer_by_address, revoke_offer
from app.billing.actions.refunds import refund_own
from app.billing.actions.reminders import remind
from app.billing.actions.transfers import approve_transfer
from app.billing.models import CompOffer
from app.discussion.actions.topics import delete_topic
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships import actions
from app.memberships.models import Invitation
from app.memberships.queries import get_invitation_row, get_row
from app.notifications.models import Mail
from app.outbox.claiming import claim
from app.outbox.delivery import deliver
from app.outbox.events import Lane
from tests.accounts.browser import Visitor
from tests.billing.buying import buy, sell
from tests.cast import PASSWORD, Cast
from tests.discussion.threads import member_id, post, say
from tests.notifications.mailbox import Mailbox, link_in, text_of
from tests.notifications.telling import answer, put_question
from tests.notifications.test_notices_of_buying import transfer
from tests.notifications.test_notices_of_joining import ask_to_join, decide, invite


@pytest.fixture
def pass_time(noon: object) -> Iterator[Callable[[timedelta], None]]:
    """Let time pass."""
    held = []

    def go_on(length: timedelta) -> None:
        later = clock.fixed(clock.now() + length)
        later.__enter__()
        held.append(later)

    yield go_on
    for later in reversed(held):
        later.__exit__(None, None, None)


def write_mails() -> None:
    """Let the worker make notices and write mails, while the mail server is away."""
    lanes = (Lane.AT_ONCE, Lane.INSIDE, Lane.PAYMENTS)
    while letters := [letter for lane in lanes for letter in claim(lane)]:
        for letter in letters:
            deliver(letter)


def put_out(cast: Cast, persona: str = "member") -> None:
    """Remove somebody, and let the worker hear of it."""
    who = member_id(cast, persona)
    with unit_of_work():
        owner = cast.actor("owner")
        actions.remove(owner, member=get_row(owner, who), reason="Spam.")
    write_mails()


def dropped() -> int:
    db.session.rollback()
    gone = sa.select(sa.func.count()).select_from(Mail).where(Mail.dropped_at.is_not(None))
    return db.session.scalar(gone) or 0


def test_whoever_was_removed_gets_nothing_though_the_notices_are_gone(
    cast: Cast, mailbox: Mailbox
) -> None:
    topic = post(cast, "guest")
    say(cast, "other", topic, parent=say(cast, "member", topic))
    answer(cast, put_question(cast, "member"))
    write_mails()
    put_out(cast)
    assert mailbox.to("member") == []
    assert dropped() >= 2


def test_a_topic_deleted_meanwhile_is_told_to_nobody(cast: Cast, mailbox: Mailbox) -> None:
    topic = post(cast, "guest")
    say(cast, "member", topic)
    write_mails()
    with unit_of_work():
        delete_topic(cast.actor("guest"), public_id=topic)
    assert mailbox.collect() == []


def test_a_reminder_is_not_sent_after_more_time_was_given(
    cast: Cast, mailbox: Mailbox, pass_time: Callable[[timedelta], None]
) -> None:
    buy(cast, "stranger", sell(cast))
    mailbox.collect()
    mailbox.empty()
    pass_time(timedelta(days=363))
    assert remind() == 1
    write_mails()
    waiting = sa.select(sa.func.count()).select_from(Mail).where(Mail.sent_at.is_(None))
    assert db.session.scalar(waiting) == 1
    gift = Gift("for the talk", "t" * 20, days=30)
    with unit_of_work():
        give_to_members(cast.actor("owner"), members=[member_id(cast, "stranger")], gift=gift)
    assert mailbox.to("stranger") == []


def test_an_invitation_revoked_meanwhile_is_not_sent(cast: Cast, mailbox: Mailbox) -> None:
    row_id = invite(cast, "new@example.test")
    write_mails()
    public_id = db.session.get_one(Invitation, row_id).public_id
    owner = cast.actor("owner")
    with unit_of_work():
        actions.revoke_invitation(owner, invitation=get_invitation_row(owner, public_id))
    assert mailbox.to("new@example.test") == []


def test_an_invitation_is_sent_beside_a_copied_link(cast: Cast, mailbox: Mailbox) -> None:
    row_id = invite(cast, "new@example.test")
    write_mails()
    public_id = db.session.get_one(Invitation, row_id).public_id
    owner = cast.actor("owner")
    with unit_of_work():
        actions.copy_link(owner, invitation=get_invitation_row(owner, public_id))
    assert len(mailbox.to("new@example.test")) == 1


def test_an_invitation_of_somebody_who_may_not_invite_any_more(
    cast: Cast, mailbox: Mailbox
) -> None:
    invite(cast, "new@example.test")
    write_mails()
    cast.set_membership("owner", role="member")
    assert mailbox.collect() == []


def test_a_resent_invitation_is_one_letter_whose_link_works(cast: Cast, mailbox: Mailbox) -> None:
    row_id = invite(cast, "new@example.test")
    write_mails()
    with unit_of_work():
        owner = cast.actor("owner")
        row = db.session.get_one(Invitation, row_id)
        actions.resend_invitation(owner, invitation=row)
    path = link_in(mailbox.one_to("new@example.test"))
    assert Visitor(cast.app).get(path).status_code == 200


def test_an_invitation_is_not_sent_to_whoever_was_removed(cast: Cast, mailbox: Mailbox) -> None:
    invite(cast, "member@example.test")
    write_mails()
    put_out(cast)
    assert mailbox.to("member") == []


def test_an_offer_taken_back_meanwhile(cast: Cast, mailbox: Mailbox) -> None:
    with unit_of_work():
        gift = Gift("for the talk", "t" * 20, days=30)
        offer_by_address(cast.actor("owner"), addresses="new@example.test", gift=gift)
    write_mails()
    offer = db.session.query(CompOffer).one()
    with unit_of_work():
        revoke_offer(cast.actor("owner"), offer_id=offer.public_id)
    assert mailbox.collect() == []


@pytest.mark.parametrize(
    ("path", "form", "life"),
    [
        ("/reset", {"email": "member@example.test"}, timedelta(hours=1)),
        (
            "/sign-up",
            {"name": "许楠", "email": "new@example.test", "password": PASSWORD},
            timedelta(days=3),
        ),
        (
            "/sign-up",
            {"name": "许楠", "email": "member@example.test", "password": PASSWORD},
            timedelta(days=3),
        ),
    ],
)
def test_a_link_that_is_out_of_date_is_not_sent(
    cast: Cast,
    mailbox: Mailbox,
    pass_time: Callable[[timedelta], None],
    path: str,
    form: dict[str, str],
    life: timedelta,
) -> None:
    Visitor(cast.app).post(path, **form)
    write_mails()
    pass_time(life)
    assert mailbox.collect() == []
    assert dropped() == 1


def test_a_reset_is_not_sent_after_another_was_used(cast: Cast, mailbox: Mailbox) -> None:
    Visitor(cast.app).post("/reset", email="member@example.test")
    path = link_in(mailbox.one_to("member"))
    mailbox.empty()
    Visitor(cast.app).post("/reset", email="member@example.test")
    write_mails()
    Visitor(cast.app).post(path, password="an even longer passphrase")
    assert "/reset/" not in link_in(mailbox.one_to("member")), "only: the password was changed"


def test_a_notice_goes_to_the_address_that_is_the_persons_now(cast: Cast, mailbox: Mailbox) -> None:
    put_question(cast, "member")
    write_mails()
    with unit_of_work() as session:
        guest = session.get_one(User, cast.users["guest"])
        guest.email, guest.language = "chen@example.test", "en"
    assert mailbox.to("guest") == []
    assert "asked you a question" in text_of(mailbox.one_to("chen@example.test"))


def test_the_words_are_those_of_the_moment_of_sending(cast: Cast, mailbox: Mailbox) -> None:
    put_question(cast, "member")
    write_mails()
    cast.set_planet(name="远轨")
    assert "远轨" in text_of(mailbox.one_to("guest"))


def test_a_question_answered_meanwhile_asks_nobody(cast: Cast, mailbox: Mailbox) -> None:
    topic = put_question(cast, "member")
    write_mails()
    answer(cast, topic)
    assert mailbox.to("guest") == []
    assert len(mailbox.to("member")) == 1


def test_a_request_to_join_decided_meanwhile(cast: Cast, mailbox: Mailbox) -> None:
    ask_to_join(cast)
    write_mails()
    decide(cast, "stranger", welcome=False)
    write_mails()
    ask_to_join(cast)
    decide(cast, "stranger", welcome=True)
    assert mailbox.to("owner") == []
    assert len(mailbox.to("stranger")) == 1, "let in, and not: declined"


def test_a_transfer_decided_meanwhile_asks_staff_for_nothing(cast: Cast, mailbox: Mailbox) -> None:
    order = transfer(cast)
    write_mails()
    approve_transfer(cast.actor("admin"), order_id=order.public_id)
    assert mailbox.to("owner") == []


def test_who_was_removed_still_hears_that_the_money_went_back(cast: Cast, mailbox: Mailbox) -> None:
    order = buy(cast, "stranger", sell(cast))
    with unit_of_work():
        refund_own(cast.actor("stranger"), order_id=order.public_id, reason="", token="t" * 20)
    write_mails()
    put_out(cast, "stranger")
    assert any("¥199.00" in text_of(mail) for mail in mailbox.to("stranger"))
