"""Closing an account: the person is gone, what he wrote stays."""

import sqlalchemy as sa

from app.accounts.models import User
from app.kernel.db import db, unit_of_work
from app.memberships.models import Membership
from app.policy import Standing
from app.search import past, saved
from tests.accounts.browser import Visitor
from tests.billing.buying import buy, sell
from tests.cast import PASSWORD, Cast
from tests.discussion.threads import post

MEMBER = "member@example.test"


def at_the_desk(cast: Cast, persona: str = "member") -> Visitor:
    person = Visitor(cast.app)
    person.sign_in(f"{persona}@example.test")
    return person


def test_closing_needs_the_password(cast: Cast) -> None:
    here = at_the_desk(cast)
    assert "cannot be undone" in here.get("/account/close").get_data(as_text=True)
    assert here.post("/account/close", password="not my passphrase").status_code == 422
    assert here.signed_in


def test_the_page_says_what_goes_what_stays_and_under_which_name(cast: Cast) -> None:
    here = at_the_desk(cast)
    page = here.get("/account/close").get_data(as_text=True)
    assert "bookmarks with your notes" in page and "It is signed 王小雨, as today" in page
    assert "books have to be kept" not in page and "payment provider" not in page
    with unit_of_work() as session:
        mine = sa.select(Membership).where(Membership.user_id == cast.users["member"])
        session.scalars(mine).one().nickname = "小雨点"
    buy(cast, "member", sell(cast))
    page = here.get("/account/close").get_data(as_text=True)
    assert "小雨点" in page and "books have to be kept" in page


def test_a_closed_account_is_gone_and_its_words_stay(cast: Cast) -> None:
    here, there = at_the_desk(cast, "guest"), at_the_desk(cast, "guest")
    topic = post(cast, "guest", title="慢读")
    assert here.post("/account/close", password=PASSWORD).location == "/"
    assert not here.signed_in and not there.signed_in
    assert here.sign_in("guest@example.test").status_code == 422
    db.session.rollback()
    person = db.session.get_one(User, cast.users["guest"])
    assert (person.name, person.bio, person.password_hash) == ("陈默", "", "")
    assert person.email.endswith("@closed.invalid") and not person.mail_notices
    page = cast.client("member").get(f"/p/orbit/t/{topic}").get_data(as_text=True)
    assert "慢读" in page and "陈默" in page


def test_he_leaves_all_planets(cast: Cast) -> None:
    at_the_desk(cast).post("/account/close", password=PASSWORD)
    row = sa.select(Membership).where(Membership.user_id == cast.users["member"])
    assert db.session.scalars(row).one().left_at is not None
    assert cast.actor("other").standing is Standing.ACTIVE


def test_nobody_keeps_what_he_searched_for(cast: Cast) -> None:
    here = at_the_desk(cast)
    with unit_of_work():
        past.remember(cast.actor("member"), words="退款")
        saved.save(cast.actor("member"), query="退款", planet_id=None)
    here.post("/account/close", password=PASSWORD)
    assert past.list_past(cast.users["member"]) == []
    assert saved.list_saved(cast.users["member"]) == []


def test_the_address_is_free_again(cast: Cast) -> None:
    at_the_desk(cast).post("/account/close", password=PASSWORD)
    held = sa.select(sa.func.count()).select_from(User).where(User.email == MEMBER)
    assert db.session.scalar(held) == 0


def test_an_owner_hands_over_first(cast: Cast) -> None:
    here = at_the_desk(cast, "owner")
    page = here.get("/account/close").get_data(as_text=True)
    assert "/p/orbit/hand-over" in page and 'name="password"' not in page
    assert here.post("/account/close", password=PASSWORD).status_code == 403
    assert here.signed_in
