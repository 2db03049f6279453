"""Whatever is done, by the real actions and events: afterwards the index is what the database says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.actions.profile import Profile, edit_profile
from app.discussion.actions import tags
from app.discussion.actions.composing import TopicWish, compose_edit
from app.discussion.actions.marks import TopicMark, mark_topic, unmark_topic
from app.discussion.actions.questions import decline
from app.discussion.actions.topics import delete_topic, edit_topic
from app.discussion.actions.withdrawing import decide_hiding, withdraw_answered
from app.discussion.models import Answer
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.media.models import Attachment
from app.memberships.actions.own import change_nickname, follow_name
from app.search.documents import load_whole
from app.search.indexer import Indexer
from app.search.port import Part
from tests.cast import Cast
from tests.discussion.threads import (
    act_on,
    change,
    change_answer,
    erase,
    pass_on,
    put_answer,
    put_question,
    say,
    the_topic,
)
from tests.discussion.writing import post
from tests.scene import plant
from tests.search.following import differences, follow, indexer_of
from tests.search.rows import entries
from tests.search.shelf import ShelfEngine


@pytest.fixture
def engine() -> ShelfEngine:
    return ShelfEngine()


@pytest.fixture
def indexer(engine: ShelfEngine, tmp_path: Path) -> Indexer:
    return indexer_of(engine, tmp_path)


@pytest.fixture
def agrees(app: Flask, engine: ShelfEngine, indexer: Indexer) -> Callable[[], None]:
    """Return a check that the index has followed everything without being made anew."""
    follow(indexer)
    assert engine.rebuilt == 1

    def check() -> None:
        follow(indexer)
        found = differences(engine)
        assert (found.missing, found.extra, found.stale) == (set(), set(), set())
        assert engine.rebuilt == 1

    return check


Agrees = Callable[[], None]


def test_entries_say_what_the_rows_say(noon: datetime, cast: Cast) -> None:
    plant(cast)
    plain = {entry.topic_id: entry for entry in entries()}
    read = {entry.topic_id: entry for entry in load_whole([*plain, 10_000])}
    assert read.pop(10_000).facts is None
    assert read.keys() == plain.keys()
    for topic_id, entry in read.items():
        assert entry.facts == plain[topic_id].facts
        assert set(entry.passages) == set(plain[topic_id].passages)


def test_topics_are_followed(cast: Cast, agrees: Agrees) -> None:
    ref = post(cast, "owner", title="甲", text="正文", tags=("读书",))
    post(cast, "owner", title="以后", publish_at=clock.now() + timedelta(days=1))
    post(cast, "guest", title="乙")
    agrees()
    owner = cast.actor("owner")
    text = compose_edit(owner, public_id=ref.public_id, wish=TopicWish(title="丙", text="改了"))
    with unit_of_work():
        edit_topic(owner, text=text, base=0)
    agrees()
    for mark in (TopicMark.DIGEST, TopicMark.SAMPLE):
        with unit_of_work():
            mark_topic(owner, public_id=ref.public_id, mark=mark)
        agrees()
    with unit_of_work():
        unmark_topic(owner, public_id=ref.public_id, mark=TopicMark.SAMPLE)
    agrees()
    say(cast, "member", ref.public_id, "评论")
    with unit_of_work():
        delete_topic(owner, public_id=ref.public_id)
    agrees()


def test_tags_are_followed(cast: Cast, agrees: Agrees) -> None:
    for names in (("读书", "阅读"), ("阅读",), ("杂",)):
        post(cast, "owner", tags=names)
    agrees()
    owner = cast.actor("owner")
    for act in (
        lambda: tags.rename_tag(owner, key="杂", name="杂谈"),
        lambda: tags.merge_tags(owner, key="阅读", into="读书"),
        lambda: tags.delete_tag(owner, key="读书"),
    ):
        with unit_of_work():
            act()
        agrees()


def test_many_topics_of_a_tag_are_followed(
    cast: Cast, agrees: Agrees, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tags, "TOLD_AT_ONCE", 2)
    for _ in range(5):
        post(cast, "owner", tags=("读书",))
    with unit_of_work():
        tags.rename_tag(cast.actor("owner"), key="读书", name="阅读")
    agrees()


def test_questions_are_followed(cast: Cast, agrees: Agrees) -> None:
    for words in ({}, {"anonymous": True}, {"private": True}):
        topic = put_question(cast, "member", **words)
        agrees()
        answer = put_answer(cast, "guest", topic)
        agrees()
        change_answer(cast, "guest", answer, "又想了想。")
        say(cast, "member", topic, "谢谢")
        agrees()
        act_on(cast, "member", topic, withdraw_answered, hide=True, reason="写得太多")
        agrees()
        act_on(cast, "guest", topic, decide_hiding, grant=True, reason="不看原文也懂")
        agrees()
    handed = put_question(cast, "member")
    pass_on(cast, "guest", handed, "partner")
    agrees()
    act_on(cast, "partner", handed, decline, reason="不会")
    agrees()


def test_an_isolated_addressees_answer_is_followed(cast: Cast, agrees: Agrees) -> None:
    topic = put_question(cast, "member")
    cast.set_membership("guest", isolated_at=clock.now())
    answer = put_answer(cast, "guest", topic, "没人看见")
    agrees()
    change_answer(cast, "guest", answer, "还是没人看见")
    agrees()
    cast.set_membership("guest", isolated_at=None)
    put_answer(cast, "guest", topic, "看见了")
    agrees()


def test_comments_are_followed(cast: Cast, agrees: Agrees) -> None:
    topic = post(cast).public_id
    first = say(cast, "member", topic, "一")
    reply = say(cast, "other", topic, "二", parent=first)
    say(cast, "isolated", topic, "三")
    agrees()
    change(cast, "member", first, "改了")
    agrees()
    erase(cast, "member", first)
    agrees()
    erase(cast, "other", reply)
    agrees()


def test_names_are_followed(cast: Cast, agrees: Agrees, engine: ShelfEngine) -> None:
    topic = put_question(cast, "member", anonymous=True)
    put_answer(cast, "guest", topic)
    say(cast, "member", topic, "匿名的追问")
    post(cast, "guest")
    say(cast, "guest", topic, "评论")
    agrees()
    guest = cast.actor("guest")
    with unit_of_work():
        edit_profile(guest, profile=Profile("新名字", ""))
        follow_name(guest, former="陈默")
    agrees()
    assert _names(engine) == {"新名字", ""}
    with unit_of_work():
        change_nickname(guest, nickname="外号")
    agrees()
    assert _names(engine) == {"外号", ""}


def _names(engine: ShelfEngine) -> set[str]:
    return {one.names for held in engine.passages.values() for one in held.values()}


def test_files_are_found_by_name_and_pictures_are_not(noon: datetime, cast: Cast) -> None:
    plant(cast)
    names = [one.names for entry in load_whole(range(1, 60)) for one in entry.passages]
    assert any("zqfilenameqz" in name for name in names)
    topic = the_topic(put_question(cast, "member"))
    answer_id = the_answer(put_answer(cast, "guest", topic.public_id)).id
    for purpose in ("file", "image"):
        attach(cast, purpose, answer_id)
    [entry] = load_whole([topic.id])
    [answer] = [one for one in entry.passages if one.part is Part.ANSWER]
    assert answer.names == "答.file\n\n陈默"
    assert entry.facts is not None
    assert (entry.facts.has_file, entry.facts.has_image) == (True, True)


def the_answer(public_id: str) -> Answer:
    return db.session.scalars(select(Answer).where(Answer.public_id == public_id)).one()


def attach(cast: Cast, purpose: str, answer_id: int) -> None:
    with unit_of_work() as session:
        session.add(
            Attachment(
                planet_id=cast.planet_id,
                uploader_id=cast.users["guest"],
                owner_type="answer",
                owner_id=answer_id,
                purpose=purpose,
                filename=f"答.{purpose}",
                content_type="application/octet-stream",
                size=1,
                sha256="",
                storage_key=purpose,
                created_at=clock.now(),
            )
        )
