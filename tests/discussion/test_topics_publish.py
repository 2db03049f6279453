"""Publishing: who may, once only, with what, and what everybody then sees."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.blueprints.discussion import composer
from app.discussion.actions.composing import MAX_TAGS, TopicWish, compose_topic
from app.discussion.actions.topics import publish_topic
from app.discussion.models import Tag, Topic
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, Refused
from app.outbox.models import OutboxEvent
from tests.cast import Cast
from tests.discussion.writing import path, post


def test_guest_publishes_and_member_reads(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="慢读法", text="**重点：**先抄原文。")
    page = cast.client("member").get(path(cast, topic), follow_redirects=True)
    assert page.status_code == 200
    assert "<strong>重点：</strong>先抄原文" in page.text
    feed = cast.client("member").get(f"/p/{cast.slug}")
    assert "慢读法" in feed.text
    assert db.session.scalars(sa.select(OutboxEvent.name)).all() == ["discussion.topic_published"]


@pytest.mark.parametrize(
    ("persona", "reason"),
    [
        ("member", "ask_instead"),
        ("expired", "renew"),
        ("stranger", "join"),
        ("muted", "muted"),
        ("visitor", "sign_in"),
    ],
)
def test_others_are_told_why_they_cannot_publish(cast: Cast, persona: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        compose_topic(cast.actor(persona), wish=TopicWish(text="x"))
    assert refused.value.reason == reason


def test_the_same_key_publishes_once(cast: Cast, noon: datetime) -> None:
    actor = cast.actor("owner")
    draft = compose_topic(actor, wish=TopicWish(text="一次"))
    refs = []
    for _ in range(2):
        with unit_of_work():
            refs.append(publish_topic(actor, draft=draft))
    assert refs[0] == refs[1]
    assert db.session.scalar(sa.select(sa.func.count(Topic.id))) == 1


def test_an_isolated_person_is_read_by_himself_alone(cast: Cast, noon: datetime) -> None:
    cast.set_planet(who_may_post="members")
    topic = post(cast, "isolated", title="只有我看见")
    assert cast.client("isolated").get(path(cast, topic), follow_redirects=True).status_code == 200
    for persona in ("owner", "member", "visitor"):
        assert cast.client(persona).get(path(cast, topic)).status_code == 404
        assert "只有我看见" not in cast.client(persona).get(f"/p/{cast.slug}").text


def test_a_scheduled_topic_waits_for_its_time(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="明天", publish_at=noon + timedelta(hours=1))
    assert cast.client("guest").get(path(cast, topic), follow_redirects=True).status_code == 200
    assert cast.client("member").get(path(cast, topic)).status_code == 404
    assert "明天" not in cast.client("guest").get(f"/p/{cast.slug}").text


@pytest.mark.parametrize(
    ("wish", "field", "code"),
    [
        (TopicWish(text=" \n"), "text", "empty"),
        (TopicWish(text="字" * 10_001), "text", "too_long"),
        (TopicWish(text="x", title="题" * 121), "title", "too_long"),
        (TopicWish(text="x", tags=tuple("abcdef")), "tags", "too_many_tags"),
        (TopicWish(text="x", tags=("长" * 21,)), "tags", "tag_too_long"),
    ],
)
def test_what_does_not_fit_is_named(cast: Cast, wish: TopicWish, field: str, code: str) -> None:
    with pytest.raises(Invalid) as invalid:
        compose_topic(cast.actor("owner"), wish=wish)
    assert (invalid.value.field, invalid.value.code) == (field, code)


def test_a_time_that_is_over_is_refused(cast: Cast, noon: datetime) -> None:
    with pytest.raises(Invalid, match="past"):
        compose_topic(cast.actor("owner"), wish=TopicWish(text="x", publish_at=noon))
    late = noon + timedelta(days=400)
    with pytest.raises(Invalid, match="too_far"):
        compose_topic(cast.actor("owner"), wish=TopicWish(text="x", publish_at=late))


def test_staff_make_tags_by_using_them_and_guests_choose(cast: Cast, noon: datetime) -> None:
    post(cast, "owner", tags=("读书 笔记", "#Python"))
    with pytest.raises(Invalid, match="unknown_tag"):
        post(cast, "guest", tags=("新标签",))
    post(cast, "guest", tags=("python", "ＰＹＴＨＯＮ"))
    assert db.session.scalars(sa.select(Tag.name).order_by(Tag.position)).all() == [
        "读书 笔记",
        "Python",
    ]
    assert MAX_TAGS == 5


def test_an_old_readable_part_redirects_only_those_who_may_read(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "owner", title="现在的题目")
    wrong = path(cast, topic) + "/old-title"
    moved = cast.client("member").get(wrong)
    assert moved.status_code == 301
    follow = cast.client("member").get(moved.headers["Location"])
    assert follow.status_code == 200
    for persona in ("visitor", "stranger", "removed"):
        hidden = cast.client(persona).get(wrong)
        assert hidden.status_code == 404
        assert "现在的题目" not in hidden.text


def test_the_form_keeps_what_was_typed(cast: Cast, noon: datetime) -> None:
    client = cast.client("owner")
    page = client.post(f"/p/{cast.slug}/write", data={"title": "题目", "text": " "})
    assert page.status_code == 422
    assert 'value="题目"' in page.text


def test_a_script_in_somebodys_name_is_stopped(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composer, "MAX_PER_HOUR", 2)
    client = cast.client("owner")
    form = {"text": "x", "tab": "a"}
    answers = [client.post(f"/p/{cast.slug}/write", data=form) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
