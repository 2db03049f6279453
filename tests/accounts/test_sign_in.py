"""Signing in: equal answers, limits that lock nobody out everywhere, sessions that can be ended."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts import limits
from app.accounts.models import User, UserSession
from app.accounts.passwords import is_outdated
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from tests.accounts.browser import Visitor, plain
from tests.cast import PASSWORD, Cast
from tests.discussion.threads import counted

MEMBER = "member@example.test"
WRONG = "not the right passphrase"


def test_right_password_signs_in_and_wrong_does_not(cast: Cast) -> None:
    person = Visitor(cast.app)
    assert person.sign_in(MEMBER, WRONG).status_code == 422
    assert not person.signed_in
    answer = person.sign_in(" MEMBER@Example.test ")
    assert (answer.status_code, answer.location) == (303, "/")
    assert person.signed_in


def test_known_and_unknown_addresses_get_the_same_answer(cast: Cast) -> None:
    def answer(email: str) -> tuple[int, str, list[str]]:
        got = Visitor(cast.app).post("/sign-in", email=email, password=WRONG)
        return got.status_code, plain(got, email), sorted(key for key, _value in got.headers)

    known, unknown = answer("member@example.test"), answer("nobody@example.test")
    assert known == unknown
    assert known[0] == 422


def test_a_closed_account_is_like_an_unknown_one(cast: Cast) -> None:
    with unit_of_work() as session:
        session.execute(
            sa.update(User).where(User.email == MEMBER).values(deactivated_at=clock.now())
        )
    assert Visitor(cast.app).sign_in(MEMBER).status_code == 422


def test_a_post_without_the_token_is_refused(cast: Cast) -> None:
    person = Visitor(cast.app)
    answer = person.client.post("/sign-in", data={"email": MEMBER, "password": PASSWORD})
    assert answer.status_code == 400
    assert not person.signed_in


def test_an_old_hash_is_made_anew_at_sign_in(cast: Cast) -> None:
    Visitor(cast.app).sign_in(MEMBER)
    stored = db.session.scalar(sa.select(User.password_hash).where(User.email == MEMBER))
    assert stored is not None and not is_outdated(stored)
    assert Visitor(cast.app).sign_in(MEMBER).status_code == 303


@pytest.mark.parametrize(
    ("wish", "goes_to"),
    [
        ("/p/orbit/about?x=1", "/p/orbit/about?x=1"),
        ("//evil.test", "/"),
        ("https://evil.test", "/"),
        ("/\\evil.test", "/"),
        ("/\t/evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_next_leads_to_our_own_paths_only(cast: Cast, wish: str, goes_to: str) -> None:
    answer = Visitor(cast.app).post("/sign-in", email=MEMBER, password=PASSWORD, next=wish)
    assert answer.location == goes_to


def test_who_needs_to_sign_in_comes_back_to_where_he_was(cast: Cast) -> None:
    person = Visitor(cast.app)
    sent = person.get("/account/sessions")
    assert (sent.status_code, sent.location) == (303, "/sign-in?next=/account/sessions")
    assert 'value="/account/sessions"' in person.get(sent.location).get_data(as_text=True)


def test_signing_in_begins_a_new_session_in_the_cookie(cast: Cast) -> None:
    person = Visitor(cast.app)
    person.token()
    before = person.client.get_cookie("planetarium")
    person.sign_in(MEMBER)
    after = person.client.get_cookie("planetarium")
    assert before is not None and after is not None and before.value != after.value
    assert after.http_only and after.same_site == "Lax"


# --- limits ---------------------------------------------------------------------------------------


def _fail(person: Visitor, times: int, email: str = MEMBER) -> int:
    status = 0
    for _ in range(times):
        status = person.sign_in(email, WRONG).status_code
    return status


def test_too_many_tries_from_one_network_are_refused(cast: Cast, noon: datetime) -> None:
    attacker = Visitor(cast.app, "203.0.113.66")
    assert _fail(attacker, limits.SIGN_INS_PER_PAIR) == 422
    refused = attacker.sign_in(MEMBER)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert MEMBER in refused.get_data(as_text=True)
    with clock.fixed(noon + timedelta(minutes=16)):
        assert attacker.sign_in(MEMBER).status_code == 303


def test_unknown_addresses_reach_the_same_limit(cast: Cast, noon: datetime) -> None:
    attacker = Visitor(cast.app, "203.0.113.66")
    assert _fail(attacker, limits.SIGN_INS_PER_PAIR, "nobody@example.test") == 422
    assert _fail(attacker, 1, "nobody@example.test") == 429


def test_an_attacker_in_one_network_locks_nobody_out_elsewhere(cast: Cast, noon: datetime) -> None:
    for quarter in range(4):
        with clock.fixed(noon + timedelta(minutes=15 * quarter)):
            _fail(Visitor(cast.app, "203.0.113.66"), limits.SIGN_INS_PER_PAIR + 3)
    with clock.fixed(noon + timedelta(minutes=46)):
        assert Visitor(cast.app, "192.0.2.10").sign_in(MEMBER).status_code == 303


def test_the_known_browser_gets_in_when_all_networks_are_used_up(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIGN_INS_PER_ADDRESS", 12)
    person = Visitor(cast.app)
    person.sign_in(MEMBER)
    person.post("/sign-out")
    for number in range(4):
        _fail(Visitor(cast.app, f"203.0.113.{number}"), 4)
    assert Visitor(cast.app, "192.0.2.10").sign_in(MEMBER).status_code == 429
    assert person.sign_in(MEMBER).status_code == 303


def test_the_known_browser_has_a_limit_of_its_own(cast: Cast, noon: datetime) -> None:
    person = Visitor(cast.app)
    person.sign_in(MEMBER)
    person.post("/sign-out")
    assert _fail(person, limits.SIGN_INS_PER_DEVICE) == 422
    assert _fail(person, 1) == 429


def test_a_browser_is_known_to_its_own_people_only(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has an account of his own gains no tries at another's by it."""
    monkeypatch.setattr(limits, "SIGN_INS_PER_PAIR", 3)
    attacker = Visitor(cast.app, "203.0.113.66")
    attacker.sign_in("stranger@example.test")
    attacker.post("/sign-out")
    assert _fail(attacker, 4) == 429


