"""What was hidden behind the back of every event, or between two statements of one page, and stands in the
index still: a page is made as if it were not in it. No gap, no total and no facet tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.discussion.models import Comment, Question, Topic
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.outbox.models import OutboxDelivery
from app.search import documents
from app.search.finding import find
from app.search.helping import look_alikes, related
from app.search.port import Engine
from app.search.readers import Searcher, within
from tests.cast import Cast
from tests.discussion.threads import put_answer, put_question, say, the_topic
from tests.discussion.writing import post

QUERIES = (
    *(
        "退款",
        "退款 sort:new",
        "退款 kind:post",
        "退款 kind:question",
        "密钥",
        "密钥 退款",
        "退款 谢谢",
    ),
    *("怎样 申请 退款 密钥 谢谢", "退款 天气", "year:2026", "in:comments"),
)
Index = Callable[[], None]


@pytest.fixture
def index(empty_engine: Engine) -> Index:
    def follow() -> None:
        with unit_of_work() as session:
            # Nothing waits: what is hidden below is hidden behind the back of every event.
            session.execute(sa.update(OutboxDelivery).values(state="done"))
        ids = db.session.scalars(sa.select(Topic.id)).all()
        empty_engine.apply(documents.load_whole(list(ids)), cursor=1)
        empty_engine.cursor()

    return follow


def write(cast: Cast, noon: datetime) -> dict[str, str]:
    """Write what stays, and the newest of each kind for hiding; returns their public ids. All on one page."""
    for at in range(11):
        with clock.fixed(noon - timedelta(days=30 + at)):
            post(cast, "owner", title=f"退款第 {at} 篇", text="怎样申请退款" * (at % 5 + 1))
    made = {}
    for at, name in enumerate(("deleted", "isolated", "said")):
        with clock.fixed(noon - timedelta(minutes=9 - at)):
            made[name] = post(cast, "owner", title="退款", text="退款 密钥 谢谢").public_id
    for name in ("private", "withdrawn"):
        made[name] = put_question(cast, "member", text="怎样申请退款，密钥在哪里")
        put_answer(cast, "guest", made[name], "退款三天到账。")
    say(cast, "other", made["deleted"], "谢谢")
    made["comment"] = say(cast, "member", made["said"], "密钥 天气")
    return made


def hide(cast: Cast, made: dict[str, str]) -> None:
    """Hide rows behind the back of everything that tells the index."""
    topic = sa.update(Topic)
    hidden: list[Any] = [
        topic.where(Topic.public_id == made["deleted"]).values(deleted_at=clock.now()),
        topic.where(Topic.public_id == made["isolated"]).values(isolated=True),
        sa.update(Comment)
        .where(Comment.public_id == made["comment"])
        .values(deleted_at=clock.now()),
    ]
    for name, columns in (
        ("private", {"private": True}),
        ("withdrawn", {"withdrawn_at": clock.now()}),
    ):
        which = Question.topic_id == the_topic(made[name]).id
        hidden.append(sa.update(Question).where(which).values(**columns))
    with unit_of_work() as session:
        for statement in hidden:
            session.execute(statement)


def shown_of(engine: Engine, who: Searcher, query: str) -> object:
    """Return a page, its hits in no order: how rare a word is is counted in all that the index holds."""
    page = find(engine, who, query)
    return replace(page, hits=(), near=()), set(page.hits), set(page.near)


def test_a_page_tells_nothing_of_what_was_hidden_a_moment_ago(
    noon: datetime, cast: Cast, empty_engine: Engine, index: Index
) -> None:
    made = write(cast, noon)
    index()
    topic_id = the_topic(made["said"]).id

    def answers() -> dict[str, object]:
        who = within(*cast.entry("other"), zone=UTC)
        got: dict[str, object] = {query: shown_of(empty_engine, who, query) for query in QUERIES}
        got["alike"] = set(look_alikes(empty_engine, who, "怎样申请退款 密钥在哪里"))
        got["related"] = set(related(empty_engine, who, topic_id=topic_id, text="退款 密钥 谢谢"))
        return got

    shown = answers()
    hide(cast, made)
    before = answers()
    index()
    after = answers()
    assert before["退款"] != shown["退款"] and before["密钥"] != shown["密钥"]
    for query, page in after.items():
        assert before[query] == page, query
