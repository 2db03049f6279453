"""Changing topics: history, the mark of an edit, two editors at once, marks, deletion."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.discussion.actions.composing import TopicWish, compose_edit
from app.discussion.actions.marks import TopicMark, mark_topic, unmark_topic
from app.discussion.actions.topics import TopicRef, edit_topic
from app.discussion.models import Revision, Topic, TopicTag
from app.discussion.queries.topic_page import get_text
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.outbox.models import OutboxEvent
from tests.cast import Cast
from tests.discussion.states import State, write
from tests.discussion.writing import path, post


def _edit(cast: Cast, topic: TopicRef, text: str, *, persona: str = "guest", base: int = 0) -> None:
    actor = cast.actor(persona)
    new = compose_edit(actor, public_id=topic.public_id, wish=TopicWish(title="题", text=text))
    with unit_of_work():
        edit_topic(actor, text=new, base=base)


def _row(topic: TopicRef) -> Topic:
    return db.session.get_one(Topic, topic.id, populate_existing=True)


def test_an_edit_keeps_what_was_said_before(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="题", text="第一稿")
    before = _row(topic).rev
    _edit(cast, topic, "第二稿")
    _edit(cast, topic, "第三稿", base=1)
    kept = db.session.execute(
        sa.select(Revision.number, Revision.source).order_by(Revision.number)
    ).all()
    assert [tuple(row) for row in kept] == [(1, "第一稿"), (2, "第二稿")]
    assert _row(topic).source == "第三稿"
    assert "<p>第三稿</p>" in _row(topic).html
    assert _row(topic).rev > before
    history = cast.client("guest").get(path(cast, topic) + "/history")
    assert "<del>" in history.text
    assert "<ins>" in history.text
    assert cast.client("member").get(path(cast, topic) + "/history").status_code == 403


def test_only_an_edit_after_a_reply_is_marked(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="题", text="第一稿")
    _edit(cast, topic, "第二稿")
    assert _row(topic).edited_at is None
    with unit_of_work():
        _row(topic).comment_count = 1
    _edit(cast, topic, "第三稿", base=1)
    assert _row(topic).edited_at == noon


def test_saving_the_same_words_leaves_no_version(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="题", text="不变")
    _edit(cast, topic, "不变")
    assert get_text(cast.actor("guest"), topic.public_id).edits == 0


def test_two_editors_at_once_lose_nothing(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="题", text="原文")
    _edit(cast, topic, "星主改过", persona="owner")
    with pytest.raises(Conflict):
        _edit(cast, topic, "嘉宾也改", base=0)
    form = {"title": "题", "text": "嘉宾也改", "base": "0", "draft": "", "tab": "t"}
    client = cast.client("guest")
    refused = client.post(path(cast, topic) + "/edit", data=form)
    assert refused.status_code == 409
    assert "嘉宾也改" in refused.text
    assert "星主改过" in refused.text or "星主" in refused.text
    assert 'name="base" value="1"' in refused.text
    again = client.post(path(cast, topic) + "/edit", data=form | {"base": "1"})
    assert again.status_code == 303
    assert _row(topic).source == "嘉宾也改"
    sources = db.session.scalars(sa.select(Revision.source).order_by(Revision.number)).all()
    assert sources == ["原文", "星主改过"]


def test_the_readable_address_follows_the_title(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="Old Name", text="x")
    actor = cast.actor("guest")
    wish = TopicWish(title="New Name", text="x")
    new = compose_edit(actor, public_id=topic.public_id, wish=wish)
    with unit_of_work():
        edit_topic(actor, text=new, base=0)
    moved = cast.client("member").get(path(cast, topic) + "/old-name?x=1")
    assert moved.status_code == 301
    assert moved.headers["Location"].endswith("/new-name?x=1")


def test_editing_anothers_topic_is_for_leaders_and_is_audited(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="题", text="x")
    for persona in ("admin", "member"):
        with pytest.raises(Refused):
            _edit(cast, topic, "y", persona=persona)
    _edit(cast, topic, "y", persona="partner")
    assert db.session.scalars(sa.select(AuditEntry.action)).all() == ["topic.edit"]


def test_an_asker_changes_his_question_without_being_named(cast: Cast, noon: datetime) -> None:
    state = State("question", "member", 1, anonymous=True, addressee="guest")
    (topic_id,) = write([state], cast, noon)
    public_id = db.session.get_one(Topic, topic_id).public_id
    actor = cast.actor("member")
    wish = TopicWish(title="不要", text="改过的提问", tags=("无",))
    new = compose_edit(actor, public_id=public_id, wish=wish)
    with unit_of_work():
        edit_topic(actor, text=new, base=0)
    assert db.session.scalars(sa.select(Revision.editor_id)).all() == [None]
    topic = db.session.get_one(Topic, topic_id, populate_existing=True)
    assert (topic.title, topic.source) == ("", "改过的提问")
    with pytest.raises(Invalid, match="too_long"):
        compose_edit(actor, public_id=public_id, wish=TopicWish(text="字" * 1_001))


def test_an_unfinished_change_is_offered_again(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="题", text="原文")
    client = cast.client("guest")
    form = {
        "purpose": "edit",
        "topic": topic.public_id,
        "draft": "kQ7mVx3pRt9a",
        "tab": "a",
        "rev": "0",
        "base": "0",
        "text": "改到一半",
    }
    headers = {"Accept": "application/json"}
    kept = client.post(f"/p/{cast.slug}/drafts", data=form, headers=headers)
    assert kept.json is not None
    assert kept.json["rev"] == 1
    page = client.get(path(cast, topic) + "/edit")
    assert "改到一半" in page.text
    saved = client.post(path(cast, topic) + "/edit", data=form | {"rev": "1", "title": "题"})
    assert saved.status_code == 303
    assert "改到一半" not in client.get(f"/p/{cast.slug}/drafts").text
    # Somebody else changed the text meanwhile: the kept change says so when it is opened.
    client.post(f"/p/{cast.slug}/drafts", data=form | {"text": "又一半"}, headers=headers)
    assert "又一半" in client.get(path(cast, topic) + "/edit").text
    assert 'class="diff"' in client.get(path(cast, topic) + "/edit").text


def test_a_scheduled_topic_can_be_moved_and_published_now(cast: Cast, noon: datetime) -> None:
    topic = post(
        cast, "owner", title="题", text="x", tags=("标签",), publish_at=noon + timedelta(days=1)
    )
    actor = cast.actor("owner")
    later = noon + timedelta(days=2)
    for wanted, stored in ((later, later), (None, noon)):
        wish = TopicWish(title="题", text="x", tags=("标签",), publish_at=wanted)
        new = compose_edit(actor, public_id=topic.public_id, wish=wish)
        with unit_of_work():
            edit_topic(actor, text=new, base=0)
        assert _row(topic).published_at == stored
        assert db.session.scalars(sa.select(TopicTag.published_at)).one() == stored


# --- marks and deletion --------------------------------------------------------------------------

COLUMNS = {
    TopicMark.PINNED: "pinned_at",
    TopicMark.DIGEST: "digest_at",
    TopicMark.SAMPLE: "public_sample_at",
    TopicMark.CLOSED: "comments_closed_at",
}


@pytest.mark.parametrize("mark", TopicMark)
def test_marks_are_set_once_audited_and_taken_off(
    cast: Cast, noon: datetime, mark: TopicMark
) -> None:
    topic = post(cast, "guest")
    for act, expected in ((mark_topic, noon), (mark_topic, noon), (unmark_topic, None)):
        with unit_of_work():
            act(cast.actor("owner"), public_id=topic.public_id, mark=mark)
        assert getattr(_row(topic), COLUMNS[mark]) == expected
    acts = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert acts == [f"topic.{mark}", f"topic.not_{mark}"]
    events = db.session.scalars(sa.select(OutboxEvent.name).order_by(OutboxEvent.id)).all()
    assert events[1:] == ["discussion.topic_changed"] * 2


@pytest.mark.parametrize(
    ("persona", "allowed"),
    [
        ("owner", set(TopicMark)),
        ("admin", {TopicMark.PINNED, TopicMark.DIGEST, TopicMark.CLOSED}),
        ("guest", {TopicMark.CLOSED}),
        ("member", set()),
    ],
)
def test_who_may_set_which_mark(
    cast: Cast, noon: datetime, persona: str, allowed: set[TopicMark]
) -> None:
    topic = post(cast, "guest")
    for mark in TopicMark:
        form = {"mark": mark.value, "do": "set"}
        answer = cast.client(persona).post(path(cast, topic) + "/marks", data=form)
        assert answer.status_code == (303 if mark in allowed else 403), mark


def test_pins_have_an_end(cast: Cast, noon: datetime) -> None:
    topics = [post(cast, "owner") for _ in range(11)]
    for topic in topics[:10]:
        with unit_of_work():
            mark_topic(cast.actor("owner"), public_id=topic.public_id, mark=TopicMark.PINNED)
    with pytest.raises(Invalid, match="too_many"), unit_of_work():
        mark_topic(cast.actor("owner"), public_id=topics[10].public_id, mark=TopicMark.PINNED)
    form = {"mark": "pinned", "do": "set"}
    address = path(cast, topics[10]) + "/marks"
    assert cast.client("owner").post(address, data=form, follow_redirects=True).status_code == 200


def test_pinned_topics_stand_above_the_first_page_only(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "owner", title="置顶的")
    with unit_of_work():
        mark_topic(cast.actor("owner"), public_id=topic.public_id, mark=TopicMark.PINNED)
    client = cast.client("member")
    assert client.get(f"/p/{cast.slug}").text.count(">置顶的</a>") == 2
    assert client.get(f"/p/{cast.slug}?show=owner").text.count(">置顶的</a>") == 1


def test_deleting_leaves_a_marker_only_where_others_wrote(cast: Cast, noon: datetime) -> None:
    alone, answered = post(cast, "guest", title="独自"), post(cast, "guest", title="有回应")
    with unit_of_work():
        _row(answered).comment_count = 2
    for topic in (alone, answered):
        assert cast.client("member").post(path(cast, topic) + "/delete").status_code == 403
        answer = cast.client("guest").post(path(cast, topic) + "/delete", follow_redirects=True)
        assert answer.status_code == 200
        assert "独自" not in answer.text
    assert cast.client("member").get(path(cast, alone)).status_code == 404
    marker = cast.client("member").get(path(cast, answered), follow_redirects=True)
    assert marker.status_code == 200
    assert "有回应" not in marker.text
    for rest in (".md", "/edit", "/history", "/share", "/qr.svg"):
        assert cast.client("owner").get(path(cast, answered) + rest).status_code == 404
    with pytest.raises(NotFound):
        get_text(cast.actor("owner"), answered.public_id)


def test_staff_deletion_is_audited(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest")
    assert cast.client("admin").get(path(cast, topic) + "/delete").status_code == 200
    cast.client("admin").post(path(cast, topic) + "/delete")
    assert db.session.scalars(sa.select(AuditEntry.action)).all() == ["topic.delete"]
