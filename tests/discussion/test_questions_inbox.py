"""Inboxes and lists of questions: whose, in which order, how many queries, how long answers take."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.discussion.actions.questions import accept, decline, withdraw
from app.discussion.models import Topic
from app.discussion.queries.inbox import (
    PAGE_SIZE,
    QuestionRow,
    Scope,
    Tab,
    count_inbox,
    list_asked,
    list_inbox,
    list_waiting,
)
from app.discussion.queries.pages import Cut
from app.discussion.queries.questions import median_answer_time
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.errors import Refused
from tests.cast import Cast
from tests.discussion.threads import (
    act_on,
    counted,
    pass_on,
    put_answer,
    put_question,
)


def inbox(
    cast: Cast, persona: str, tab: Tab = "waiting", scope: Scope = "mine"
) -> list[QuestionRow]:
    return list_inbox(cast.actor(persona), tab=tab, scope=scope).items


def ids(rows: list[QuestionRow]) -> list[str]:
    return [row.public_id for row in rows]


def test_the_inbox_shows_the_oldest_first_and_what_is_overdue(noon: datetime, cast: Cast) -> None:
    asked = []
    for hours in (0, 1, 2):
        with clock.fixed(noon + timedelta(hours=hours)):
            asked.append(put_question(cast, "member"))
    put_question(cast, "member", "partner")
    with clock.fixed(noon + timedelta(hours=73)):
        rows = inbox(cast, "guest")
        assert ids(rows) == asked
        assert [row.overdue for row in rows] == [True, True, False]
        assert [row.asker.name for row in rows if row.asker] == ["王小雨"] * 3
        assert count_inbox(cast.actor("guest")) == 3


def test_each_tab_holds_its_own(noon: datetime, cast: Cast) -> None:
    open_, answered, declined, withdrawn = (put_question(cast, "member") for _ in range(4))
    put_answer(cast, "guest", answered)
    act_on(cast, "guest", declined, decline, reason="否")
    act_on(cast, "member", withdrawn, withdraw)
    assert ids(inbox(cast, "guest")) == [open_]
    assert ids(inbox(cast, "guest", "answered")) == [answered]
    assert ids(inbox(cast, "guest", "declined")) == [declined]
    act_on(cast, "member", answered, accept)
    assert [r.accepted for r in inbox(cast, "guest", "answered")] == [True]
    pass_on(cast, "guest", open_, "owner")
    assert ids(inbox(cast, "guest")) == []
    assert ids(inbox(cast, "owner")) == [open_]


def test_staff_see_all_open_questions_and_others_their_own(noon: datetime, cast: Cast) -> None:
    asked = [put_question(cast, "member", to, private=True) for to in ("guest", "partner")]
    for persona in ("owner", "partner", "admin"):
        assert ids(inbox(cast, persona, scope="all")) == asked
        assert count_inbox(cast.actor(persona), scope="all") == 2
    for persona in ("guest", "member"):
        with pytest.raises(Refused):
            inbox(cast, persona, scope="all")
    assert ids(inbox(cast, "member")) == []


def test_an_anonymous_asker_has_no_name_in_any_list(noon: datetime, cast: Cast) -> None:
    put_question(cast, "member", anonymous=True)
    for persona in ("guest", "owner"):
        scope: Scope = "all" if persona == "owner" else "mine"
        row = inbox(cast, persona, scope=scope)[0]
        assert (row.asker, row.asked_by_me) == (None, False)
        assert "王小雨" not in repr(row)
    mine = list_asked(cast.actor("member")).items[0]
    assert (mine.asker, mine.asked_by_me) == (None, True)


def test_what_i_asked_is_my_list_alone(noon: datetime, cast: Cast) -> None:
    asked = []
    for hours in range(3):
        with clock.fixed(noon + timedelta(hours=hours)):
            asked.append(put_question(cast, "member", anonymous=hours == 1))
    with clock.fixed(noon + timedelta(hours=9)):
        assert ids(list_asked(cast.actor("member")).items) == asked[::-1]
        assert list_asked(cast.actor("other")).items == []


def test_an_isolated_askers_question_is_in_no_inbox_but_in_his_list(
    noon: datetime, cast: Cast
) -> None:
    topic = put_question(cast, "isolated")
    assert inbox(cast, "guest") == []
    assert inbox(cast, "owner", scope="all") == []
    assert ids(list_asked(cast.actor("isolated")).items) == [topic]
    assert list_waiting(cast.users["guest"], [cast.planet_id], noon) == []


def test_an_isolated_addressee_sees_his_answer_as_given(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    cast.set_membership("guest", isolated_at=noon)
    put_answer(cast, "guest", topic)
    assert inbox(cast, "guest") == []
    answered = inbox(cast, "guest", "answered")
    assert [(row.public_id, row.state, row.overdue) for row in answered] == [
        (topic, "answered", False)
    ]
    assert count_inbox(cast.actor("guest")) == 0
    assert ids(inbox(cast, "owner", scope="all")) == [topic]


def test_pages_of_the_inbox_neither_repeat_nor_miss(noon: datetime, cast: Cast) -> None:
    cast.set_planet(question_quota_per_week=99)
    asked = []
    for minute in range(45):
        with clock.fixed(noon + timedelta(minutes=minute // 2)):
            asked.append(put_question(cast, "member"))
    with clock.fixed(noon + timedelta(hours=1)):
        actor = cast.actor("guest")
    seen, cut, pages = [], Cut(), []
    for _ in range(4):
        page = list_inbox(actor, tab="waiting", cut=cut)
        pages.append(ids(page.items))
        seen += pages[-1]
        if page.older is None:
            break
        cut = Cut(after=page.older)
    assert seen == asked
    assert [len(p) for p in pages] == [PAGE_SIZE, PAGE_SIZE, 5]
    assert page.newer is not None
    back = list_inbox(actor, tab="waiting", cut=Cut(before=page.newer))
    assert ids(back.items) == pages[1]
    assert back.newer is not None
    first = list_inbox(actor, tab="waiting", cut=Cut(before=back.newer))
    assert (ids(first.items), first.newer) == (pages[0], None)


def test_a_list_is_one_query(noon: datetime, cast: Cast) -> None:
    for _ in range(3):
        put_answer(cast, "guest", put_question(cast, "member"))
        put_question(cast, "other")
    guest, member, owner = (cast.actor(p) for p in ("guest", "member", "owner"))
    with counted() as statements:
        list_inbox(guest, tab="waiting")
        list_inbox(owner, tab="answered", scope="all")
        list_asked(member)
        list_waiting(cast.users["guest"], [cast.planet_id], noon)
    assert len(statements) == 4


def test_what_waits_in_all_my_planets(noon: datetime, cast: Cast) -> None:
    first = put_question(cast, "member", text="先来的")
    with clock.fixed(noon + timedelta(hours=1)):
        put_question(cast, "other")
        put_answer(cast, "owner", put_question(cast, "member", "owner"))
    user_id = cast.users["guest"]
    late = noon + timedelta(hours=72, minutes=30)
    waiting = list_waiting(user_id, [cast.planet_id], late)
    assert [w.overdue for w in waiting] == [True, False]
    assert (waiting[0].public_id, waiting[0].planet_slug) == (first, "orbit")
    assert list_waiting(user_id, [], late) == []


def test_the_median_time_to_answer_is_that_of_the_last_90_days(noon: datetime, cast: Cast) -> None:
    assert median_answer_time(cast.actor("admin")) is None
    with clock.fixed(noon - timedelta(days=100)):
        topic = put_question(cast, "member")
    with clock.fixed(noon - timedelta(days=91)):
        put_answer(cast, "guest", topic)
    for hours in (1, 2, 6, 10):
        with clock.fixed(noon - timedelta(days=3)):
            topic = put_question(cast, "member")
        with clock.fixed(noon - timedelta(days=3) + timedelta(hours=hours)):
            put_answer(cast, "guest", topic)
    assert median_answer_time(cast.actor("admin")) == timedelta(hours=4)
    for persona in ("guest", "member"):
        with pytest.raises(Refused):
            median_answer_time(cast.actor(persona))


def test_a_deleted_question_waits_for_nobody(noon: datetime, cast: Cast) -> None:
    topic = put_question(cast, "member")
    delete(topic, noon)
    assert inbox(cast, "guest") == []
    assert inbox(cast, "owner", scope="all") == []
    assert list_waiting(cast.users["guest"], [cast.planet_id], noon) == []


def delete(topic: str, moment: datetime) -> None:
    with unit_of_work() as session:
        session.execute(sa.update(Topic).where(Topic.public_id == topic).values(deleted_at=moment))
