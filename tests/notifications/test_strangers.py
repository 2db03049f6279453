"""The site's mail server carries nobody's advertising: letters are counted, links left out."""

from datetime import datetime, timedelta

import pytest

from app.accounts.models import User
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships import actions
from app.memberships.actions import Offer
from app.notifications import strangers
from app.outbox.delivery import deliver_due
from app.policy import PlanetRole
from tests.accounts.browser import Visitor
from tests.cast import PASSWORD, Cast
from tests.notifications.mailbox import Mailbox, html_of, text_of


def invite(cast: Cast, email: str, note: str = "") -> None:
    with unit_of_work():
        offer = Offer(email=email, role=PlanetRole.GUEST, note=note)
        actions.invite(cast.actor("owner"), offer=offer)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("看 https://evil.test/a?b=1 吧", "看 … 吧"),
        ("www.evil.test", "…"),
        ("领奖 evil.com/win", "领奖 …"),
        ("evil。com", "…"),
        ("HTTP://EVIL.COM", "…"),
        ("J. K. Rowling, 3.5 Sterne", "J. K. Rowling, 3.5 Sterne"),
        ("王小雨", "王小雨"),
    ],
)
def test_what_looks_like_a_link_is_left_out(said: str, kept: str) -> None:
    assert strangers.without_links(said) == kept


def test_an_invitation_carries_no_links_of_its_writer(cast: Cast, mailbox: Mailbox) -> None:
    cast.set_planet(name="evil.com 送礼")
    with unit_of_work() as session:
        session.get_one(User, cast.users["owner"]).name = "www.evil.com"
    invite(cast, "new@example.test", note="去 https://evil.com/x 领奖")
    mail = mailbox.one_to("new@example.test")
    assert "领奖" in text_of(mail)
    assert "evil" not in text_of(mail) + html_of(mail) + mail["Subject"]


def test_a_newcomers_name_brings_no_link_to_another_mailbox(cast: Cast, mailbox: Mailbox) -> None:
    form = {"name": "evil.com 赢大奖", "email": "new@example.test", "password": PASSWORD}
    Visitor(cast.app).post("/sign-up", **form)
    assert "evil" not in text_of(mailbox.one_to("new@example.test"))


def test_one_mailbox_gets_a_few_a_day(cast: Cast, mailbox: Mailbox, noon: datetime) -> None:
    for _time in range(8):
        invite(cast, "new@example.test")
        deliver_due()
    assert len(mailbox.to("new@example.test")) == strangers.PER_MAILBOX


def test_what_a_planet_sends_beyond_a_day_waits_and_is_not_lost(
    cast: Cast, mailbox: Mailbox, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "PER_PLANET", 2)
    for number in range(3):
        invite(cast, f"new{number}@example.test")
    assert len(mailbox.collect()) == 2
    for hours in range(2, 15, 2):
        with clock.fixed(noon + timedelta(hours=hours)):
            deliver_due()
            db.session.rollback()
    assert len(mailbox.collect()) == 3
