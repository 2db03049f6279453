"""Notices of questions, answers and replies: who is told, who is not, and what is never said."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.discussion.actions.questions import mark_overdue
from app.discussion.models import Comment, Topic
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.memberships import actions as memberships
from app.memberships.queries import get_row
from app.outbox.models import OutboxDelivery
from tests.cast import Cast
from tests.discussion.threads import erase, member_id, post, say
from tests.notifications.mailbox import Mailbox, html_of, text_of
from tests.notifications.telling import answer, hand, kinds, notices, put_question, refuse, said


def remove(cast: Cast, persona: str) -> None:
    who = member_id(cast, persona)
    with unit_of_work():
        actor = cast.actor("owner")
        memberships.remove(actor, member=get_row(actor, who), reason="spam")


def test_the_addressee_is_told_of_a_question(cast: Cast) -> None:
    put_question(cast, "member")
    assert said(cast, "guest") == ["王小雨 asked you a question in 轨道."]
    assert said(cast, "guest", "zh_Hans") == ["王小雨 在“轨道”向你提了一个问题。"]
    assert all(not kinds(cast, p) for p in ("member", "owner", "other", "partner"))


def test_an_anonymous_asker_is_named_nowhere(cast: Cast, mailbox: Mailbox) -> None:
    topic = put_question(cast, "member", anonymous=True)
    answer(cast, topic)
    say(cast, "member", topic, "再问一句。")
    assert said(cast, "guest") == [
        "Somebody asked you a question anonymously in 轨道.",
        "The asker commented on your answer in 轨道.",
    ]
    assert all(notice.person_id is None for notice in notices(cast, "guest"))
    for mail in mailbox.to("guest"):
        for part in (text_of(mail), html_of(mail), mail["Subject"]):
            assert "王小雨" not in part and cast.public_ids["member"] not in part


def test_the_asker_is_told_of_the_answer(cast: Cast) -> None:
    topic = put_question(cast, "member")
    answer(cast, topic)
    assert said(cast, "member") == ["陈默 answered your question in 轨道."]


@pytest.mark.parametrize("last", ["guest", "partner"])
def test_the_asker_is_told_of_the_answer_that_he_sees(cast: Cast, last: str) -> None:
    topic = put_question(cast, "member", to=last)
    first = {"guest": "partner", "partner": "guest"}[last]
    hand(cast, topic, first, persona=last)
    cast.set_membership(first, isolated_at=clock.now())
    answer(cast, topic, first)
    hand(cast, topic, last, persona="owner")
    answer(cast, topic, last)
    assert kinds(cast, "member")[-1] == "question_answered"


def test_the_asker_is_told_that_it_was_declined(cast: Cast) -> None:
    topic = put_question(cast, "member")
    refuse(cast, topic)
    assert said(cast, "member") == ["Your question in 轨道 was declined."]


def test_handing_on_tells_the_new_one_and_the_asker(cast: Cast) -> None:
    topic = put_question(cast, "member", private=True)
    assert kinds(cast, "guest") == ["question_asked"]
    hand(cast, topic, "partner")
    assert said(cast, "partner") == ["A question in 轨道 was handed on to you."]
    assert said(cast, "member") == ["Your question in 轨道 was handed on to 赵衡."]
    # The question is not the guest's any more; being private he may not even see it.
    assert said(cast, "guest") == [None]


def test_the_owner_is_told_once_of_an_overdue_question(cast: Cast, noon: datetime) -> None:
    topic = put_question(cast, "member")
    with clock.fixed(noon + timedelta(hours=73)):
        for _ in range(2):
            with unit_of_work():
                mark_overdue(clock.now())
        assert said(cast, "owner") == ["A question to 陈默 in 轨道 is overdue."]
        answer(cast, topic)
    assert kinds(cast, "partner") == kinds(cast, "admin") == []


def test_an_answer_in_time_leaves_nothing_overdue(cast: Cast, noon: datetime) -> None:
    """The event waited, the answer came first."""
    topic = put_question(cast, "member")
    with clock.fixed(noon + timedelta(hours=73)):
        with unit_of_work():
            mark_overdue(clock.now())
        answer(cast, topic)
        assert kinds(cast, "owner") == []


def test_events_that_come_again_tell_nothing_new(cast: Cast, mailbox: Mailbox) -> None:
    topic = put_question(cast, "member")
    answer(cast, topic)
    say(cast, "other", topic)
    before = [kinds(cast, persona) for persona in ("member", "guest")]
    mails = len(mailbox.collect())
    with unit_of_work() as session:
        session.execute(sa.update(OutboxDelivery).values(state="pending"))
    assert [kinds(cast, persona) for persona in ("member", "guest")] == before
    assert len(mailbox.collect()) == mails


# --- replies --------------------------------------------------------------------------------------


def test_each_is_told_once_and_for_the_nearest_reason(cast: Cast) -> None:
    topic = post(cast, "guest")
    first = say(cast, "member", topic)
    say(cast, "other", topic, parent=first)
    say(cast, "guest", topic, parent=first)
    assert said(cast, "guest") == [
        "王小雨 commented on your topic in 轨道.",
        "李安 commented on your topic in 轨道.",
    ]
    assert said(cast, "member") == [
        "李安 replied to you in 轨道.",
        "陈默 replied to you in 轨道.",
    ]
    assert kinds(cast, "other") == []


def test_ones_own_acts_are_no_news(cast: Cast) -> None:
    topic = post(cast, "guest")
    mine = say(cast, "guest", topic)
    say(cast, "guest", topic, parent=mine)
    assert kinds(cast, "guest") == []


def test_under_a_question_asker_and_answerer_are_told(cast: Cast) -> None:
    topic = put_question(cast, "member")
    answer(cast, topic)
    say(cast, "other", topic)
    assert kinds(cast, "member") == ["question_answered", "comment_on_question"]
    assert kinds(cast, "guest") == ["question_asked", "comment_on_answer"]


def test_an_anonymous_asker_is_told_too(cast: Cast) -> None:
    topic = put_question(cast, "member", anonymous=True)
    answer(cast, topic)
    follow_up = say(cast, "member", topic)
    say(cast, "other", topic, parent=follow_up)
    assert kinds(cast, "member") == ["question_answered", "comment_reply"]


def test_what_isolated_people_write_tells_nobody(cast: Cast) -> None:
    topic = post(cast, "guest")
    mine = say(cast, "member", topic)
    say(cast, "isolated", topic, parent=mine)
    put_question(cast, "isolated")
    assert kinds(cast, "member") == []
    assert kinds(cast, "guest") == ["comment_on_topic"]


def test_the_isolated_and_the_muted_are_told(cast: Cast) -> None:
    """They read on; and an isolated person must not find out by silence."""
    for persona in ("isolated", "muted"):
        cast.set_membership(persona, isolated_at=None, muted_until=None)
        topic = post(cast, "guest")
        mine = say(cast, persona, topic)
        cast.set_membership(
            persona,
            isolated_at=clock.now() if persona == "isolated" else None,
            muted_until=clock.now() + timedelta(days=1) if persona == "muted" else None,
        )
        say(cast, "other", topic, parent=mine)
        assert kinds(cast, persona) == ["comment_reply"]


@pytest.mark.parametrize("gone", ["removed", "left"])
def test_who_is_gone_is_told_nothing(cast: Cast, mailbox: Mailbox, gone: str) -> None:
    topic = post(cast, "guest")
    mine = say(cast, "member", topic)
    cast.set_membership("member", **{f"{gone}_at": clock.now()})
    say(cast, "other", topic, parent=mine)
    assert kinds(cast, "member") == []
    assert mailbox.to("member") == []


def test_who_is_removed_keeps_no_notices(cast: Cast) -> None:
    topic = post(cast, "guest")
    say(cast, "other", topic, parent=say(cast, "member", topic))
    assert kinds(cast, "member") == ["comment_reply"]
    remove(cast, "member")
    assert kinds(cast, "member") == []


def test_an_expired_member_is_told_of_what_he_reads_only(cast: Cast) -> None:
    old = post(cast, "guest", published_at=clock.now() - timedelta(days=60))
    new = post(cast, "guest")
    with unit_of_work() as session:
        for public_id in (old, new):
            topic = session.scalars(sa.select(Topic).filter_by(public_id=public_id)).one()
            session.add(
                Comment(
                    planet_id=cast.planet_id,
                    topic_id=topic.id,
                    author_id=cast.users["expired"],
                    source="好",
                    html="<p>好</p>",
                    created_at=clock.now(),
                    public_id=f"of{public_id[:8]}",
                )
            )
    for public_id in (old, new):
        say(cast, "other", public_id, parent=f"of{public_id[:8]}")
    assert len(kinds(cast, "expired")) == 1


def test_what_is_deleted_since_is_not_shown(cast: Cast) -> None:
    topic = post(cast, "guest")
    reply = say(cast, "member", topic)
    assert said(cast, "guest") == ["王小雨 commented on your topic in 轨道."]
    erase(cast, "member", reply)
    assert said(cast, "guest") == [None]


def test_names_are_those_of_the_planet_and_of_now(cast: Cast) -> None:
    topic = post(cast, "guest")
    say(cast, "member", topic)
    cast.set_membership("member", nickname="小雨点")
    assert said(cast, "guest") == ["小雨点 commented on your topic in 轨道."]
