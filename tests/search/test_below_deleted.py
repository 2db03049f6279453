"""Below a deleted topic stays what others wrote. Who may read it there finds it; nothing of the topic's own
is found, suggested, completed, corrected, related or counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.discussion.actions.marks import TopicMark, mark_topic
from app.discussion.actions.topics import delete_topic
from app.discussion.models import Topic
from app.kernel.db import db, unit_of_work
from app.search import documents
from app.search.finding import find
from app.search.helping import look_alikes, related, suggest
from app.search.port import Engine, Part
from app.search.readers import Searcher, within
from app.search.views import SearchPage
from tests.cast import Cast
from tests.discussion.threads import put_answer, put_question, say, the_topic
from tests.discussion.writing import post

Index = Callable[[], None]


@pytest.fixture
def index(noon: datetime, cast: Cast, empty_engine: Engine) -> Index:
    """Let the index follow all there is, in the commits of real changes."""

    def follow() -> None:
        ids = db.session.scalars(sa.select(Topic.id)).all()
        empty_engine.apply(documents.load_whole(list(ids)), cursor=1)
        empty_engine.cursor()

    return follow


def searcher(cast: Cast, persona: str) -> Searcher:
    return within(*cast.entry(persona), zone=UTC)


def delete(cast: Cast, public_id: str) -> None:
    with unit_of_work():
        delete_topic(cast.actor("owner"), public_id=public_id)


def told(page: SearchPage) -> tuple[int, list[tuple[str, list[Part]]]]:
    """Return the total, and of each hit its title and what of it was found."""
    return page.total, [(hit.plain_title, [one.part for one in hit.passages]) for hit in page.hits]


def test_replies_are_found_by_who_may_read_them(
    cast: Cast, empty_engine: Engine, index: Index
) -> None:
    asked = put_question(cast, "member", text="钱包丢了怎么找回")
    put_answer(cast, "guest", asked, "先冻结账户。")
    say(cast, "other", asked, "我昨天冻结过一次。")
    say(cast, "isolated", asked, "冻结没有用。")
    index()
    before = find(empty_engine, searcher(cast, "other"), "冻结")
    assert told(before) == (1, [("钱包丢了怎么找回", [Part.ANSWER, Part.COMMENT])])
    delete(cast, asked)
    index()
    for persona, many in (("other", 2), ("member", 2), ("owner", 2), ("isolated", 3)):
        page = find(empty_engine, searcher(cast, persona), "冻结")
        assert page.total == 1, persona
        [hit] = page.hits
        assert (hit.deleted, hit.title, hit.author, hit.slug, hit.state) == (True, (), None, "", "")
        assert len(hit.passages) == many, persona
    for persona in ("visitor", "left", "stranger"):
        assert told(find(empty_engine, searcher(cast, persona), "冻结")) == (0, [])
    by_name = find(empty_engine, searcher(cast, "other"), "from:陈默 冻结")
    assert told(by_name) == (1, [("", [Part.ANSWER])])


def test_nothing_of_the_topic_itself_is_found(
    cast: Cast, empty_engine: Engine, index: Index
) -> None:
    """Compared with the same archive in which its own text never stood."""
    readable = post(cast, "owner", title="读书笔记", text="怎样读书", tags=("读书",)).public_id
    index()
    queries = ("贝叶斯", "bayesian", "bayesain", "tag:统计", "in:title 贝叶斯")
    typed = ("贝叶", "bayes", "beiye", "统", "tong")
    text = "贝叶斯 bayesian 读书"

    def answers(persona: str) -> list[object]:
        who = searcher(cast, persona)
        return [
            *(find(empty_engine, who, query) for query in queries),
            *(suggest(empty_engine, who, begun) for begun in typed),
            look_alikes(empty_engine, who, text),
            related(empty_engine, who, topic_id=the_topic(readable).id, text=text),
        ]

    personas = ("other", "owner", "visitor", "expired")
    nothing = {persona: answers(persona) for persona in personas}
    gone = post(cast, "owner", title="贝叶斯统计", text="bayesian 读书", tags=("统计",)).public_id
    with unit_of_work():
        mark_topic(cast.actor("owner"), public_id=gone, mark=TopicMark.SAMPLE)
        mark_topic(cast.actor("owner"), public_id=gone, mark=TopicMark.DIGEST)
    say(cast, "other", gone, "谢谢")
    index()
    assert answers("other") != nothing["other"]
    delete(cast, gone)
    index()
    for persona in personas:
        got = answers(persona)
        for one, other in zip(got, nothing[persona], strict=True):
            assert one == other, persona
    page = find(empty_engine, searcher(cast, "other"), "谢谢")
    assert told(page) == (1, [("", [Part.COMMENT])])
    assert find(empty_engine, searcher(cast, "visitor"), "谢谢").total == 0
    for query in ("谢谢 is:digest", "谢谢 starter:owner", "谢谢 has:image", "谢谢 tag:统计"):
        assert find(empty_engine, searcher(cast, "other"), query).hits == (), query


def test_replies_are_like_nothing_that_is_offered(
    cast: Cast, empty_engine: Engine, index: Index
) -> None:
    """Look-alikes and related topics lead to topics: a marker is none."""
    for at in range(12):
        asker = ("member", "partner", "admin", "grace")[at % 4]
        asked = put_question(cast, asker, text=f"找回钱包第 {at} 问")
        put_answer(cast, "guest", asked, "找回钱包要先冻结账户 找回钱包")
        if at:
            delete(cast, asked)
    index()
    offered = look_alikes(empty_engine, searcher(cast, "other"), "怎么找回钱包")
    assert [one.title[0].text[:2] for one in offered] == ["找回"]


def test_what_waited_for_its_time_does_not_come_back(
    noon: datetime, cast: Cast, empty_engine: Engine, index: Index
) -> None:
    soon = post(cast, "owner", title="下周的文章", text="下周").public_id
    say(cast, "other", soon, "下周见")
    early = {"published_at": noon + timedelta(days=7), "deleted_at": noon}
    with unit_of_work() as session:
        session.execute(sa.update(Topic).where(Topic.public_id == soon).values(**early))
    index()
    for persona in ("owner", "guest", "other"):
        assert find(empty_engine, searcher(cast, persona), "下周").total == 0, persona


def test_the_last_reply_takes_the_marker_along(
    cast: Cast, empty_engine: Engine, index: Index
) -> None:
    gone = post(cast, "owner", title="一", text="一").public_id
    hidden = say(cast, "isolated", gone, "冻结账户")
    index()
    delete(cast, gone)
    index()
    assert hidden
    assert find(empty_engine, searcher(cast, "isolated"), "冻结").total == 0


def test_its_own_words_tell_nothing_before_the_index_has_followed(
    cast: Cast, empty_engine: Engine, index: Index
) -> None:
    gone = post(cast, "owner", title="贝叶斯", text="密码 是 0417").public_id
    say(cast, "other", gone, "谢谢")
    index()
    delete(cast, gone)
    queries = ("0417", "贝叶斯", "密码 谢谢")
    before = [find(empty_engine, searcher(cast, "other"), query) for query in queries]
    assert told(before[0]) == told(before[1]) == (0, [])
    index()
    assert before == [find(empty_engine, searcher(cast, "other"), query) for query in queries]
