"""The funnel of the join page: who is counted, where, how often; and that no page fails by it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app.billing.actions import funnel as recording
from app.billing.actions.funnel import purge_steps, record_steps
from app.billing.models import FunnelStep, Order
from app.blueprints import funnel as marking
from app.insights.funnel import count_funnel
from app.insights.months import last_months
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from tests.billing.asking import cost, go_to_pay
from tests.billing.buying import do, sell, work
from tests.cast import Cast

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}


@pytest.fixture(autouse=True)
def _a_pace_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests wrote down in the same second does not count here."""
    monkeypatch.setattr(marking, "_pace", marking._Pace())


def steps() -> list[tuple[str, str, int | None]]:
    rows = db.session.query(FunnelStep).order_by(FunnelStep.id)
    return [(row.step, row.source, row.user_id) for row in rows]


def sign_in(cast: Cast, client: FlaskClient, persona: str) -> int:
    secret = cast.sign_in(persona)
    with client.session_transaction() as session:
        session["_user_id"] = secret
    return cast.users[persona]


def test_the_whole_way_of_a_stranger(cast: Cast) -> None:
    """View twice, click, sign in, check out, pay, read twice: each step once, with the first source."""
    plan = sell(cast)
    client = cast.client("visitor")
    client.get("/p/orbit/about?from=weibo", headers=BROWSER)
    client.get("/p/orbit/about?from=other", headers=BROWSER)
    client.get("/p/orbit/buy", headers=BROWSER)
    assert steps() == [("view", "weibo", None), ("click", "weibo", None)]
    me = sign_in(cast, client, "stranger")
    client.get("/p/orbit/buy", headers=BROWSER)
    client.post(f"/p/orbit/buy/{plan}", headers=BROWSER)
    order = db.session.query(Order).one()
    assert order.source == "weibo"
    do(order, "pay")
    work()
    work()
    client.get("/p/orbit", headers=BROWSER)
    client.get("/p/orbit", headers=BROWSER)
    assert [step for step, _source, _me in steps()] == [
        "view", "click", "signed_in", "checkout", "paid", "read"]  # fmt: skip
    assert {source for _step, source, _me in steps()} == {"weibo"}
    assert {who for _step, _source, who in steps()} == {None, me}
    planet, owner = cast.entry("owner")
    (found,) = count_funnel(
        owner, planet, last_months(3, now=clock.now(), zone="Asia/Shanghai")
    ).items()
    assert found == ("weibo", {"view": 1, "sample": 0, "click": 1, "signed_in": 1, "checkout": 1,
                               "paid": 1, "read": 1, "question": 0})  # fmt: skip


def test_the_cookie_is_of_one_planet_and_closed_to_scripts(cast: Cast) -> None:
    answer = cast.client("visitor").get("/p/orbit/about?from=朋友圈", headers=BROWSER)
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("way=")]
    for part in ("Path=/p/orbit;", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"):
        assert part in f"{cookie};"
    assert steps() == [("view", "朋友圈", None)]


@pytest.mark.parametrize("persona", ["owner", "partner", "admin", "guest", "member", "expired"])
def test_staff_and_members_are_not_followed(cast: Cast, persona: str) -> None:
    client = cast.client(persona)
    for path in ("/p/orbit/about", "/p/orbit", "/p/orbit/buy", "/p/orbit/join"):
        client.get(path, headers=BROWSER)
    assert steps() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": ""},
        {"User-Agent": "curl/8.5"},
        {"User-Agent": "Mozilla/5.0 (compatible; SomeBot/2.1)"},
        BROWSER | {"DNT": "1"},
        BROWSER | {"Sec-GPC": "1"},
        BROWSER | {"Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_machines_and_who_asks_not_to_be_are_not_followed(
    cast: Cast, headers: dict[str, str]
) -> None:
    answer = cast.client("visitor").get("/p/orbit/about", headers=headers)
    assert "way=" not in str(answer.headers)
    assert steps() == []


@pytest.mark.parametrize("value", ["x", "a.b.c", "'; DROP", "%00" * 30, "x" * 3_000])
def test_a_strange_cookie_is_none(cast: Cast, value: str) -> None:
    client = cast.client("visitor")
    client.set_cookie("way", value, domain="localhost", path="/p/orbit")
    assert client.get("/p/orbit/about?from=%00a%0d%0ab", headers=BROWSER).status_code == 200
    assert len(steps()) == 1


def test_a_busy_database_fails_no_page(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_args: object, **_kwargs: object) -> None:
        locked = sqlite3.OperationalError("database is locked")
        locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise OperationalError("INSERT", {}, locked)

    monkeypatch.setattr(marking, "record_steps", busy)
    answer = cast.client("visitor").get("/p/orbit/about", headers=BROWSER)
    assert answer.status_code == 200
    assert "way=" not in str(answer.headers)


def test_a_flood_is_not_written_down(cast: Cast) -> None:
    with clock.fixed(clock.now()):
        for _ in range(15):
            cast.client("visitor").get("/p/orbit/about", headers=BROWSER)
    assert 0 < len(steps()) <= marking.MOST_A_SECOND


def test_steps_are_forgotten_after_400_days(cast: Cast) -> None:
    for days in (399, 401):
        with clock.fixed(clock.now() - timedelta(days=days)), unit_of_work():
            record_steps(["view"], planet_id=cast.planet_id, visitor=f"v{days}", user_id=None)
    purge_steps()
    assert [row.visitor for row in db.session.query(FunnelStep)] == ["v399"]
    assert timedelta(days=400) == recording.KEPT


def test_a_question_that_is_paid_for_is_the_first_question_too(cast: Cast) -> None:
    with unit_of_work():
        record_steps(
            ["read"],
            planet_id=cast.planet_id,
            visitor="v" * 22,
            source="podcast",
            user_id=cast.users["member"],
        )
    cost(cast)
    order = go_to_pay(cast)
    work()
    assert [step for step, *_ in steps()] == ["read"]
    do(order, "pay")
    work()
    assert db.session.query(FunnelStep).filter_by(step="question").one().source == "podcast"


def test_an_order_by_transfer_carries_the_source(cast: Cast) -> None:
    cast.set_planet(transfer_note="Bank of the Moon")
    client = cast.client("stranger")
    client.get("/p/orbit/about?from=podcast", headers={"User-Agent": "Mozilla/5.0"})
    plan = sell(cast)
    answer = client.post(
        f"/p/orbit/buy/{plan}", data={"transfer": "1"}, headers={"User-Agent": "Mozilla/5.0"}
    )
    assert answer.status_code == 303
    order = db.session.query(Order).one()
    assert (order.gateway, order.source) == ("transfer", "podcast")
