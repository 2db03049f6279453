"""How many queries a page asks does not grow with what it shows, and lists read their indexes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.discussion.actions.series import SeriesWish, create_series
from app.discussion.models import Answer, Topic
from app.discussion.queries.feed import FeedView, list_feed
from app.discussion.queries.pages import Cursor, Cut
from app.kernel.db import db, unit_of_work
from tests.cast import Cast
from tests.discussion.states import State, write
from tests.discussion.threads import counted
from tests.discussion.writing import post


def _fill(cast: Cast, noon: datetime, times: int, series: str) -> None:
    for _ in range(times):
        post(cast, "owner", title="题", tags=("读书", "笔记"), series=(series,))
    questions = write(
        [State("question", "member", 1, addressee="guest", fate="answered")] * times, cast, noon
    )
    with unit_of_work() as session:
        session.add_all(
            Answer(
                topic_id=topic_id,
                author_id=cast.users["guest"],
                source="答",
                html="<p>答</p>",
                created_at=noon,
            )
            for topic_id in questions
        )


PAGES = (
    "",
    "?show=questions",
    "?show=owner",
    "?tag=读书",
    "/columns",
    "/columns/{series}",
    "/t/{topic}/题",
)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_as_often_for_many_as_for_one(cast: Cast, noon: datetime, page: str) -> None:
    with unit_of_work():
        series = create_series(cast.actor("owner"), wish=SeriesWish("课程"))
    client = cast.client("other")
    asked = []
    for times in (1, 9):
        _fill(cast, noon, times, series)
        topic = db.session.scalars(sa.select(Topic.public_id).order_by(Topic.id)).first()
        address = f"/p/{cast.slug}" + page.format(series=series, topic=topic)
        client.get(address, follow_redirects=True)
        with counted() as statements:
            assert client.get(address, follow_redirects=True).status_code == 200
        asked.append(len(statements))
    # The second reading of a topic's page writes nothing, so both are plain readings.
    assert asked[0] == asked[1]
    assert asked[0] <= 16, [s[:90] for s in statements]


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    ("view", "index"),
    [
        (FeedView.LATEST, "ix_topics_feed"),
        (FeedView.DIGEST, "ix_topics_in_digest"),
        (FeedView.OWNER, "ix_topics_author"),
        (FeedView.QUESTIONS, "ix_topics_kind"),
        (FeedView.FILES, "ix_topics_files"),
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_each_tab_reads_an_index_in_its_order(
    cast: Cast, noon: datetime, view: FeedView, index: str, deep: bool
) -> None:
    place = Cursor(noon - timedelta(days=3), "222222222222")
    cut = Cut(before=place) if deep else Cut()
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        asked.append((statement, values))

    actor = cast.actor("member")
    sa.event.listen(db.engine, "before_cursor_execute", note)
    list_feed(actor, view=view, cut=cut)
    sa.event.remove(db.engine, "before_cursor_execute", note)
    statement, values = asked[-1]
    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    steps = [row[3] for row in plan]
    assert any(f"topics USING INDEX {index} " in step for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps)