def test_a_forged_device_cookie_is_no_device(cast: Cast, noon: datetime) -> None:
    person = Visitor(cast.app, "203.0.113.66")
    person.sign_in(MEMBER)
    person.post("/sign-out")
    cookie = person.client.get_cookie("device", path="/sign-in")
    assert cookie is not None and cookie.http_only
    person.client.set_cookie("device", cookie.value[:-2] + "xx", path="/sign-in")
    assert _fail(person, limits.SIGN_INS_PER_PAIR + 1) == 429


def test_one_network_cannot_try_endless_addresses(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIGN_INS_PER_NETWORK", 5)
    attacker = Visitor(cast.app, "203.0.113.66")
    statuses = [_fail(attacker, 1, f"nobody{n}@example.test") for n in range(6)]
    assert statuses == [422] * 5 + [429]


def test_a_right_password_is_not_counted(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SIGN_INS_PER_NETWORK", 2)
    for _ in range(4):
        assert Visitor(cast.app, "192.0.2.10").sign_in(MEMBER).status_code == 303


def test_limits_are_rows(cast: Cast, noon: datetime) -> None:
    """A restart forgets nothing, and the rows name nobody."""
    _fail(Visitor(cast.app, "203.0.113.66"), 1)
    keys = db.session.scalars(sa.select(limits.limits.RateCounter.key)).all()
    assert len(keys) == 3
    assert not any("member" in key or "203.0" in key for key in keys)


# --- sessions -------------------------------------------------------------------------------------


def test_a_session_row_holds_no_secret_and_no_household(cast: Cast) -> None:
    person = Visitor(cast.app, "203.0.113.77")
    person.sign_in(MEMBER)
    row = db.session.scalars(sa.select(UserSession)).one()
    with person.client.session_transaction() as cookie:
        assert cookie["_user_id"] not in (row.token_hash, row.public_id)
    assert row.address == "203.0.113.0/24"


def test_signing_out_ends_the_session_for_good(cast: Cast) -> None:
    person = Visitor(cast.app)
    person.sign_in(MEMBER)
    stolen = person.client.get_cookie("planetarium")
    assert person.post("/sign-out").status_code == 303
    assert not person.signed_in
    assert stolen is not None
    person.client.set_cookie("planetarium", stolen.value)
    assert not person.signed_in


def test_signing_out_by_a_link_does_nothing(cast: Cast) -> None:
    person = Visitor(cast.app)
    person.sign_in(MEMBER)
    assert person.get("/sign-out").status_code == 405
    assert person.signed_in


def test_sessions_are_listed_and_ended_one_by_one(cast: Cast) -> None:
    desk = Visitor(cast.app, user_agent="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
    phone = Visitor(
        cast.app, "203.0.113.77", "Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Safari/5"
    )
    desk.sign_in(MEMBER)
    phone.sign_in(MEMBER)
    page = desk.get("/account/sessions").get_data(as_text=True)
    assert "Firefox on Windows" in page and "this one" in page
    assert "Chrome on Android" in page and "203.0.113.0/24" in page
    other = db.session.scalar(
        sa.select(UserSession.public_id).where(UserSession.address == "203.0.113.0/24")
    )
    assert desk.post(f"/account/sessions/{other}/end").status_code == 303
    assert desk.signed_in and not phone.signed_in
    assert desk.post(f"/account/sessions/{other}/end").status_code == 404


def test_nobody_ends_anothers_session(cast: Cast) -> None:
    mine, theirs = Visitor(cast.app), Visitor(cast.app)
    mine.sign_in(MEMBER)
    row = db.session.scalars(sa.select(UserSession.public_id)).one()
    theirs.sign_in("stranger@example.test")
    assert theirs.post(f"/account/sessions/{row}/end").status_code == 404
    assert mine.signed_in


def test_all_other_sessions_end_at_once(cast: Cast) -> None:
    here, there, elsewhere = (Visitor(cast.app) for _ in range(3))
    for browser in (here, there, elsewhere):
        browser.sign_in(MEMBER)
    assert here.post("/account/sessions/end-others").status_code == 303
    assert [b.signed_in for b in (here, there, elsewhere)] == [True, False, False]


def test_a_session_ends_by_itself_and_lives_on_when_used(cast: Cast, noon: datetime) -> None:
    used, idle = Visitor(cast.app), Visitor(cast.app)
    used.sign_in(MEMBER)
    idle.sign_in(MEMBER)
    with clock.fixed(noon + timedelta(days=40)):
        assert used.signed_in
    with clock.fixed(noon + timedelta(days=80)):
        assert used.signed_in
        assert not idle.signed_in


def test_reading_writes_at_most_every_ten_minutes(cast: Cast, noon: datetime) -> None:
    person = Visitor(cast.app)
    person.sign_in(MEMBER)

    def seen() -> datetime | None:
        db.session.rollback()
        return db.session.scalar(sa.select(UserSession.last_seen_at))

    with clock.fixed(noon + timedelta(minutes=9)):
        person.get("/account")
        assert seen() == noon
    with clock.fixed(noon + timedelta(minutes=11)):
        person.get("/account")
        assert seen() == noon + timedelta(minutes=11)


def test_a_stylesheet_asks_nobody_who_he_is(cast: Cast, noon: datetime) -> None:
    person = Visitor(cast.app)
    person.sign_in(MEMBER)
    page = person.get("/account").get_data(as_text=True)
    sheet = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    with clock.fixed(noon + timedelta(minutes=11)), counted() as seen:
        assert person.get(sheet).status_code == 200
    assert seen == []


# --- language -------------------------------------------------------------------------------------


def test_a_visitor_chooses_his_language(app: Flask) -> None:
    person = Visitor(app)
    answer = person.post("/language", language="zh_Hans", next="/reset")
    assert answer.location == "/reset"
    assert 'lang="zh-Hans"' in person.get("/reset").get_data(as_text=True)
    assert person.post("/language", language="xx", next="/account/password").location == "/"


def test_a_persons_choice_stays_with_the_account(cast: Cast) -> None:
    person = Visitor(cast.app)
    person.sign_in(MEMBER)
    person.post("/language", language="zh_Hans")
    assert db.session.scalar(sa.select(User.language).where(User.email == MEMBER)) == "zh_Hans"
