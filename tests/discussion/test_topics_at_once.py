"""Several people and tabs at the same moment: one effect, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from app.discussion.actions.composing import TopicWish, compose_edit, compose_topic
from app.discussion.actions.drafts import DraftSave, Hold, save_draft
from app.discussion.actions.reading import mark_topic_read
from app.discussion.actions.topics import TopicRef, edit_topic, publish_topic
from app.discussion.models import Draft, ReadMark, Revision, Tag, Topic
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict
from app.outbox.models import OutboxEvent
from tests.cast import Cast
from tests.discussion.threads import at_once
from tests.discussion.writing import post

KEY = "kQ7mVx3pRt9a"


def _count(table: Any) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_form_sent_four_times_at_once_publishes_once(cast: Cast) -> None:
    actor = cast.actor("owner")
    draft = compose_topic(actor, wish=TopicWish(text="一次", tags=("新",)), key=KEY)

    def publish() -> TopicRef:
        with unit_of_work():
            return publish_topic(actor, draft=draft)

    assert len(set(at_once(cast, [publish] * 4))) == 1
    assert _count(Topic) == _count(OutboxEvent) == 1


def test_a_new_tag_used_by_four_at_once_is_one(cast: Cast) -> None:
    actor = cast.actor("owner")

    def publish() -> TopicRef:
        draft = compose_topic(actor, wish=TopicWish(text="x", tags=("新标签",)))
        with unit_of_work():
            return publish_topic(actor, draft=draft)

    refs = at_once(cast, [publish] * 4)
    assert all(isinstance(ref, TopicRef) for ref in refs)
    assert _count(Tag) == 1


def test_of_four_edits_at_once_one_wins_and_the_others_are_told(cast: Cast) -> None:
    topic = post(cast, "owner", text="原文")
    actor = cast.actor("owner")

    def edit(words: str) -> Callable[[], TopicRef]:
        def act() -> TopicRef:
            new = compose_edit(actor, public_id=topic.public_id, wish=TopicWish(text=words))
            with unit_of_work():
                return edit_topic(actor, text=new, base=0)

        return act

    done = at_once(cast, [edit(words) for words in "甲乙丙丁"])
    assert sum(isinstance(one, TopicRef) for one in done) == 1
    assert sum(isinstance(one, Conflict) for one in done) == 3
    assert _count(Revision) == 1


def test_of_two_tabs_that_save_at_once_one_is_told(cast: Cast) -> None:
    actor = cast.actor("owner")

    def save(tab: str) -> Callable[[], Any]:
        def act() -> Any:
            draft = DraftSave(KEY, "post", {"text": tab}, Hold(tab, 0))
            with unit_of_work():
                return save_draft(actor, draft=draft)

        return act

    done = at_once(cast, [save("a"), save("b"), save("c")])
    assert sum(isinstance(one, Conflict) for one in done) == 2
    assert _count(Draft) == 1


def test_two_tabs_that_open_a_topic_at_once_leave_one_mark(cast: Cast) -> None:
    topic = post(cast, "owner")
    actor = cast.actor("member")

    def read() -> None:
        with unit_of_work():
            mark_topic_read(actor, topic_id=topic.id)

    assert at_once(cast, [read] * 4) == [None] * 4
    assert _count(ReadMark) == 1
