"""Signing up: the same answer for every address, an account only behind a proven mailbox."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts import actions, limits
from app.accounts.models import SignUp, User, UserSession
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.actions import Offer, copy_link, invite
from app.outbox.models import OutboxEvent
from app.policy import PlanetRole
from tests.accounts.browser import Visitor, plain
from tests.cast import PASSWORD, Cast

NEW = "newcomer@example.test"


def sign_up(person: Visitor, email: str = NEW, **fields: str) -> int:
    """Fill in the form; returns the status."""
    typed = {"name": "许楠", "email": email, "password": PASSWORD} | fields
    return person.post("/sign-up", **typed).status_code


def link(email: str = NEW) -> str:
    """Return the path of the newest link for the address, as the letter would bring it."""
    with unit_of_work() as session:
        newest = sa.select(SignUp.id).where(SignUp.email == email).order_by(SignUp.id.desc())
        secret = actions.issue_sign_up_secret(session.scalars(newest).first() or 0)
    return f"/confirm/{secret}"


def people() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(User)) or 0


def test_form_letter_button_and_in(app: Flask) -> None:
    person = Visitor(app)
    assert sign_up(person) == 303
    assert NEW in person.get("/sign-up/sent").get_data(as_text=True)
    assert people() == 0
    path = link()
    assert person.get(path).status_code == 200
    assert people() == 0
    answer = person.post(path)
    assert (answer.status_code, answer.location) == (303, "/")
    assert person.signed_in
    row = db.session.scalars(sa.select(User)).one()
    assert (row.email, row.name, row.language) == (NEW, "许楠", "en")
    assert row.email_confirmed_at is not None and not row.site_admin


def test_he_lands_where_he_wanted_to_go(app: Flask) -> None:
    person = Visitor(app)
    sign_up(person, next="/p/orbit/about")
    assert person.post(link()).location == "/p/orbit/about"


def test_known_and_unknown_addresses_get_the_same_answer(cast: Cast, noon: datetime) -> None:
    def answers(email: str) -> list[object]:
        person = Visitor(cast.app)
        got = person.post("/sign-up", name="许楠", email=email, password=PASSWORD)
        sent = person.get("/sign-up/sent")
        again = person.post("/sign-up/sent")
        return [
            *(got.status_code, got.location, plain(got, email)),
            *(sent.status_code, plain(sent, email), again.status_code, again.location),
            sorted(key for key, _value in got.headers),
        ]

    before = people()
    assert answers("member@example.test") == answers("nobody@example.test")
    events = db.session.scalars(sa.select(OutboxEvent.name)).all()
    # The same rows are written for both: equal work, equal time.
    assert events == ["accounts.sign_up_wanted"] * 4
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SignUp)) == 2
    assert people() == before


def test_nobody_signs_in_before_the_mailbox_is_proven(app: Flask) -> None:
    """Else a try to sign in would tell whether the address had been known."""
    person = Visitor(app)
    sign_up(person)
    assert person.sign_in(NEW).status_code == 422


def test_in_another_browser_the_password_is_asked(app: Flask) -> None:
    """Nobody opens an account whose password a stranger chose with his address."""
    sign_up(Visitor(app))
    phone, path = Visitor(app), link()
    assert 'name="password"' in phone.get(path).get_data(as_text=True)
    assert phone.post(path, password="not the passphrase").status_code == 422
    assert people() == 0
    assert phone.post(path, password=PASSWORD).status_code == 303
    assert phone.signed_in


def test_passwords_at_a_link_are_limited(app: Flask, noon: datetime) -> None:
    sign_up(Visitor(app))
    guesser, path = Visitor(app), link()
    statuses = [guesser.post(path, password=f"guess number {n}").status_code for n in range(11)]
    assert statuses == [422] * 10 + [429]


def test_a_link_is_good_once(app: Flask) -> None:
    person = Visitor(app)
    sign_up(person)
    path = link()
    person.post(path)
    other = Visitor(app)
    for answer in (other.get(path), other.post(path, password=PASSWORD)):
        assert answer.status_code == 410
    assert people() == 1


def test_a_link_is_good_for_three_days(app: Flask, noon: datetime) -> None:
    person = Visitor(app)
    sign_up(person)
    path = link()
    with clock.fixed(noon + timedelta(days=3)):
        assert person.get(path).status_code == 410
        assert person.post(path).status_code == 410
    with clock.fixed(noon + timedelta(days=2, hours=23)):
        assert person.get(path).status_code == 200


def test_a_newer_letter_ends_the_older_link(app: Flask) -> None:
    person = Visitor(app)
    sign_up(person)
    older, newer = link(), link()
    assert person.get(older).status_code == 410
    assert person.get(newer).status_code == 200


def test_two_wishes_for_one_address_make_one_account(app: Flask) -> None:
    one, two = Visitor(app), Visitor(app)
    sign_up(one)
    first = link()
    sign_up(two)
    second = link()
    assert two.post(second).status_code == 303
    assert one.post(first).status_code == 410
    assert people() == 1


def test_an_unknown_link_is_gone(app: Flask) -> None:
    assert Visitor(app).get("/confirm/never-made").status_code == 410


def test_the_link_page_tells_no_other_page(app: Flask) -> None:
    sign_up(Visitor(app))
    page = Visitor(app).get(link())
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert page.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "enter a name"),
        ("name", "林\u202e悦", "invisible"),
        ("email", "nowhere", "look like an e-mail"),
        ("password", "short", "at least 10"),
        ("password", "1234567890", "is easy to guess"),
        ("password", "newcomer11", "password easy to guess"),
    ],
)
def test_what_is_wrong_stands_at_its_field(app: Flask, field: str, value: str, words: str) -> None:
    person = Visitor(app)
    typed = {"name": "许楠", "email": NEW, "password": PASSWORD} | {field: value}
    answer = person.post("/sign-up", **typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page and f'id="f-{field}-error"' in page
    assert PASSWORD not in page
    if field != "name":
        assert 'value="许楠"' in page


def test_letters_to_one_address_are_few(app: Flask, noon: datetime) -> None:
    """A stranger cannot fill a mailbox, and is not told that he has come to the end of it."""
    person = Visitor(app)
    statuses = {sign_up(person) for _ in range(limits.LETTERS_PER_ADDRESS + 3)}
    assert statuses == {303}
    letters = sa.select(sa.func.count()).select_from(OutboxEvent)
    assert db.session.scalar(letters) == limits.LETTERS_PER_ADDRESS


def test_one_network_signs_up_so_many(
    app: Flask, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIGN_UPS_PER_NETWORK", 2)
    person = Visitor(app)
    statuses = [sign_up(person, f"n{number}@example.test") for number in range(3)]
    assert statuses == [303, 303, 429]
    refused = person.post("/sign-up", name="许楠", email="n9@example.test", password=PASSWORD)
    page = refused.get_data(as_text=True)
    assert int(refused.headers["Retry-After"]) > 0
    assert "Too many tries" in page and 'value="n9@example.test"' in page


def test_the_confirmed_browser_is_a_known_one(app: Flask) -> None:
    person = Visitor(app)
    sign_up(person)
    person.post(link())
    assert person.client.get_cookie("device", path="/sign-in") is not None
    assert db.session.scalar(sa.select(sa.func.count()).select_from(UserSession)) == 1


def test_sent_without_a_wish_leads_to_the_form(app: Flask) -> None:
    person = Visitor(app)
    assert person.get("/sign-up/sent").location == "/sign-up"
    assert person.post("/sign-up/sent").location == "/sign-up"


def test_closed_doors(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    site = app.extensions["planetarium.site"]
    monkeypatch.setitem(app.extensions, "planetarium.site", replace(site, sign_up_open=False))
    person = Visitor(app)
    assert person.get("/sign-up").status_code == 403
    assert sign_up(person) == 403


def test_an_invitation_opens_closed_doors_for_its_address(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = cast.app.extensions["planetarium.site"]
    monkeypatch.setitem(cast.app.extensions, "planetarium.site", replace(site, sign_up_open=False))
    with unit_of_work():
        owner = cast.actor("owner")
        invitation = invite(owner, offer=Offer(email=NEW, role=PlanetRole.GUEST))
        back = f"/invitations/{copy_link(owner, invitation=invitation)}"
    person = Visitor(cast.app)
    assert f"/sign-up?next={back}" in person.get(back).get_data(as_text=True)
    assert person.get(f"/sign-up?next={back}").status_code == 200
    assert sign_up(person, "another@example.test", next=back) == 422
    assert sign_up(person, next="/invitations/none") == 403
    assert sign_up(person, name="程远", next=back) == 303
    assert person.post(link()).location == back
    assert person.post(back).location == "/p/orbit"
