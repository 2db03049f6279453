"""Likes and bookmarks: once per person whatever is clicked, private where they must be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from app.discussion.actions.reactions import (
    drop_bookmark,
    keep_bookmark,
    like_comment,
    like_topic,
    unlike_comment,
    unlike_topic,
)
from app.discussion.models import Bookmark, Like, Topic
from app.discussion.queries.facts import get_comment, get_topic
from app.discussion.queries.reactions import (
    NO_MARKS,
    list_likers,
    marks_on_topic,
    marks_on_topics,
)
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Invalid, NotFound, Refused
from tests.cast import Cast
from tests.discussion.states import State, write
from tests.discussion.threads import at_once, counted, post, say, the_comment, the_topic, topic_of


def like(cast: Cast, persona: str, topic: str, verb: Any = like_topic) -> int:
    actor = cast.actor(persona)
    with unit_of_work():
        row, facts = get_topic(actor, topic)
        count: int = verb(actor, topic=row, facts=facts)
    return count


def like_c(cast: Cast, persona: str, comment: str, verb: Any = like_comment) -> int:
    actor = cast.actor(persona)
    with unit_of_work():
        row, facts = get_comment(actor, comment)
        count: int = verb(actor, comment=row, facts=facts)
    return count


def keep(cast: Cast, persona: str, topic: str, note: str = "") -> None:
    actor = cast.actor(persona)
    with unit_of_work():
        row, facts = get_topic(actor, topic)
        keep_bookmark(actor, topic=row, facts=facts, note=note)


def test_liking_twice_is_liking_once_and_so_is_taking_back(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    assert [like(cast, "member", topic), like(cast, "member", topic)] == [1, 1]
    assert like(cast, "guest", topic) == 2
    assert like(cast, "member", topic, unlike_topic) == 1
    assert like(cast, "member", topic, unlike_topic) == 1
    assert the_topic(topic).like_count == 1


def test_a_liked_comment_is_counted_and_its_page_changes(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic)
    revs = (the_topic(topic).rev, the_comment(one).rev)
    assert like_c(cast, "guest", one) == 1
    assert the_comment(one).like_count == 1
    assert (the_topic(topic).rev, the_comment(one).rev) == (revs[0] + 1, revs[1] + 1)
    assert like_c(cast, "guest", one, unlike_comment) == 0


def test_double_clicks_at_the_same_moment_count_once(cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic)
    outcomes = at_once(cast, [lambda: like(cast, "guest", topic)] * 4)
    assert outcomes == [1] * 4
    assert at_once(cast, [lambda: like_c(cast, "guest", one)] * 4) == [1] * 4
    people = ["owner", "guest", "member", "other"]
    at_once(cast, [lambda p=p: like_c(cast, p, one) for p in people])  # type: ignore[misc]
    assert the_comment(one).like_count == 4
    at_once(cast, [lambda: like_c(cast, "guest", one, unlike_comment)] * 4)
    assert the_comment(one).like_count == 3
    assert the_topic(topic).like_count == 1


def test_the_likes_of_an_isolated_person_are_seen_by_himself_alone(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    assert like(cast, "isolated", topic) == 1
    assert like(cast, "isolated", topic) == 1
    assert the_topic(topic).like_count == 0
    row, facts = topic_of(cast, "isolated", topic)
    marks = marks_on_topic(cast.actor("isolated"), row.id)
    assert marks.likes(("topic", row.id), 0) == 1
    assert list_likers(cast.actor("owner"), facts, subject=("topic", row.id)) == []
    assert like(cast, "isolated", topic, unlike_topic) == 0


def test_who_may_not_take_part_does_not_like(noon: datetime, cast: Cast) -> None:
    topic = post(cast, public_sample_at=noon)
    for persona, reason in (("visitor", "sign_in"), ("stranger", "join"), ("expired", "renew")):
        with pytest.raises(Refused) as raised:
            like(cast, persona, topic)
        assert raised.value.reason == reason
    like(cast, "muted", topic)


def test_who_liked_is_hidden_with_the_directory(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    like(cast, "member", topic)
    row, facts = topic_of(cast, "other", topic)
    subject = ("topic", row.id)
    with pytest.raises(NotFound):
        list_likers(cast.actor("other"), facts, subject=subject)  # type: ignore[arg-type]
    people = list_likers(cast.actor("admin"), facts, subject=subject)  # type: ignore[arg-type]
    assert [p.name for p in people] == ["王小雨"]
    cast.set_planet(directory_open=True)
    people = list_likers(cast.actor("other"), facts, subject=subject)  # type: ignore[arg-type]
    assert [p.name for p in people] == ["王小雨"]


def test_the_list_of_likers_never_tells_who_asked_anonymously(noon: datetime, cast: Cast) -> None:
    cast.set_planet(directory_open=True)
    for anonymous in (True, False):
        topic_id = write(
            [State("question", "member", 1, anonymous=anonymous, addressee="guest")], cast, noon
        )[0]
        with unit_of_work() as session:
            session.add(
                Like(
                    subject_type="topic",
                    subject_id=topic_id,
                    user_id=cast.users["member"],
                    topic_id=topic_id,
                    created_at=noon,
                )
            )
        for persona in ("guest", "owner", "member"):
            actor = cast.actor(persona)
            _row, facts = get_topic(actor, _public(topic_id))
            people = list_likers(actor, facts, subject=("topic", topic_id))
            assert [p.name for p in people] == ([] if anonymous else ["王小雨"])


def test_marks_are_read_in_one_query_for_a_page_or_a_list(noon: datetime, cast: Cast) -> None:
    topics = [post(cast) for _ in range(3)]
    one = say(cast, "member", topics[0])
    like(cast, "guest", topics[0])
    like_c(cast, "guest", one)
    keep(cast, "guest", topics[1], "再读")
    actor = cast.actor("guest")
    ids = [the_topic(t).id for t in topics]
    comment_id = the_comment(one).id
    with counted() as statements:
        page, listed = marks_on_topic(actor, ids[0]), marks_on_topics(actor, ids)
    assert len(statements) == 2
    assert page.liked == {("topic", ids[0]), ("comment", comment_id)}
    assert listed.liked == {("topic", ids[0])}
    assert listed.notes == {ids[1]: "再读"}
    assert marks_on_topic(cast.actor("visitor"), ids[0]) == NO_MARKS


def test_a_bookmark_is_kept_once_with_its_latest_note(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    keep(cast, "member", topic, "一")
    keep(cast, "member", topic, "二")
    assert [b.note for b in db.session.scalars(sa.select(Bookmark))] == ["二"]
    with pytest.raises(Invalid):
        keep(cast, "member", topic, "长" * 501)
    with unit_of_work():
        drop_bookmark(cast.actor("other"), topic_public_id=topic)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Bookmark)) == 1
    for _ in range(2):
        with unit_of_work():
            drop_bookmark(cast.actor("member"), topic_public_id=topic)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Bookmark)) == 0


def test_bookmarks_made_at_once_are_one(cast: Cast) -> None:
    topic = post(cast)
    outcomes = at_once(cast, [lambda: keep(cast, "member", topic, "记")] * 4)
    assert outcomes == [None] * 4
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Bookmark)) == 1


def _public(topic_id: int) -> str:
    return db.session.scalars(sa.select(Topic.public_id).where(Topic.id == topic_id)).one()
