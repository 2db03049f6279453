"""Notices of new hits: once a topic, only what the reader may open, nothing that is lost by waiting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.discussion.models import Topic
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.notifications.models import Mail
from app.notifications.told import list_told
from app.search import saved
from app.search.models import SavedSearch, SearchChange
from app.search.port import Broken, Engine
from app.search.telling import tell_new_hits
from tests.cast import Cast
from tests.discussion.threads import put_answer, put_question, say
from tests.discussion.writing import post
from tests.notifications.telling import kinds, notices, said
from tests.search.archive import indexed
from tests.search.rows import entries

# Before the cast: who has expired hangs on the clock.
pytestmark = pytest.mark.usefixtures("noon")
Later = Callable[..., int]


@pytest.fixture
def later(noon: datetime, cast: Cast) -> Later:
    """Let something happen some minutes after noon, and the job look a minute after it."""

    def look(minutes: int, act: Callable[[], Any] = lambda: None) -> int:
        with clock.fixed(noon + timedelta(minutes=minutes)):
            act()
            with unit_of_work() as session:
                for topic_id in session.scalars(sa.select(Topic.id)).all():
                    session.add(
                        SearchChange(topic_id=topic_id, part="all", row_id=0, at=clock.now())
                    )
        with clock.fixed(noon + timedelta(minutes=minutes + 1)):
            engine = indexed()
            engine.at = 1 << 60
            return tell_new_hits(engine)

    return look


def keep(cast: Cast, persona: str, query: str, planet_id: int | None = None) -> str:
    with unit_of_work():
        return saved.save(cast.actor(persona), query=query, planet_id=planet_id)


def test_a_new_topic_is_announced_once(noon: datetime, cast: Cast, later: Later) -> None:
    post(cast, title="退款旧规则", text="一")
    keep(cast, "member", "退款")
    assert later(5) == 0
    assert later(10, lambda: post(cast, title="退款新规则", text="二")) == 1
    with clock.fixed(noon + timedelta(minutes=15)):
        assert said(cast, "member", "zh_Hans") == ["你保存的搜索在“轨道”有新结果。"]
    assert later(20) == 0
    assert kinds(cast, "member") == ["search_hit"]


def test_a_new_comment_and_a_new_answer_are_new(cast: Cast, later: Later) -> None:
    topic = post(cast, title="读书", text="一").public_id
    question = put_question(cast, "member", text="退款要多久？")
    keep(cast, "other", "退款", cast.planet_id)
    assert later(5) == 0
    later(10, lambda: say(cast, "member", topic, "说说退款吧"))
    assert kinds(cast, "other") == ["search_hit"]
    later(20, lambda: put_answer(cast, "guest", question, "三天。"))
    assert kinds(cast, "other") == ["search_hit"] * 2


def test_words_run_together_announce_what_the_page_finds(
    noon: datetime, cast: Cast, empty_engine: Engine
) -> None:
    post(cast, title="睡眠", text="怎样睡得好")
    keep(cast, "member", "睡眠注意力")

    def look(minutes: int, **new: str) -> int:
        with clock.fixed(noon + timedelta(minutes=minutes)):
            topic_id = post(cast, **new).id
            with unit_of_work() as session:
                change = {"topic_id": topic_id, "part": "all", "row_id": 0, "at": clock.now()}
                session.add(SearchChange(**change))
            empty_engine.apply(entries(), cursor=1 << 60)
        with clock.fixed(noon + timedelta(minutes=minutes + 1)):
            return tell_new_hits(empty_engine)

    assert look(5, title="注意力", text="午后容易走神") == 0
    assert look(10, title="睡眠与工作", text="睡得少，注意力就差") == 1
    assert look(15, title="睡眠注意力", text="两件事是一件事") == 1
    # From now on it stands somewhere in one piece, and the page looks for that alone.
    assert look(20, title="睡眠和效率", text="睡得少，注意力就差") == 0


def test_what_waited_for_its_time_is_announced_then(
    noon: datetime, cast: Cast, later: Later
) -> None:
    post(cast, title="退款", text="定时", publish_at=noon + timedelta(hours=2))
    keep(cast, "member", "退款")
    assert later(5) == 0
    with clock.fixed(noon + timedelta(hours=2, minutes=5)):
        engine = indexed()
        engine.at = 1 << 60
        assert tell_new_hits(engine) == 1


@pytest.mark.parametrize("persona", ["expired", "left", "removed", "stranger", "pending"])
def test_nobody_is_told_of_what_he_may_not_read(cast: Cast, later: Later, persona: str) -> None:
    keep(cast, persona, "退款")
    # Kept when the planet could be read still.
    row = {"user_id": cast.users[persona], "planet_id": cast.planet_id, "query": "退款"}
    with unit_of_work() as session:
        session.add(SavedSearch(**row, created_at=clock.now(), looked_at=clock.now()))
    later(10, lambda: post(cast, title="退款新规则", text="二"))
    assert kinds(cast, persona) == []


def test_nor_of_what_stands_in_private_or_isolated_words(cast: Cast, later: Later) -> None:
    topic = post(cast, title="读书", text="一").public_id
    keep(cast, "other", "退款")

    def act() -> None:
        question = put_question(cast, "member", text="退款？", private=True)
        put_answer(cast, "guest", question, "退款可以。")
        say(cast, "isolated", topic, "退款")

    cast.set_planet(private_questions=True)
    assert later(10, act) == 0


def test_nobody_is_told_of_his_own_topic(cast: Cast, later: Later) -> None:
    keep(cast, "guest", "退款")
    assert later(10, lambda: post(cast, "guest", title="退款新规则", text="二")) == 0


def test_a_quiet_search_and_a_dropped_one_announce_nothing(cast: Cast, later: Later) -> None:
    quiet, gone = keep(cast, "member", "退款"), keep(cast, "other", "退款")
    with unit_of_work():
        saved.hush_hits(cast.actor("member"), public_id=quiet)
        saved.drop(cast.actor("other"), public_id=gone)
    assert later(10, lambda: post(cast, title="退款新规则", text="二")) == 0


def test_of_many_hits_a_few_are_announced_and_one_by_mail(cast: Cast, later: Later) -> None:
    keep(cast, "member", "退款")
    later(10, lambda: [post(cast, title=f"退款 {n}", text="二") for n in range(6)])
    assert len(notices(cast, "member")) == 3
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Mail)) == 1


def test_a_hit_that_was_deleted_since_shows_nothing(cast: Cast, later: Later) -> None:
    keep(cast, "member", "退款")
    later(10, lambda: post(cast, title="退款新规则", text="二"))
    with unit_of_work() as session:
        session.execute(sa.update(Topic).values(deleted_at=clock.now()))
    page = cast.client("member").get("/notices").text
    assert "退款新规则" not in page


def test_staff_do_not_read_who_saves_searches(cast: Cast, later: Later) -> None:
    keep(cast, "member", "退款")
    later(10, lambda: post(cast, title="退款新规则", text="二"))
    assert kinds(cast, "member") == ["search_hit"]
    assert list_told(cast.actor("owner"), cast.users["member"]) == []


def test_what_the_index_does_not_hold_yet_is_looked_at_later(
    noon: datetime, cast: Cast, later: Later
) -> None:
    keep(cast, "member", "退款")
    with clock.fixed(noon + timedelta(minutes=5)):
        with unit_of_work() as session:
            session.add(SearchChange(topic_id=1, part="all", row_id=0, at=clock.now()))
        engine = indexed()
        engine.at = 0
    with clock.fixed(noon + timedelta(minutes=6)):
        post(cast, title="退款新规则", text="二")
        assert tell_new_hits(engine) == 0
    assert later(10) == 1


def test_while_there_is_no_index_nothing_is_lost(noon: datetime, cast: Cast, later: Later) -> None:
    keep(cast, "member", "退款")

    class Away:
        def __getattr__(self, name: str) -> None:
            raise Broken(name)

    with clock.fixed(noon + timedelta(minutes=5)):
        post(cast, title="退款新规则", text="二")
        assert tell_new_hits(Away()) == 0  # type: ignore[arg-type]
    assert later(10) == 1


@pytest.mark.parametrize("give_up", [saved.hush_hits, saved.drop])
def test_a_mail_that_waits_is_called_back_with_its_search(
    cast: Cast, later: Later, give_up: Callable[..., None]
) -> None:
    dropped = keep(cast, "member", "退款")
    keep(cast, "other", "退款")
    later(10, lambda: post(cast, title="退款新规则", text="二"))
    with unit_of_work():
        give_up(cast.actor("member"), public_id=dropped)
    rows = db.session.execute(sa.select(Mail.user_id, Mail.dropped_at.is_not(None))).all()
    waiting = {row.user_id: bool(row[1]) for row in rows}
    assert waiting == {cast.users["member"]: True, cast.users["other"]: False}
