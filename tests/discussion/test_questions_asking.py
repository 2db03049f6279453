"""Asking: to whom, how often, how long, openly or not, and once however often it is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.discussion.models import Question, QuestionLogEntry, Topic
from app.discussion.queries.addressees import list_addressees, read_quota
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, Refused
from app.kernel.ids import new_public_id
from tests.cast import Cast
from tests.discussion.threads import (
    at_once,
    events,
    put_answer,
    put_question,
    the_question,
    the_topic,
)


def test_a_question_waits_for_its_addressee(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member", "guest", "**为何**？")
    row, question = the_topic(topic), the_question(topic)
    assert (row.kind, row.author_id) == ("question", cast.users["member"])
    assert row.html == "<p><strong>为何</strong>？</p>"
    assert (row.published_at, row.title, row.slug) == (noon, "", "")
    assert (question.asker_id, question.addressee_id) == (
        cast.users["member"],
        cast.users["guest"],
    )
    assert question.due_at == noon + timedelta(hours=72)
    assert events() == [
        ("topic_published", {"topic_id": row.id}),
        ("question_asked", {"topic_id": row.id, "addressee_id": cast.users["guest"]}),
    ]
    line = db.session.scalars(sa.select(QuestionLogEntry)).one()
    assert (line.event, line.actor_id, line.to_user_id) == (
        "asked",
        cast.users["member"],
        cast.users["guest"],
    )


def test_an_anonymous_asker_stands_in_one_column_only(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member", anonymous=True)
    row, question = the_topic(topic), the_question(topic)
    assert row.author_id is None
    assert question.asker_id == cast.users["member"]
    assert db.session.scalars(sa.select(QuestionLogEntry.actor_id)).one() is None


def test_only_who_takes_questions_is_asked(noon: datetime, cast: Cast) -> None:
    def names(persona: str = "member") -> list[str]:
        actor = cast.actor(persona)
        return [a.name for a in list_addressees(actor, without=actor.user_id)]

    assert names() == ["林悦", "赵衡", "陈默"]
    assert names("guest") == ["林悦", "赵衡"]
    for columns in (
        {"takes_questions": False},
        {"left_at": noon},
        {"removed_at": noon},
        {"expires_at": noon},
        {"isolated_at": noon},
        {"role": "admin"},
    ):
        before: dict[str, Any] = {"takes_questions": True, "role": "guest"}
        cast.set_membership("guest", **{**before, **columns})
        assert names() == ["林悦", "赵衡"], columns
        with pytest.raises(Invalid) as raised:
            put_question(cast, "member", "guest")
        assert (raised.value.field, raised.value.code) == ("addressee", "not_available")
        cast.set_membership("guest", **{**dict.fromkeys(columns), **before})
    cast.set_membership("guest", expires_at=noon + timedelta(days=1))
    assert "陈默" in names()
    with pytest.raises(Invalid):
        put_question(cast, "guest", "guest")
    with pytest.raises(Invalid):
        put_question(cast, "member", "other")


@pytest.mark.parametrize(
    ("persona", "settings", "reason"),
    [
        ("visitor", {}, "sign_in"),
        ("stranger", {}, "join"),
        ("pending", {}, "pending"),
        ("expired", {}, "renew"),
        ("removed", {}, "removed"),
        ("muted", {}, "muted"),
        ("member", {"questions_enabled": False}, "questions_off"),
    ],
)
def test_who_may_not_ask_is_told_why(
    noon: datetime, cast: Cast, persona: str, settings: dict[str, Any], reason: str
) -> None:
    cast.set_planet(**settings)
    with pytest.raises(Refused) as raised:
        put_question(cast, persona)
    assert raised.value.reason == reason


@pytest.mark.parametrize(
    ("settings", "wish", "field", "code"),
    [
        ({"anonymous_questions": False}, {"anonymous": True}, "anonymous", "not_allowed"),
        ({"private_questions": False}, {"private": True}, "private", "not_allowed"),
        ({"question_max_chars": 5}, {"text": "一二三四五六"}, "text", "too_long"),
        ({}, {"text": " \n"}, "text", "empty"),
    ],
)
def test_the_planets_limits_hold(
    noon: datetime,
    cast: Cast,
    settings: dict[str, Any],
    wish: dict[str, Any],
    field: str,
    code: str,
) -> None:
    cast.set_planet(**settings)
    with pytest.raises(Invalid) as raised:
        put_question(cast, "member", **wish)
    assert (raised.value.field, raised.value.code) == (field, code)


def test_the_free_questions_of_seven_days_come_back_one_by_one(noon: datetime, cast: Cast) -> None:
    cast.set_planet(question_quota_per_week=2)

    def left() -> tuple[int, datetime | None]:
        planet, actor = cast.entry("member")
        quota = read_quota(actor, planet)
        return quota.left, quota.again_at

    assert left() == (2, None)
    put_question(cast, "member")
    with clock.fixed(noon + timedelta(days=2)):
        put_question(cast, "member", anonymous=True)
        assert left() == (0, noon + timedelta(days=7))
        with pytest.raises(Invalid) as raised:
            put_question(cast, "member")
        assert raised.value.code == "quota"
        assert raised.value.values == {"limit": 2, "again_at": noon + timedelta(days=7)}
        put_question(cast, "other")
    with clock.fixed(noon + timedelta(days=7)):
        assert left() == (1, None)
        put_question(cast, "member")
        assert left() == (0, noon + timedelta(days=9))


def test_a_quota_of_none_means_no_free_questions(noon: datetime, cast: Cast) -> None:
    cast.set_planet(question_quota_per_week=0)
    with pytest.raises(Invalid) as raised:
        put_question(cast, "member")
    assert raised.value.values == {"limit": 0, "again_at": None}


def test_asks_at_the_same_moment_do_not_pass_the_quota(cast: Cast) -> None:
    cast.set_planet(question_quota_per_week=2)
    outcomes = at_once(cast, [lambda: put_question(cast, "member")] * 5)
    assert sum(isinstance(o, str) for o in outcomes) == 2
    assert sum(isinstance(o, Invalid) for o in outcomes) == 3
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Question)) == 2


def test_a_form_sent_twice_is_asked_once_and_costs_one(cast: Cast) -> None:
    cast.set_planet(question_quota_per_week=1)
    key = new_public_id()
    outcomes = at_once(cast, [lambda: put_question(cast, "member", key=key)] * 3)
    assert outcomes == [key] * 3
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Topic)) == 1
    cast.set_planet(question_quota_per_week=5)
    with pytest.raises(Conflict):
        put_question(cast, "member", text="另一个", key=key)
    with pytest.raises(Conflict):
        put_question(cast, "other", key=key)


def test_an_isolated_persons_question_reaches_nobody(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "isolated")
    assert the_topic(topic).isolated
    with pytest.raises(Exception):  # noqa: B017 - hidden or refused, never done
        put_answer(cast, "guest", topic)
