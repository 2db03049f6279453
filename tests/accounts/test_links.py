"""Links from letters: single use, expiring, harmless to open; and what a new password ends."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.accounts import actions, limits
from app.accounts.models import AccountToken, User
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.outbox.models import OutboxEvent
from tests.accounts.browser import Visitor, plain
from tests.cast import PASSWORD, Cast

MEMBER = "member@example.test"
BETTER = "an even longer passphrase"


def secret_of_newest() -> str | None:
    """Issue the newest wish's secret, as the letter's handler does; None when nobody gets one."""
    with unit_of_work() as session:
        newest = sa.select(AccountToken.id).order_by(AccountToken.id.desc())
        issued = actions.issue_secret(session.scalars(newest).first() or 0)
    return issued.secret if issued else None


def email_of(cast: Cast, persona: str = "member") -> str | None:
    db.session.rollback()
    return db.session.scalar(sa.select(User.email).where(User.id == cast.users[persona]))


# --- a new password -------------------------------------------------------------------------------


def test_known_and_unknown_addresses_get_the_same_answer(cast: Cast, noon: datetime) -> None:
    def answer(email: str) -> list[object]:
        person = Visitor(cast.app)
        got = person.post("/reset", email=email)
        sent = person.get("/reset/sent")
        return [got.status_code, plain(got, email), sorted(k for k, _v in got.headers), plain(sent)]

    assert answer(MEMBER) == answer("nobody@example.test")
    # The same rows are written for both: equal work, equal time.
    assert db.session.scalars(sa.select(AccountToken.user_id)).all() == [None, None]
    events = db.session.scalars(sa.select(OutboxEvent.name)).all()
    assert events == ["accounts.reset_wanted"] * 2


def test_an_unknown_address_gets_no_link(cast: Cast) -> None:
    Visitor(cast.app).post("/reset", email="nobody@example.test")
    assert secret_of_newest() is None


def test_a_new_password_by_link_signs_out_everywhere(cast: Cast) -> None:
    signed_in, person = Visitor(cast.app), Visitor(cast.app)
    signed_in.sign_in(MEMBER)
    person.post("/reset", email=MEMBER)
    path = f"/reset/{secret_of_newest()}"
    page = person.get(path)
    assert page.status_code == 200 and page.headers["Referrer-Policy"] == "strict-origin"
    assert signed_in.signed_in
    assert person.post(path, password="short").status_code == 422
    answer = person.post(path, password=BETTER)
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert not signed_in.signed_in and not person.signed_in
    assert person.sign_in(MEMBER).status_code == 422
    assert person.sign_in(MEMBER, BETTER).status_code == 303
    assert "accounts.password_changed" in db.session.scalars(sa.select(OutboxEvent.name)).all()


def test_a_reset_link_is_good_once_and_for_an_hour(cast: Cast, noon: datetime) -> None:
    person = Visitor(cast.app)
    person.post("/reset", email=MEMBER)
    path = f"/reset/{secret_of_newest()}"
    with clock.fixed(noon + timedelta(hours=1)):
        assert person.get(path).status_code == 410
        assert person.post(path, password=BETTER).status_code == 410
    assert person.post(path, password=BETTER).status_code == 303
    assert person.get(path).status_code == 410
    assert person.post(path, password="yet another passphrase").status_code == 410


def test_a_new_password_ends_the_other_reset_links(cast: Cast) -> None:
    person = Visitor(cast.app)
    person.post("/reset", email=MEMBER)
    first = secret_of_newest()
    person.post("/reset", email=MEMBER)
    person.post(f"/reset/{secret_of_newest()}", password=BETTER)
    assert person.get(f"/reset/{first}").status_code == 410


def test_a_link_is_good_for_its_own_purpose_only(cast: Cast) -> None:
    person = Visitor(cast.app)
    person.post("/reset", email=MEMBER)
    secret = secret_of_newest()
    assert person.get(f"/address/{secret}").status_code == 410
    assert person.post(f"/address/{secret}").status_code == 410
    assert person.get(f"/confirm/{secret}").status_code == 410


def test_a_person_locked_out_gets_in_by_a_reset(cast: Cast, noon: datetime) -> None:
    person = Visitor(cast.app)
    for _ in range(limits.SIGN_INS_PER_PAIR + 1):
        person.sign_in(MEMBER, "wrong wrong wrong")
    assert person.sign_in(MEMBER).status_code == 429
    person.post("/reset", email=MEMBER)
    person.post(f"/reset/{secret_of_newest()}", password=BETTER)
    assert person.sign_in(MEMBER, BETTER).status_code == 303


def test_letters_are_few_and_nobody_is_told(cast: Cast, noon: datetime) -> None:
    person = Visitor(cast.app)
    answers = {
        person.post("/reset", email=MEMBER).status_code
        for _ in range(limits.LETTERS_PER_ADDRESS + 2)
    }
    assert answers == {303}
    count = sa.select(sa.func.count()).select_from(AccountToken)
    assert db.session.scalar(count) == limits.LETTERS_PER_ADDRESS


def test_a_network_asks_for_so_many_letters(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LETTERS_PER_NETWORK", 2)
    person = Visitor(cast.app)
    statuses = [person.post("/reset", email=f"n{n}@example.test").status_code for n in range(3)]
    assert statuses == [303, 303, 429]


def test_what_was_typed_stays(cast: Cast) -> None:
    answer = Visitor(cast.app).post("/reset", email="no address")
    assert answer.status_code == 422
    assert 'value="no address"' in answer.get_data(as_text=True)


# --- a changed password ---------------------------------------------------------------------------


def change(person: Visitor, old: str, new: str) -> int:
    return person.post("/account/password", current_password=old, password=new).status_code


def test_changing_the_password_ends_every_other_session(cast: Cast) -> None:
    here, there = Visitor(cast.app), Visitor(cast.app)
    here.sign_in(MEMBER)
    there.sign_in(MEMBER)
    assert change(here, "not my passphrase", BETTER) == 422
    assert there.signed_in
    assert change(here, PASSWORD, BETTER) == 303
    assert here.signed_in and not there.signed_in
    assert there.sign_in(MEMBER, BETTER).status_code == 303
    assert "accounts.password_changed" in db.session.scalars(sa.select(OutboxEvent.name)).all()


def test_a_weak_new_password_is_refused(cast: Cast) -> None:
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    assert change(here, PASSWORD, "1234567890") == 422
    assert change(here, PASSWORD, "member1234") == 422


def test_an_open_desk_does_not_guess_for_ever(cast: Cast, noon: datetime) -> None:
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    statuses = [change(here, f"guess number {n}", BETTER) for n in range(11)]
    assert statuses == [422] * 10 + [429]


# --- another address ------------------------------------------------------------------------------


def test_a_new_address_counts_once_it_is_proven(cast: Cast) -> None:
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    new = "wang@example.test"
    answer = here.post("/account/address", email=new, address_password=PASSWORD)
    assert answer.status_code == 303
    assert email_of(cast) == MEMBER
    path = f"/address/{secret_of_newest()}"
    phone = Visitor(cast.app)
    assert phone.get(path).status_code == 200
    assert email_of(cast) == MEMBER
    assert phone.post(path).status_code == 303
    assert email_of(cast) == new
    assert phone.post(path).status_code == 410
    names = db.session.scalars(sa.select(OutboxEvent.name)).all()
    assert names[-2:] == ["accounts.address_change_wanted", "accounts.address_changed"]
    assert phone.sign_in(new).status_code == 303


def test_another_address_needs_the_password(cast: Cast) -> None:
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    answer = here.post("/account/address", email="w@example.test", address_password="wrong one!")
    assert answer.status_code == 422
    assert 'value="w@example.test"' in answer.get_data(as_text=True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AccountToken)) == 0


def test_a_taken_address_gets_the_same_answer_and_is_not_taken(cast: Cast) -> None:
    def ask(email: str) -> tuple[int, str | None, str]:
        here = Visitor(cast.app)
        here.sign_in(MEMBER)
        got = here.post("/account/address", email=email, address_password=PASSWORD)
        return got.status_code, got.location, plain(here.get("/account/security"))

    assert ask("other@example.test") == ask("nobody@example.test")
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    here.post("/account/address", email="other@example.test", address_password=PASSWORD)
    # Even a link that came about after the letter's handler looked does not take it over.
    assert here.post(f"/address/{secret_of_newest()}").status_code == 410
    assert email_of(cast) == MEMBER


def test_ones_own_address_is_no_change(cast: Cast) -> None:
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    answer = here.post("/account/address", email=MEMBER, address_password=PASSWORD)
    assert answer.status_code == 422
    assert "your address already" in answer.get_data(as_text=True)


def test_a_password_change_ends_a_waiting_change_of_address(cast: Cast) -> None:
    """Who finds a stranger in his account changes the password: that must be enough."""
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    here.post("/account/address", email="thief@example.test", address_password=PASSWORD)
    secret = secret_of_newest()
    change(here, PASSWORD, BETTER)
    assert here.post(f"/address/{secret}").status_code == 410
    assert email_of(cast) == MEMBER


# --- an address not proven yet --------------------------------------------------------------------


def test_an_unproven_person_is_sent_the_link_again(cast: Cast) -> None:
    with unit_of_work() as session:
        session.get_one(User, cast.users["member"]).email_confirmed_at = None
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    assert "Send the link" in here.get("/confirmation").get_data(as_text=True)
    assert here.post("/confirmation").status_code == 303
    path = f"/address/{secret_of_newest()}"
    assert Visitor(cast.app).get(path).status_code == 200
    assert here.post(path).location == "/account/security"
    db.session.rollback()
    assert db.session.get_one(User, cast.users["member"]).email_confirmed_at is not None
    assert "is confirmed" in here.get("/confirmation").get_data(as_text=True)


def test_a_proven_person_gets_no_further_link(cast: Cast) -> None:
    here = Visitor(cast.app)
    here.sign_in(MEMBER)
    here.post("/confirmation")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AccountToken)) == 0


def test_a_reset_proves_the_mailbox(cast: Cast) -> None:
    with unit_of_work() as session:
        session.get_one(User, cast.users["member"]).email_confirmed_at = None
    person = Visitor(cast.app)
    person.post("/reset", email=MEMBER)
    person.post(f"/reset/{secret_of_newest()}", password=BETTER)
    db.session.rollback()
    assert db.session.get_one(User, cast.users["member"]).email_confirmed_at is not None
