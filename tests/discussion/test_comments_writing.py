"""Writing comments: who, what is kept, what is counted, what is told, also at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.discussion.actions.comments import (
    CommentWish,
    compose_comment,
    stick_comment,
    unstick_comment,
    write_comment,
)
from app.discussion.models import Comment, Revision
from app.discussion.queries.facts import get_comment, get_topic
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.kernel.ids import new_public_id
from tests.cast import Cast
from tests.discussion.threads import (
    at_once,
    change,
    comment_of,
    erase,
    events,
    post,
    say,
    the_comment,
    the_topic,
)


def test_a_comment_is_rendered_counted_and_told(noon: datetime, cast: Cast) -> None:
    topic = post(cast, published_at=noon - timedelta(days=2), last_activity_at=noon)
    rev = the_topic(topic).rev
    with clock.fixed(noon + timedelta(hours=1)):
        one = say(cast, "member", topic, "**好**")
        say(cast, "guest", topic, "是", one)
    row = the_topic(topic)
    assert (row.comment_count, row.last_activity_at) == (2, noon + timedelta(hours=1))
    assert row.rev > rev
    comment = the_comment(one)
    assert comment.html == "<p><strong>好</strong></p>"
    assert (comment.reply_count, comment.depth, comment.as_asker) == (1, 0, False)
    assert [name for name, _ids in events()] == ["comment_written"] * 2


def test_replies_know_their_root_and_are_counted_on_it(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic)
    two = say(cast, "guest", topic, "二", one)
    three = say(cast, "member", topic, "三", two)
    rows = [the_comment(c) for c in (one, two, three)]
    assert [c.depth for c in rows] == [0, 1, 2]
    assert [c.root_id for c in rows] == [None, rows[0].id, rows[0].id]
    assert [c.reply_count for c in rows] == [2, 1, 0]


def test_a_form_sent_twice_is_stored_once_and_another_text_is_never_lost(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    actor = cast.actor("member")
    key = new_public_id()

    def send(text: str, persona: str = "member") -> str:
        who = cast.actor(persona)
        new = compose_comment(who, wish=CommentWish(text=text), max_chars=99, key=key)
        with unit_of_work():
            row, facts = get_topic(who, topic)
            return write_comment(who, topic=row, facts=facts, comment=new).public_id

    assert send("一") == send("一") == key
    assert the_topic(topic).comment_count == 1
    for text, persona in (("二", "member"), ("一", "guest")):
        with pytest.raises(Conflict):
            send(text, persona)
    assert actor.user_id is not None


def test_texts_are_measured_and_an_empty_one_refused(noon: datetime, cast: Cast) -> None:
    actor = cast.actor("member")
    for text, code in (("", "empty"), (" \n ", "empty"), ("好" * 11, "too_long")):
        with pytest.raises(Invalid) as raised:
            compose_comment(actor, wish=CommentWish(text=text), max_chars=10)
        assert (raised.value.field, raised.value.code) == ("text", code)
    assert compose_comment(actor, wish=CommentWish(text="好" * 10), max_chars=10).body.source


def test_a_reply_to_what_is_gone_keeps_what_was_typed(noon: datetime, cast: Cast) -> None:
    topic, elsewhere = post(cast), post(cast)
    gone = say(cast, "member", topic)
    erase(cast, "member", gone)
    strange = say(cast, "member", elsewhere)
    hidden = say(cast, "isolated", topic)
    for parent in (gone, strange, hidden, "zzzzzzzzzzzz"):
        with pytest.raises(Invalid) as raised:
            say(cast, "guest", topic, "回", parent)
        assert raised.value.code == "gone"
    say(cast, "isolated", topic, "自言自语", hidden)


def test_whoever_is_isolated_since_changes_nothing_that_others_read(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    heard = say(cast, "member", topic, "先前")
    cast.set_membership("member", isolated_at=noon)
    unheard = say(cast, "member", topic, "后来")
    with pytest.raises(Refused) as refused:
        change(cast, "member", heard, "加我微信")
    assert refused.value.reason == "window_over"
    change(cast, "member", unheard, "自言自语")
    assert [the_comment(c).source for c in (heard, unheard)] == ["先前", "自言自语"]


def test_whoever_is_heard_again_is_not_heard_below_what_was_not(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    unheard = say(cast, "isolated", topic, "孤")
    cast.set_membership("isolated", isolated_at=None)
    say(cast, "isolated", topic, "回孤", unheard, quotes=True)
    assert the_topic(topic).comment_count == 0
    say(cast, "isolated", topic, "又见")
    assert the_topic(topic).comment_count == 1


def test_a_quote_repeats_the_beginning_of_what_it_answers(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "**很长** " + "好" * 400)
    two = the_comment(say(cast, "guest", topic, "是", one, quotes=True))
    assert two.quote.startswith("很长 好好")
    assert len(two.quote) <= 200
    assert two.quote_id == the_comment(one).id


@pytest.mark.parametrize(
    ("persona", "settings", "reason"),
    [
        ("muted", {}, "muted"),
        ("member", {"who_may_comment": "staff"}, "comments_staff"),
        ("owner", {"who_may_comment": "nobody"}, "comments_off"),
        ("expired", {}, "renew"),
    ],
)
def test_who_may_not_comment_is_told_why(
    noon: datetime, cast: Cast, persona: str, settings: dict[str, Any], reason: str
) -> None:
    topic = post(cast, published_at=noon - timedelta(days=60))
    cast.set_planet(**settings)
    with pytest.raises(Refused) as raised:
        say(cast, persona, topic)
    assert raised.value.reason == reason


@pytest.mark.parametrize("persona", ["visitor", "stranger", "left", "removed", "pending"])
def test_to_who_may_not_read_the_topic_does_not_exist(
    noon: datetime, cast: Cast, persona: str
) -> None:
    topic = post(cast)
    with pytest.raises(NotFound):
        say(cast, persona, topic)


def test_an_edit_is_silent_for_15_minutes_and_leaves_history_after(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "一")
    with clock.fixed(noon + timedelta(minutes=15)):
        change(cast, "member", one, "壹")
    assert (the_comment(one).source, the_comment(one).edited_at) == ("壹", None)
    later = noon + timedelta(minutes=15, seconds=1)
    with clock.fixed(later):
        change(cast, "member", one, "壹")
        assert the_comment(one).edited_at is None
        change(cast, "member", one, "弌")
        change(cast, "member", one, "1")
    assert (the_comment(one).html, the_comment(one).edited_at) == ("<p>1</p>", later)
    kept = db.session.scalars(sa.select(Revision).order_by(Revision.number)).all()
    assert [(r.number, r.source, r.subject_type) for r in kept] == [
        (1, "壹", "comment"),
        (2, "弌", "comment"),
    ]
    assert {r.editor_id for r in kept} == {cast.users["member"]}


def test_nobody_edits_another_persons_comment(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic)
    for persona in ("owner", "admin", "other"):
        with pytest.raises(Refused):
            change(cast, persona, one, "改")
        assert the_comment(one).source == "好"


def test_deleting_takes_away_what_nobody_answered_and_marks_the_rest(
    noon: datetime, cast: Cast
) -> None:
    topic = post(cast)
    one = say(cast, "member", topic, "一")
    two = say(cast, "guest", topic, "二", one)
    three = say(cast, "other", topic, "三", two)
    erase(cast, "guest", two)
    assert [the_comment(c).reply_count for c in (one, two)] == [2, 1]
    assert the_topic(topic).comment_count == 2
    erase(cast, "member", one)
    erase(cast, "other", three)
    # The last one gone takes the markers above it along.
    assert [the_comment(c).reply_count for c in (one, two)] == [0, 0]
    assert the_topic(topic).comment_count == 0


def test_deleting_twice_counts_once(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic)
    say(cast, "member", topic)
    erase(cast, "member", one)
    with pytest.raises(NotFound):
        erase(cast, "member", one)
    assert the_topic(topic).comment_count == 1


def test_staff_deletes_and_it_is_written_down(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one = say(cast, "member", topic)
    with pytest.raises(Refused):
        erase(cast, "other", one)
    erase(cast, "admin", one)
    assert the_comment(one).deleted_by == cast.users["admin"]
    entry = db.session.scalars(sa.select(AuditEntry)).one()
    assert (entry.action, entry.actor_id) == ("comment.delete", cast.users["admin"])


def test_one_root_is_stuck_at_a_time(noon: datetime, cast: Cast) -> None:
    topic = post(cast)
    one, two = say(cast, "member", topic), say(cast, "guest", topic)
    reply = say(cast, "guest", topic, "回", one)

    def stick(persona: str, public_id: str, verb: Any = stick_comment) -> None:
        actor = cast.actor(persona)
        with unit_of_work():
            row, facts = get_comment(actor, public_id)
            verb(actor, comment=row, facts=facts)

    stick("admin", one)
    stick("owner", two)
    assert [the_comment(c).stuck_at for c in (one, two)] == [None, noon]
    stick("owner", two, unstick_comment)
    assert the_comment(two).stuck_at is None
    with pytest.raises(Invalid):
        stick("owner", reply)
    with pytest.raises(Refused):
        stick("member", one)


def test_what_an_isolated_person_writes_changes_no_count(noon: datetime, cast: Cast) -> None:
    topic = post(cast, last_activity_at=noon - timedelta(days=1))
    one = say(cast, "member", topic)
    before = the_topic(topic).last_activity_at
    with clock.fixed(noon + timedelta(hours=1)):
        alone = say(cast, "isolated", topic, "孤", one)
        say(cast, "isolated", topic, "独", alone)
    row = the_topic(topic)
    assert (row.comment_count, row.last_activity_at) == (1, before)
    assert (the_comment(one).reply_count, the_comment(alone).reply_count) == (0, 1)
    with pytest.raises(NotFound):
        comment_of(cast, "owner", alone)
    erase(cast, "isolated", alone)
    assert the_topic(topic).comment_count == 1


def test_counts_are_right_when_many_write_and_delete_at_once(cast: Cast) -> None:
    topic = post(cast)
    root = say(cast, "owner", topic)
    doomed = [say(cast, "member", topic, "删", root) for _ in range(3)]
    personas = ["member", "guest", "other"]
    acts: list[Callable[[], Any]] = [
        lambda p=p: say(cast, p, topic, "回", root)  # type: ignore[misc]
        for p in personas
    ]
    acts += [lambda c=c: erase(cast, "member", c) for c in doomed]  # type: ignore[misc]
    outcomes = at_once(cast, acts)
    assert [o for o in outcomes if isinstance(o, Exception)] == []
    assert the_topic(topic).comment_count == 4
    assert the_comment(root).reply_count == 3
    alive = sa.select(sa.func.count()).where(Comment.deleted_at.is_(None))
    assert db.session.scalar(alive.select_from(Comment)) == 4


def test_the_same_form_sent_twice_at_once_is_stored_once(cast: Cast) -> None:
    topic = post(cast)
    key = new_public_id()

    def send() -> str:
        actor = cast.actor("member")
        new = compose_comment(actor, wish=CommentWish(text="一"), max_chars=99, key=key)
        with unit_of_work():
            row, facts = get_topic(actor, topic)
            return write_comment(actor, topic=row, facts=facts, comment=new).public_id

    assert at_once(cast, [send] * 4) == [key] * 4
    assert the_topic(topic).comment_count == 1
