"""What no page of ours sends: characters and numbers that no column holds, parameters that name ours."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.routing import MapAdapter, Rule

from app.discussion.models import Topic
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from tests.cast import Cast

NUL, LONG = "\0", "9" * 30
# Leaves the stage, or says how the worker fares.
LEFT_OUT = frozenset({"accounts.sign_out", "accounts.close_for_good", "operations.readyz"})
QUERY = ("after", "before", "from", "tag", "draft", "to", "name", "until", "shown", "show", "of",
         "version", "order", "next", "skip", "month", "months", "m", "plan", "source", "standing", "coupon",
         "code", "payment", "role", "kind", "q", "f", "page")  # fmt: skip
FORM = ("text", "title", "tags", "series", "attachment", "publish_at", "draft", "tab", "rev", "base",
        "topic", "addressee", "reason", "note", "to", "name", "email", "nickname", "answer", "rules",
        "version", "based_on", "tag", "into", "item", "out", "member", "slug", "days", "ends_at",
        "mark", "parent", "key", "next", "payment", "percent", "amount", "coupon", "code", "m", "plan",
        "memo", "token", "source", "size", "uses", "prefix", "addresses", "how", "way", "ends", "ref",
        "preset", "currency", "seat_limit", "trial_days", "deed", "q", "words", "on")  # fmt: skip


def _routes(app: Flask, method: str) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and rule.endpoint not in LEFT_OUT
    ]


def _address(adapter: MapAdapter, rule: Rule, slug: str, value: str) -> str:
    values = {name: slug if name == "slug" else value for name in rule.arguments}
    return adapter.build(rule.endpoint, values)


@pytest.mark.parametrize("value", [NUL * 12, LONG])
def test_every_page_bears_what_no_column_holds(cast: Cast, value: str) -> None:
    client, adapter = cast.client("owner"), cast.app.url_map.bind("planet.test")
    rules = {"source": "好好说话", "based_on": "0"}
    assert client.post("/p/orbit/rules/edit", data=rules).status_code == 303
    broken = set()
    for rule in _routes(cast.app, "GET"):
        address = _address(adapter, rule, cast.slug, value)
        for query in ({}, dict.fromkeys(QUERY, value), {"from": value}):
            status = client.get(address, query_string=query).status_code
            if status >= 500:
                broken.add((address, status))
    assert broken == set()


@pytest.mark.parametrize("value", [NUL, f"a{NUL}b", LONG])
def test_every_form_bears_what_no_column_holds(cast: Cast, value: str) -> None:
    client, adapter = cast.client("owner"), cast.app.url_map.bind("planet.test")
    topic = _topic(cast, "")
    broken = set()
    for rule in _routes(cast.app, "POST"):
        address = _address(adapter, rule, cast.slug, topic)
        status = client.post(address, data=dict.fromkeys(FORM, value)).status_code
        if status >= 500:
            broken.add((address, status))
    assert broken == set()


def test_a_refused_value_leaves_no_connection_open(cast: Cast, engine_name: str) -> None:
    if engine_name != "postgresql":
        return
    client = cast.client("visitor")

    def count() -> int:
        found = db.session.scalar(text("SELECT count(*) FROM pg_stat_activity"))
        db.session.rollback()
        return int(found or 0)

    client.get("/p/%00")
    before = count()
    assert {client.get("/p/%00").status_code for _ in range(20)} == {404}
    assert count() <= before + 1


@pytest.mark.parametrize("first", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_a_time_beyond_all_times_is_no_time(cast: Cast, first: str) -> None:
    form = {"text": "x", "when": "later", "publish_at": first}
    assert cast.client("owner").post("/p/orbit/write", data=form).status_code == 422
    trail = cast.client("owner").get("/p/orbit/audit?until=0001-01-01T00:00:00%2B14:00")
    assert trail.status_code == 200


HOSTILE = (
    "slug=1&public_id=1&endpoint=1&_method=POST&_external=1&_scheme=javascript&_anchor=x&a=b+c"
)


def test_parameters_are_carried_along_and_steer_nothing(cast: Cast) -> None:
    topic = _topic(cast, "标题")
    answer = cast.client("member").get(f"/p/orbit/t/{topic}/wrong?{HOSTILE}")
    assert answer.status_code == 301
    path, _, query = answer.headers["Location"].partition("?")
    assert (path.count("/"), path.startswith(f"/p/orbit/t/{topic}/"), query) == (5, True, HOSTILE)


def test_they_steer_nothing_at_a_planets_former_address_either(cast: Cast) -> None:
    owner = cast.client("owner")
    assert owner.post("/p/orbit/settings/address", data={"slug": "ellipse"}).status_code == 303
    answer = owner.get(f"/p/orbit/about?{HOSTILE}")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/p/ellipse/about?{HOSTILE}")


def _topic(cast: Cast, title: str) -> str:
    moment = clock.now() - timedelta(hours=1)
    topic = Topic(
        planet_id=cast.planet_id,
        kind="post",
        author_id=cast.users["owner"],
        title=title,
        slug=title,
        source="x",
        html="<p>x</p>",
        created_at=moment,
        published_at=moment,
        last_activity_at=moment,
    )
    with unit_of_work() as session:
        session.add(topic)
        session.flush()
        return topic.public_id
