"""Answering and what else ends or changes a question, also when two people act at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.discussion.actions.questions import (
    accept,
    decline,
    mark_overdue,
    reveal,
    unaccept,
    withdraw,
)
from app.discussion.actions.withdrawing import withdraw_answered
from app.discussion.models import Answer, QuestionLogEntry, Revision, Tag, TopicTag
from app.discussion.queries.questions import (
    find_revealed_asker,
    get_question,
    list_log,
)
from app.kernel import clock
from app.kernel.audit import AuditEntry
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.policy import Action, can
from tests.cast import Cast
from tests.discussion.threads import (
    act_on,
    at_once,
    change_answer,
    events,
    pass_on,
    put_answer,
    put_question,
    say,
    the_comment,
    the_question,
    the_topic,
    topic_of,
)
from tests.notifications.telling import kinds

LATER = timedelta(hours=5)


def reads(cast: Cast, persona: str, topic: str) -> bool:
    try:
        topic_of(cast, persona, topic)
    except NotFound:
        return False
    return True


def log_of(cast: Cast, persona: str, topic: str) -> list[tuple[str, str | None, str]]:
    row, facts = topic_of(cast, persona, topic)
    lines = list_log(cast.actor(persona), row.id, facts)
    return [(line.event, line.actor.name if line.actor else None, line.note) for line in lines]


def test_an_answer_opens_the_question_to_the_members(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    assert [reads(cast, p, topic) for p in ("member", "guest", "admin", "other")] == [
        True,
        True,
        True,
        False,
    ]
    with clock.fixed(noon + LATER):
        put_answer(cast, "guest", topic, "**因为**")
        assert reads(cast, "other", topic)
    row, question = the_topic(topic), the_question(topic)
    assert question.answered_at == noon + LATER
    assert (question.asked_at, row.published_at) == (noon, noon + LATER)
    assert row.last_activity_at == noon + LATER
    assert events()[-1][0] == "question_answered"
    assert log_of(cast, "member", topic)[1:] == [("answered", "陈默", "")]


def test_a_question_is_new_when_it_is_answered(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    topic_id = the_id(topic)
    with unit_of_work() as session:
        tag = Tag(planet_id=cast.planet_id, name="问", key="问")
        session.add(tag)
        session.flush()
        session.add(TopicTag(topic_id=topic_id, tag_id=tag.id, published_at=noon))
    # Whoever stopped paying between question and answer did not pay for the answer.
    cast.set_membership("other", expires_at=noon + timedelta(hours=1))
    cast.set_planet(grace_days=0)
    with clock.fixed(noon + LATER):
        put_answer(cast, "guest", topic)
        assert not reads(cast, "other", topic)
    assert db.session.scalars(sa.select(TopicTag.published_at)).one() == noon + LATER


def test_an_answer_is_edited_with_history(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    answer = put_answer(cast, "guest", topic, "一")
    rev = the_topic(topic).rev
    with clock.fixed(noon + LATER):
        change_answer(cast, "guest", answer, "二")
        change_answer(cast, "guest", answer, "二")
    question = get_question(cast.actor("other"), the_id(topic))
    assert question.answer is not None
    assert (question.answer.html, question.answer.edited) == ("<p>二</p>", True)
    kept = db.session.scalars(sa.select(Revision)).one()
    assert (kept.subject_type, kept.source, kept.editor_id) == (
        "answer",
        "一",
        cast.users["guest"],
    )
    assert the_topic(topic).rev > rev
    assert events()[-1][0] == "answer_changed"
    for persona in ("owner", "member"):
        with pytest.raises(Refused):
            change_answer(cast, persona, answer, "改")


def test_only_the_addressee_answers(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    for persona in ("owner", "admin", "member"):
        with pytest.raises(Refused):
            put_answer(cast, persona, topic)
    with pytest.raises(NotFound):
        put_answer(cast, "other", topic)


def test_a_declined_question_keeps_its_reason_for_its_parties(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member", anonymous=True)
    with pytest.raises(Invalid):
        act_on(cast, "guest", topic, decline, reason=" ")
    act_on(cast, "guest", topic, decline, reason="不是我的领域")
    for persona in ("member", "guest", "owner"):
        question = get_question(cast.actor(persona), the_id(topic))
        assert (question.state, question.decline_reason) == ("declined", "不是我的领域")
    cast.set_planet(question_queue_open=True)
    assert not reads(cast, "other", topic)
    assert events()[-1][0] == "question_declined"
    with pytest.raises(Refused):
        put_answer(cast, "guest", topic)


def test_a_question_is_handed_on_with_a_line_in_the_log(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member", "guest")
    with clock.fixed(noon + LATER):
        pass_on(cast, "guest", topic, "partner", "他更懂")
        question = the_question(topic)
        assert question.addressee_id == cast.users["partner"]
        assert question.due_at == noon + LATER + timedelta(hours=72)
        assert [reads(cast, p, topic) for p in ("partner", "guest", "other")] == [
            True,
            False,
            False,
        ]
    assert log_of(cast, "member", topic)[1:] == [("handed_on", "陈默", "他更懂")]
    assert events()[-1] == (
        "question_handed_on",
        {"topic_id": the_id(topic), "to_user_id": cast.users["partner"]},
    )


def test_handing_on_goes_to_who_takes_questions_and_is_not_the_asker(
    noon: datetime, cast: Cast
) -> None:
    topic = put_question(cast, "partner", "guest")
    for to in ("other", "guest", "partner"):
        with pytest.raises(Invalid):
            pass_on(cast, "guest", topic, to)
    # An anonymous asker is like any other: refusing would tell who he is.
    hidden = put_question(cast, "partner", "guest", anonymous=True)
    pass_on(cast, "guest", hidden, "partner")
    put_answer(cast, "partner", hidden, "我自己答")
    assert the_question(hidden).answered_at == noon


def test_the_answer_is_accepted_by_asker_or_staff(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    with pytest.raises(Refused):
        act_on(cast, "member", topic, accept)
    put_answer(cast, "guest", topic)
    with pytest.raises(Refused):
        act_on(cast, "other", topic, accept)
    for _ in range(2):
        act_on(cast, "member", topic, accept)
    question = the_question(topic)
    assert (question.accepted_at, question.accepted_by) == (noon, cast.users["member"])
    act_on(cast, "admin", topic, unaccept)
    assert the_question(topic).accepted_at is None
    assert [line[0] for line in log_of(cast, "member", topic)] == [
        "asked",
        "answered",
        "accepted",
        "unaccepted",
    ]


def test_an_anonymous_asker_acts_without_a_name(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member", anonymous=True)
    put_answer(cast, "guest", topic)
    act_on(cast, "member", topic, accept)
    act_on(cast, "member", topic, withdraw_answered, hide=True, reason="说多了")
    comment = say(cast, "member", topic, "谢谢")
    assert the_question(topic).accepted_by is None
    row = the_comment(comment)
    assert (row.author_id, row.as_asker) == (None, True)
    assert [line[:2] for line in log_of(cast, "owner", topic)] == [
        ("asked", None),
        ("answered", "陈默"),
        ("accepted", None),
        ("hiding_asked", None),
    ]
    named = db.session.scalars(
        sa.select(QuestionLogEntry.actor_id).where(QuestionLogEntry.actor_id.is_not(None))
    )
    assert set(named) == {cast.users["guest"]}


def test_a_withdrawn_open_question_waits_for_nobody(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    with pytest.raises(Refused):
        act_on(cast, "guest", topic, withdraw)
    act_on(cast, "member", topic, withdraw)
    assert the_question(topic).withdrawn_at == noon
    with pytest.raises(Refused):
        put_answer(cast, "guest", topic)
    with clock.fixed(noon + timedelta(days=9)), unit_of_work():
        assert mark_overdue(clock.now()) == 0


def test_a_withdrawn_answered_question_loses_the_name_and_keeps_the_words(
    noon: datetime, cast: Cast
) -> None:
    topic = put_question(cast, "member", text="私事")
    say(cast, "member", topic, "补充一句")
    put_answer(cast, "guest", topic, "答")
    kinds(cast, "guest")
    act_on(cast, "member", topic, withdraw_answered, hide=False, reason="")
    kinds(cast, "guest")
    _row, facts = topic_of(cast, "other", topic)
    assert can(cast.actor("other"), Action.TOPIC_TEXT_READ, facts)
    question = the_question(topic)
    assert (question.anonymous, question.withdrawn_at) == (True, None)
    for persona in ("other", "guest", "owner"):
        client = cast.client(persona)
        for page in (f"t/{topic}", f"q/{topic}/log", ""):
            shown = client.get(f"/p/{cast.slug}/{page}".rstrip("/")).text
            assert "王小雨" not in shown.split("<main")[-1], (persona, page)
        assert "私事" in client.get(f"/p/{cast.slug}/t/{topic}").text
    assert "王小雨" not in cast.client("guest").get("/notices").text
    assert cast.client("member").post(f"/p/{cast.slug}/q/{topic}/withdraw").status_code == 303


def test_hiding_the_words_is_decided_with_a_reason(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member", text="私事")
    put_answer(cast, "guest", topic, "答")
    path = f"/p/{cast.slug}/q/{topic}"
    member, guest = cast.client("member"), cast.client("guest")
    refused = member.post(f"{path}/withdraw", data={"hide": "1", "reason": ""})
    assert refused.status_code == 422
    assert (
        member.post(f"{path}/withdraw", data={"hide": "1", "reason": "说多了"}).status_code == 303
    )
    shown = member.get(f"/p/{cast.slug}/t/{topic}", follow_redirects=True).text
    assert "有决定后会通知你" in shown
    # Its page, opened again, promises nothing that has happened.
    again = member.get(f"{path}/withdraw", headers={"Accept-Language": "en"}).text
    assert "You have asked to hide your question" in again and "说多了" in again
    assert "Your name goes from it" not in again and '<button class="btn btn--danger' not in again
    assert f"{path}/withdraw" not in shown
    assert "hiding_asked" in kinds(cast, "guest") and "hiding_asked" in kinds(cast, "owner")
    assert member.post(f"{path}/hide", data={"do": "hide", "reason": "x"}).status_code == 403
    assert "说多了" in guest.get(f"{path}/hide").text
    assert guest.post(f"{path}/hide", data={"do": "keep", "reason": " "}).status_code == 422
    assert (
        guest.post(f"{path}/hide", data={"do": "keep", "reason": "对大家有用"}).status_code == 303
    )
    assert "hiding_decided" in kinds(cast, "member")
    assert "对大家有用" in member.get(f"{path}/log").text
    assert "私事" in cast.client("other").get(f"/p/{cast.slug}/t/{topic}").text
    # Nothing is asked now: there is nothing to decide.
    assert guest.post(f"{path}/hide", data={"do": "hide", "reason": "x"}).status_code == 409
    once_more = member.get(f"{path}/withdraw", headers={"Accept-Language": "en"}).text
    assert "Your name is not on it." in once_more and "Your name goes from it" not in once_more
    assert member.post(f"{path}/withdraw", data={"hide": "1", "reason": "求您"}).status_code == 303
    assert (
        cast.client("admin").post(f"{path}/hide", data={"do": "hide", "reason": "好"}).status_code
        == 303
    )
    # Whoever comes back to the pages that asked is told and led on.
    for reader, page_of in ((guest, "hide"), (member, "withdraw")):
        back = reader.get(f"{path}/{page_of}")
        assert (back.status_code, back.location) == (303, f"/p/{cast.slug}/t/{topic}")
        told = reader.get(f"{path}/{page_of}", follow_redirects=True).text
        assert "已经处理过了" in told
    assert cast.client("other").get(f"{path}/hide").status_code == 403
    page = cast.client("other").get(f"/p/{cast.slug}/t/{topic}").text
    assert "私事" not in page and "答" in page and "成员已看不到" not in page
    for reader in (guest, member):  # Who still reads the words is told that others do not.
        page = reader.get(f"/p/{cast.slug}/t/{topic}", follow_redirects=True).text
        assert "私事" in page and "成员已看不到" in page


def test_the_owner_alone_reveals_an_asker_and_it_is_written_down(
    noon: datetime, cast: Cast
) -> None:
    topic = put_question(cast, "member", anonymous=True)
    topic_id = the_id(topic)
    for persona in ("partner", "admin", "guest", "member"):
        with pytest.raises(Refused):
            act_on(cast, persona, topic, reveal, reason="想知道")
    assert find_revealed_asker(cast.actor("owner"), topic_id) is None
    with pytest.raises(Invalid):
        act_on(cast, "owner", topic, reveal, reason="")
    for _ in range(2):
        act_on(cast, "owner", topic, reveal, reason="有人受到威胁")
    asker = find_revealed_asker(cast.actor("owner"), topic_id)
    assert asker is not None
    assert asker.name == "王小雨"
    for persona in ("partner", "admin", "guest", "member"):
        assert find_revealed_asker(cast.actor(persona), topic_id) is None
    assert log_of(cast, "member", topic)[1:] == [("revealed", "林悦", "有人受到威胁")]
    entry = db.session.scalars(sa.select(AuditEntry)).one()
    assert (entry.action, entry.actor_id, entry.reason, entry.data) == (
        "question.reveal",
        cast.users["owner"],
        "有人受到威胁",
        {},
    )
    # A later owner has to give his own reason.
    cast.set_membership("owner", role="partner")
    cast.set_membership("partner", role="owner")
    assert find_revealed_asker(cast.actor("partner"), topic_id) is None
    assert find_revealed_asker(cast.actor("owner"), topic_id) is None


def test_a_named_question_has_nothing_to_reveal(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    with pytest.raises(NotFound):
        act_on(cast, "owner", topic, reveal, reason="无")


def test_what_is_overdue_is_told_once(noon: datetime, cast: Cast) -> None:
    first = put_question(cast, "member")
    put_question(cast, "isolated")
    put_answer(cast, "guest", put_question(cast, "other"))
    act_on(cast, "guest", put_question(cast, "other"), decline, reason="否")
    due = noon + timedelta(hours=72)
    with clock.fixed(due - timedelta(seconds=1)), unit_of_work():
        assert mark_overdue(clock.now()) == 0
    with clock.fixed(due), unit_of_work():
        assert mark_overdue(clock.now()) == 1
    assert events()[-1] == ("question_overdue", {"topic_id": the_id(first)})
    with clock.fixed(due):
        pass_on(cast, "guest", first, "partner")
    with clock.fixed(due + timedelta(days=30)), unit_of_work():
        assert mark_overdue(clock.now()) == 0


def test_overdue_is_told_once_by_two_workers_at_once(cast: Cast) -> None:
    for _ in range(3):
        put_question(cast, "member")
    moment = clock.now() + timedelta(days=4)

    def tell() -> int:
        with unit_of_work():
            return mark_overdue(moment)

    assert sum(at_once(cast, [tell] * 3)) == 3
    assert sum(name == "question_overdue" for name, _ids in events()) == 3


def test_two_answers_at_once_are_one(cast: Cast) -> None:
    topic = put_question(cast, "member")
    outcomes = at_once(cast, [lambda: put_answer(cast, "guest", topic)] * 4)
    told = [o for o in outcomes if isinstance(o, str)]
    assert len(told) == 1
    assert {type(o) for o in outcomes} <= {str, Conflict, Refused}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Answer)) == 1


@pytest.mark.parametrize("round_", range(3))
def test_an_answer_and_a_withdrawal_at_once_leave_one_clear_state(cast: Cast, round_: int) -> None:
    topic = put_question(cast, "member")
    acts: list[Any] = [
        lambda: put_answer(cast, "guest", topic),
        lambda: act_on(cast, "member", topic, withdraw),
        lambda: act_on(cast, "owner", topic, decline, reason="否"),
    ]
    outcomes = at_once(cast, acts[round_:] + acts[:round_])
    assert {type(o) for o in outcomes} <= {str, type(None), Conflict, Refused}
    question = the_question(topic)
    answers = db.session.scalar(sa.select(sa.func.count()).select_from(Answer))
    assert (question.answered_at is not None) == (answers == 1)
    assert question.answered_at is None or question.declined_at is None


def test_an_isolated_addressees_answer_is_seen_by_himself_alone(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    cast.set_membership("guest", isolated_at=noon)
    before = (the_topic(topic).last_activity_at, len(events()), log_of(cast, "member", topic))
    with clock.fixed(noon + LATER):
        put_answer(cast, "guest", topic, "孤答")
    # His own index of it aside, nobody hears of anything.
    told = [name for name, _ids in events() if name != "unseen_answer_changed"]
    after = (the_topic(topic).last_activity_at, len(told), log_of(cast, "member", topic))
    assert after == before
    assert the_question(topic).answered_at is None
    assert not reads(cast, "other", topic)
    mine = get_question(cast.actor("guest"), the_id(topic))
    assert mine.answer is not None
    assert (mine.state, mine.answer.unseen) == ("answered", True)
    for persona in ("member", "owner"):
        theirs = get_question(cast.actor(persona), the_id(topic))
        assert (theirs.state, theirs.answer) == ("open", None)
    with pytest.raises(Conflict):
        put_answer(cast, "guest", topic, "再答")
    # For everybody else it waits: it is told when overdue, handed on and answered by another.
    with clock.fixed(noon + timedelta(days=4)):
        with unit_of_work():
            assert mark_overdue(clock.now()) == 1
        pass_on(cast, "owner", topic, "partner")
        put_answer(cast, "partner", topic, "真答")
    seen = get_question(cast.actor("other"), the_id(topic))
    assert seen.answer is not None
    assert seen.answer.html == "<p>真答</p>"
    guest = get_question(cast.actor("guest"), the_id(topic))
    assert guest.answer is not None
    assert guest.answer.html == "<p>真答</p>"


def test_whoever_is_heard_again_answers_anew(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    cast.set_membership("guest", isolated_at=noon)
    put_answer(cast, "guest", topic, "孤答")
    cast.set_membership("guest", isolated_at=None)
    put_answer(cast, "guest", topic, "新答")
    seen = get_question(cast.actor("other"), the_id(topic))
    assert seen.answer is not None
    assert seen.answer.html == "<p>新答</p>"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Answer)) == 1


def test_an_isolated_addressee_declines_without_words(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    cast.set_membership("guest", isolated_at=noon)
    act_on(cast, "guest", topic, decline, reason="加我微信")
    question = get_question(cast.actor("member"), the_id(topic))
    assert (question.state, question.decline_reason) == ("declined", "")
    assert log_of(cast, "member", topic)[1:] == [("declined", "陈默", "")]


def the_id(topic: str) -> int:
    return the_topic(topic).id
