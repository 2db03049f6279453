"""The site's mail server carries nobody's advertising: letters are counted, links left out."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.accounts.models import User
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships import actions
from app.memberships.actions import Offer
from app.memberships.models import Membership
from app.notifications import strangers
from app.outbox.delivery import deliver_due
from app.planets.basics import LINKS_FROM_MEMBERS, LINKS_WAIT_SINCE, may_lead_away
from app.policy import PlanetRole
from tests.accounts.browser import Visitor
from tests.cast import PASSWORD, Cast
from tests.notifications.mailbox import Mailbox, html_of, text_of

ENGLISH = {"Accept-Language": "en"}


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


def test_staff_hear_what_is_not_sent_and_when_to_try_again(cast: Cast, noon: datetime) -> None:
    """The same words for an address with an account and one without."""
    owner = cast.client("owner")
    for address in ("new@example.test", "stranger@example.test"):
        for _time in range(strangers.PER_MAILBOX):
            form = {"email": address, "role": "guest"}
            assert owner.post("/p/orbit/invitations", data=form, headers=ENGLISH).status_code == 303
        answer = owner.post("/p/orbit/invitations", data={**form, "note": "来吧"}, headers=ENGLISH)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422 and "来吧" in page
        assert f"{address} has got enough letters for today." in page
        assert "Nothing was sent; try again after Sep" in page
        gift = {"addresses": address, "how": "ever", "reason": "x", "token": "t" * 20}
        page = owner.post("/p/orbit/comps", data=gift, headers=ENGLISH).get_data(as_text=True)
        assert f"{address} has got enough letters for today." in page


def test_a_planet_and_a_person_hear_how_many_they_may_still_write_to(
    cast: Cast, mailbox: Mailbox, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "PER_PLANET", 3)
    owner = cast.client("owner")
    gift = {"how": "ever", "reason": "x", "token": "t" * 20}
    two = {"addresses": "a@example.test b@example.test", **gift}
    assert owner.post("/p/orbit/comps", data=two, headers=ENGLISH).status_code == 303
    two["addresses"] = "c@example.test d@example.test"
    page = owner.post("/p/orbit/comps", data=two, headers=ENGLISH).get_data(as_text=True)
    assert "You can write to 1 more address today." in page and "c@example.test" in page
    assert mailbox.to("c@example.test") == []
    one = {"email": "c@example.test", "role": "guest"}
    assert owner.post("/p/orbit/invitations", data=one, headers=ENGLISH).status_code == 303
    page = owner.post("/p/orbit/invitations", data=one, headers=ENGLISH).get_data(as_text=True)
    assert "This planet has sent as many letters today as it may." in page
    [waiting] = re.findall(r"/invitations/([\w-]+)/resend", page)
    again = owner.post(
        f"/p/orbit/invitations/{waiting}/resend", follow_redirects=True, headers=ENGLISH
    )
    assert "This planet has sent as many letters" in again.get_data(as_text=True)


def test_names_and_lines_about_people_and_planets_are_never_links(cast: Cast) -> None:
    name = "https://evil.example/x"
    cast.set_planet(name=name, tagline=name)
    with unit_of_work() as session:
        for persona in ("owner", "member"):
            person = session.get_one(User, cast.users[persona])
            person.name, person.bio = f"www.evil.example {persona}", name
        rows = session.scalars(select(Membership).where(Membership.user_id == cast.users["member"]))
        member = rows.one()
        member.nickname = name
        secret = actions.copy_link(
            cast.actor("owner"),
            invitation=actions.invite(
                cast.actor("owner"), offer=Offer("new@example.test", PlanetRole.GUEST, note=name)
            ),
        )
    pages = (
        "/discover /p/orbit/about /p/orbit /p/orbit/members /mine"
        f" /p/orbit/members/{member.public_id} /invitations/{secret} /account/profile"
    )
    for persona in ("visitor", "member", "owner"):
        for path in pages.split():
            page = cast.client(persona).get(path).get_data(as_text=True)
            leads = re.findall(r'(?:href|action)="[^"]*evil[^"]*"', page)
            assert leads == [], (persona, path)


def test_a_planet_that_hardly_anybody_joined_leads_outsiders_nowhere(cast: Cast) -> None:
    html = '<p>看 <a href="https://evil.example" rel="nofollow ugc">这里</a></p>'
    about = "/p/orbit/about"
    with unit_of_work() as session:
        mine = Membership.user_id == cast.users["owner"]
        session.execute(update(Membership).where(~mine).values(left_at=clock.now()))
    # It was there before the rule.
    cast.set_planet(intro="x", intro_html=html)
    assert "evil.example" in cast.client("visitor").get(about).get_data(as_text=True)
    cast.set_planet(created_at=LINKS_WAIT_SINCE)
    for persona in ("visitor", "stranger"):
        page = cast.client(persona).get(about).get_data(as_text=True)
        assert "evil.example" not in page and "看 这里" in page
    assert "evil.example" in cast.client("owner").get(about).get_data(as_text=True)
    assert may_lead_away(founded=LINKS_WAIT_SINCE, members=LINKS_FROM_MEMBERS)
