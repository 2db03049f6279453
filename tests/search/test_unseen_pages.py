"""What a member gets from search, over HTTP: rows that he may not open change no byte of any of it. Pages,
facets, marks, corrections, ways on, suggestions, look-alikes and related topics."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.blueprints.pacing import Purse
from app.blueprints.search.pace import Pace
from app.discussion.models import Tag, Topic, TopicTag
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.search import documents
from app.search.port import Engine
from tests.cast import Cast
from tests.discussion.threads import put_answer, put_question, say
from tests.discussion.writing import post
from tests.search.crowd import second_planet

pytestmark = pytest.mark.usefixtures("noon")
TOKEN = re.compile(r'name="csrf_token" value="[^"]*"|csrf-token" content="[^"]*"')
SAID = (
    "退款流程：怎么申请退款",
    "订阅到期以后还能退款吗",
    "睡眠质量和注意力",
    "读书笔记 concern",
    "how to contract and to conduct",
    "the refund of a subscription was processed",
    "GitHub Flask框架入门",
)
QUERIES = (
    *("退款", "退款 订阅", "refund", "refnud", "con*", "contr*", "liucheng", "退*", '"申请退款"'),
    *("concern contract refund 睡眠 笔记", "how was the refund of my subscription processed"),
    *("退款 -订阅", "in:title 退款", "tag:退款", "from:陈默", "starter:陈默 退款", "sort:new 退款"),
    *("睡眠读书笔记", "退款睡眠质量", "注意力GitHub", "退款流程读书 kind:post"),
    *("睡眼", "推款", "注义力 退款", "毒书", "睡眼质量和注意力", "申请推款流呈", "睡眼注意力"),
    *("没有这个词 退款", "kind:question", "is:answered 退款", "has:file", "year:2026 退款"),
)
TYPED = ("退", "退款", "t", "tui", "re", "con", "git", "陈", "ch", "睡", "tag", "标签")
PART = {"X-Fragment": "1"}


def answers(client: FlaskClient, topics: list[str], rng: random.Random) -> Iterator[str]:
    """Yield what a person gets, of every kind."""
    words = [word for said in SAID for word in re.split(r"\W+", said) if word]
    mixed = [" ".join(rng.sample(words, rng.choice((1, 2, 4, 9)))) for _ in range(25)]
    for query in (*QUERIES, *mixed):
        for address in ("/search", "/p/orbit/search"):
            got = client.get(address, query_string={"q": query})
            assert got.status_code == 200, query
            yield got.text
    for typed in (*TYPED, *(word[:2] for word in words)):
        for address in ("/search/suggest", "/p/orbit/search/suggest"):
            yield client.get(address, query_string={"q": typed}).text
    for public_id in topics:
        yield client.get(f"/p/orbit/t/{public_id}/related", headers=PART).text
    for text in SAID:
        yield client.post("/p/orbit/ask/alike", data={"text": text}, headers=PART).text


def write(cast: Cast, rng: random.Random) -> list[str]:
    """Write what the member may read; return the topics' public ids."""
    made = []
    for text in SAID:
        post(cast, "owner", title=text[:12], text=text + rng.choice(SAID), tags=("退款",))
        asked = put_question(cast, "member", text=text)
        put_answer(cast, "guest", asked, rng.choice(SAID))
        say(cast, "member", asked, rng.choice(SAID))
        made.append(asked)
    gone = [post(cast, "owner", title="一篇", text="一篇").public_id, put_question(cast, "admin")]
    put_answer(cast, "guest", gone[1], SAID[0])
    for public_id in gone:
        say(cast, "other", public_id, rng.choice(SAID))
    with unit_of_work() as session:
        which = sa.update(Topic).where(Topic.public_id.in_(gone))
        session.execute(which.values(deleted_at=clock.now()))
    return made


def hide(cast: Cast, elsewhere: Cast, rng: random.Random, moment: datetime) -> None:
    """Write what he may not read: of all kinds, with his words and with others like them."""
    like = [
        "contractual",
        "refunds",
        "refnuds",
        "退款流",
        "睡眠",
        "conduit",
        "GITHUB",
        "退款流程图",
    ]
    for at in range(12):
        text = f"{rng.choice(SAID)} {' '.join(rng.choices(like, k=30))} con{at}x refun{at}"
        asker = ("partner", "admin", "grace", "owner")[at % 4]
        put_question(cast, asker, "guest", text=text, private=True)
        post(elsewhere, "guest", title=f"{rng.choice(like)} {text[:20]}", text=text, tags=("退款",))
        for columns in ({"isolated": True}, {"published_at": moment + timedelta(days=2)}):
            ref = post(cast, title=f"{rng.choice(like)} {at}", text=text, tags=())
            with unit_of_work() as session:
                which = sa.update(Topic).where(Topic.public_id == ref.public_id)
                session.execute(which.values(author_id=cast.users["isolated"], **columns))
                if "isolated" in columns:
                    _tag(cast, ref.public_id, at)
    _fill_deleted(cast, f"{' '.join(SAID)} {' '.join(like)}", moment)


def _fill_deleted(cast: Cast, text: str, moment: datetime) -> None:
    """Give deleted topics, below which he reads what others wrote, words, tags and marks of their own."""
    deleted = Topic.deleted_at.is_not(None)
    marks = {"public_sample_at": moment, "digest_at": moment, "image_count": 1, "file_count": 1}
    with unit_of_work() as session:
        ids = session.scalars(sa.select(Topic.public_id).where(deleted)).all()
        session.execute(sa.update(Topic).where(deleted).values(title=text, source=text, **marks))
        for at, public_id in enumerate(ids, start=50):
            _tag(cast, public_id, at)


def _tag(cast: Cast, public_id: str, at: int) -> None:
    """Give a topic tags that come before all others by name."""
    topic = db.session.query(Topic).filter_by(public_id=public_id).one()
    for number in range(12):
        for name in (f"退{at:02}{number:02}", f"!退款{at:02}{number:02}"):
            tag = Tag(planet_id=cast.planet_id, name=name, key=name)
            db.session.add(tag)
            db.session.flush()
            db.session.add(
                TopicTag(topic_id=topic.id, tag_id=tag.id, published_at=topic.published_at)
            )


def test_unseen_rows_change_no_byte_of_what_searching_answers(
    noon: datetime, cast: Cast, empty_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pace, "take", lambda *_: None)
    monkeypatch.setattr(Purse, "spend", lambda *_, **_values: None)
    monkeypatch.setitem(cast.app.extensions, "planetarium.search", empty_engine)
    rng = random.Random(8)
    elsewhere = second_planet(cast, noon)
    with unit_of_work() as session:
        session.execute(
            sa.text("DELETE FROM memberships WHERE planet_id = :planet AND user_id = :user"),
            {"planet": elsewhere.planet_id, "user": cast.users["other"]},
        )
    topics = write(cast, rng)

    def got() -> list[str]:
        ids = db.session.scalars(sa.select(Topic.id)).all()
        empty_engine.apply(documents.load_whole(ids), cursor=1)
        empty_engine.cursor()
        client = cast.client("other")
        return [TOKEN.sub("", text) for text in answers(client, topics, random.Random(9))]

    with clock.fixed(noon):
        got()  # what he searched for is his own from now on
        before = got()
        hide(cast, elsewhere, rng, noon)
        assert got() == before
        empty_engine.tidy()
        assert got() == before
    said = "".join(before)
    for shown in ("<mark>退款</mark>", "data-item", "GitHub"):
        assert shown in said, shown
