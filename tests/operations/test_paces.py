"""Nobody floods: each route that writes has a pace, for a person and for an address, in words."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import datetime

import pytest
from flask import Flask

from app.blueprints import paces, pacing
from app.blueprints.pacing import Purse
from app.blueprints.turns import Turns
from app.kernel.db import db, unit_of_work
from app.kernel.errors import LimitReached
from app.kernel.limits import RateCounter
from tests.cast import Cast
from tests.scene import Scene, plant


@pytest.fixture(autouse=True)
def _own_purse(app: Flask, noon: datetime) -> None:
    # At a fixed time: no window ends while a test counts.
    app.extensions["planetarium.purse"] = Purse()


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return plant(cast)


def slow(monkeypatch: pytest.MonkeyPatch, person: int, *, network: int = 10_000) -> None:
    """Let every pace be `person` a window, for staff none."""
    changed = {
        endpoint: pace and replace(pace, person=person, staff=0, network=network)
        for endpoint, pace in paces.ROUTES.items()
    }
    monkeypatch.setattr(paces, "ROUTES", changed)


def test_every_route_that_writes_has_chosen_its_pace(app: Flask) -> None:
    writing = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
    }
    reading = {name for name, pace in paces.ROUTES.items() if pace is paces.SEARCHES}
    assert writing - set(paces.ROUTES) == set()
    assert set(paces.ROUTES) - writing == reading
    assert reading <= set(app.view_functions)


def test_a_flood_of_comments_ends_and_other_people_go_on(scene: Scene) -> None:
    cast = scene.cast
    address = f"/p/orbit/t/{scene.topics['new_post']}/comments"
    member = cast.client("member")
    statuses = [member.post(address, data={"text": f"第 {n} 条"}).status_code for n in range(40)]
    assert statuses == [303] * 30 + [429] * 10
    assert cast.client("other").post(address, data={"text": "好"}).status_code == 303
    # Whoever runs the planet answers forty people in one go.
    owner = cast.client("owner")
    assert {owner.post(address, data={"text": f"答 {n}"}).status_code for n in range(40)} == {303}


def test_the_answer_says_when_and_keeps_what_was_typed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch, 1)
    member = scene.cast.client("member")
    address = f"/p/orbit/t/{scene.topics['new_post']}/comments"
    form = {"text": "我写了很久的 <话>", "key": "abc", "attachment": ["one", "two"]}
    headers = {"Referer": "http://localhost/p/orbit", "Accept-Language": "zh-CN"}
    member.post(address, data=form, headers=headers)
    refused = member.post(address, data=form, headers=headers)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 301
    assert "短时间内太频繁了" in page
    assert "我写了很久的 &lt;话&gt;" in page
    # By one press it goes off again, with all that the form held.
    for field in ('name="text"', 'name="key" value="abc"', 'value="one"', 'value="two"'):
        assert field in page
    assert f'action="{address}"' in page
    script = member.post(address, data=form, headers={"Accept": "application/json"})
    assert (script.status_code, bool(script.get_json()["error"])) == (429, True)


def test_secrets_are_not_put_into_a_page(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch, 1)
    member = cast.client("member")
    headers = {"Referer": "http://localhost/account"}
    form = {"current_password": "mein-geheimnis", "password": "neues-geheimnis"}
    for _ in range(2):
        answer = member.post("/account/password", data=form, headers=headers)
    assert answer.status_code == 429
    assert "geheimnis" not in answer.get_data(as_text=True)


def test_every_route_that_has_a_pace_is_held_to_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch, 1)
    cast, held = scene.cast, {}
    adapter = cast.app.url_map.bind("localhost")
    for rule in cast.app.url_map.iter_rules():
        pace = paces.ROUTES.get(rule.endpoint)
        if pace is None:
            continue
        method = "POST" if "POST" in (rule.methods or ()) else "GET"
        values = {name: "orbit" if name == "slug" else "x" * 12 for name in rule.arguments}
        address = adapter.build(rule.endpoint, values, method=method)
        client = cast.client("member")
        with unit_of_work() as session:
            session.query(RateCounter).delete()
        cast.app.extensions["planetarium.purse"] = Purse()
        client.open(address, method=method)
        held[rule.endpoint] = client.open(address, method=method).status_code
    assert {name for name, status in held.items() if status != 429} == set()


def test_an_address_is_held_whoever_comes_from_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch, 1000, network=3)
    address = f"/p/orbit/t/{scene.topics['new_post']}/like"
    people = ("member", "other", "guest", "owner")
    statuses = [scene.cast.client(one).post(address).status_code for one in people]
    assert statuses[-1] == 429
    elsewhere = scene.cast.client("owner").post(
        address, environ_overrides={"REMOTE_ADDR": "203.0.113.9"}
    )
    assert elsewhere.status_code != 429


def test_limits_survive_a_restart(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch, 2)
    member, address = scene.cast.client("member"), "/p/orbit/preview"
    assert [member.post(address, data={"text": "x"}).status_code for _ in range(3)][-1] == 429
    scene.cast.app.extensions["planetarium.purse"] = Purse()
    assert member.post(address, data={"text": "x"}).status_code == 429


def test_being_refused_costs_no_write_and_no_rendering(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch, 1)
    member = scene.cast.client("member")
    member.post("/p/orbit/preview", data={"text": "x"})
    monkeypatch.setattr(pacing, "unit_of_work", None)
    assert member.post("/p/orbit/preview", data={"text": "x"}).status_code == 429


def test_a_dozen_previews_at_once_hold_no_thread() -> None:
    turns, inside, refused = Turns(2), threading.Barrier(3), []

    def show(who: int) -> None:
        with turns.take(who):
            inside.wait(5)
            inside.wait(5)

    showing = [threading.Thread(target=show, args=(who,)) for who in (1, 2)]
    for thread in showing:
        thread.start()
    inside.wait(5)
    began = time.monotonic()
    for who in (1, 2, 3):
        with pytest.raises(LimitReached) as found, turns.take(who):
            refused.append(who)
        assert found.value.retry_after == 3
    assert (refused, time.monotonic() - began < 3) == ([], True)
    inside.wait(5)
    for thread in showing:
        thread.join()
    with turns.take(3):
        assert not turns._is_free(3)


def test_most_requests_write_nothing_for_it(scene: Scene) -> None:
    member = scene.cast.client("member")
    for _ in range(paces.PREVIEWS.person // pacing.SHARE):
        assert member.post("/p/orbit/preview", data={"text": "x"}).status_code == 200
    user = scene.cast.users["member"]
    row = db.session.query(RateCounter).filter_by(key=f"pace:previews:user:{user}").one()
    assert row.tries == paces.PREVIEWS.person // pacing.SHARE
