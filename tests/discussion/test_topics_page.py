"""A topic's page: what it shows of itself to link previews, in columns, in time, on paper."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import unquote

from app.discussion.actions.marks import TopicMark, mark_topic
from app.discussion.actions.series import SeriesWish, create_series
from app.discussion.models import Topic
from app.kernel import clock
from app.kernel.db import unit_of_work
from tests.cast import Cast
from tests.discussion.states import State, write
from tests.discussion.writing import path, post


def test_link_previews_of_a_closed_topic_tell_the_planet_alone(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="秘密题目", text="秘密正文")
    page = cast.client("member").get(path(cast, topic), follow_redirects=True).text
    metas = [line for line in page.splitlines() if "<meta" in line and "og:" in line]
    assert len(metas) >= 4
    assert not any("秘密" in line for line in metas)
    assert any("轨道" in line for line in metas)
    assert "noindex" in page


def test_link_previews_of_what_is_hidden_and_of_nothing_are_the_same(
    cast: Cast, noon: datetime
) -> None:
    topic = post(cast, "guest", title="秘密题目", text="秘密正文")
    client = cast.client("visitor")
    hidden = client.get(path(cast, topic))
    nothing = client.get(f"/p/{cast.slug}/t/kQ7mVx3pRt9a")
    assert hidden.status_code == nothing.status_code == 404
    assert '<meta property="og:title" content="轨道">' in hidden.text
    without_token = [
        [line for line in page.text.splitlines() if "csrf" not in line and "next=" not in line]
        for page in (hidden, nothing)
    ]
    assert without_token[0] == without_token[1]


def test_link_previews_of_a_sample_tell_what_it_is(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="公开题目", text="公开正文")
    with unit_of_work():
        mark_topic(cast.actor("owner"), public_id=topic.public_id, mark=TopicMark.SAMPLE)
    page = cast.client("visitor").get(path(cast, topic), follow_redirects=True)
    assert page.status_code == 200
    assert '<meta property="og:title" content="公开题目">' in page.text
    # The way in stands below it for those who are not inside.
    assert "/p/orbit/about" in page.text
    inside = cast.client("member").get(path(cast, topic), follow_redirects=True).text
    assert "成员可以阅读" in page.text
    assert "成员可以阅读" not in inside
    assert '<meta property="og:description" content="公开正文">' in page.text
    assert f"http://planet.test/p/orbit/t/{topic.public_id}/" in page.text


def test_a_sample_tells_visitors_nothing_of_what_stands_beside_it(
    cast: Cast, noon: datetime
) -> None:
    with unit_of_work():
        series = create_series(cast.actor("owner"), wish=SeriesWish("内部课程"))
    post(cast, "owner", title="前一课", series=(series,))
    open_ = post(cast, "owner", title="公开课", series=(series,))
    post(cast, "owner", title="后一课", series=(series,))
    with unit_of_work():
        mark_topic(cast.actor("owner"), public_id=open_.public_id, mark=TopicMark.SAMPLE)
    visitor = cast.client("visitor").get(path(cast, open_), follow_redirects=True).text
    member = cast.client("member").get(path(cast, open_), follow_redirects=True).text
    for word in ("内部课程", "前一课", "后一课"):
        assert word not in visitor
        assert word in member


def test_neighbours_in_time_are_those_the_reader_may_open(cast: Cast, noon: datetime) -> None:
    ids = write(
        [
            State("post", "guest", 3),
            State("question", "member", 2, private=True, addressee="guest", fate="answered"),
            State("post", "guest", 1),
        ],
        cast,
        noon,
    )
    with unit_of_work() as session:
        for topic_id, title in zip(ids, ("最早", "私密", "最晚"), strict=True):
            topic = session.get_one(Topic, topic_id)
            topic.title, topic.slug = title, title
        public_id = topic.public_id
    address = f"/p/{cast.slug}/t/{public_id}"
    member = cast.client("member").get(address, follow_redirects=True).text
    other = cast.client("other").get(address, follow_redirects=True).text
    assert "私密" in member
    assert "私密" not in other
    assert "最早" in other


def test_the_words_of_a_withdrawn_question_are_nowhere(cast: Cast, noon: datetime) -> None:
    state = State("question", "member", 1, addressee="guest", fate="answered+withdrawn")
    topic_id, other_id = write([state, State("post", "guest", 2)], cast, noon)
    with unit_of_work() as session:
        topic = session.get_one(Topic, topic_id)
        topic.source = topic.html = topic.excerpt = "收回的话"
        topic.title, topic.slug = "收回的题", "收回的题"
        topic.pinned_at = noon
        withdrawn, beside = topic.public_id, session.get_one(Topic, other_id).public_id
    pages = [f"/p/{cast.slug}"]
    pages += [f"/p/{cast.slug}/t/{public_id}" for public_id in (withdrawn, beside)]
    for page in pages:
        answer = cast.client("other").get(page, follow_redirects=True)
        assert answer.status_code == 200
        assert "收回的" not in unquote(answer.text)
        assert "收回的" not in str(answer.request.path)
        assert "收回的" in cast.client("owner").get(page, follow_redirects=True).text
    for rest in (".md", "/share", "/qr.svg"):
        answer = cast.client("other").get(f"/p/{cast.slug}/t/{withdrawn}{rest}")
        assert answer.status_code == 404


def test_markdown_is_given_as_it_was_typed(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="题", text="**粗**\n\n- 一")
    answer = cast.client("member").get(path(cast, topic) + ".md")
    assert answer.mimetype == "text/markdown"
    assert answer.text == "# 题\n\n**粗**\n\n- 一\n"
    assert cast.client("visitor").get(path(cast, topic) + ".md").status_code == 404


def test_the_code_leads_to_the_topic_without_telling_its_title(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "guest", title="题目")
    answer = cast.client("member").get(path(cast, topic) + "/qr.svg")
    assert answer.mimetype == "image/svg+xml"
    assert answer.data.startswith(b"<svg")
    card = cast.client("member").get(path(cast, topic) + "/share")
    assert f"http://planet.test/p/orbit/t/{topic.public_id}<" in card.text


def test_a_private_question_is_not_passed_on(cast: Cast, noon: datetime) -> None:
    state = State("question", "member", 1, private=True, addressee="guest", fate="answered")
    (topic_id,) = write([state], cast, noon)
    with unit_of_work() as session:
        public_id = session.get_one(Topic, topic_id).public_id
    for rest in ("/share", "/qr.svg"):
        answer = cast.client("owner").get(f"/p/{cast.slug}/t/{public_id}{rest}")
        assert answer.status_code == 404


def test_a_scheduled_topic_appears_at_its_time_by_itself(cast: Cast, noon: datetime) -> None:
    topic = post(cast, "owner", title="明早见", publish_at=noon + timedelta(hours=12))
    assert cast.client("member").get(path(cast, topic)).status_code == 404
    assert "明早见" in cast.client("admin").get(f"/p/{cast.slug}/scheduled").text
    with clock.fixed(noon + timedelta(hours=13)):
        assert "明早见" in cast.client("member").get(f"/p/{cast.slug}").text
        page = cast.client("member").get(path(cast, topic), follow_redirects=True)
        assert page.status_code == 200


def test_local_times_are_meant_in_the_readers_zone(cast: Cast, noon: datetime) -> None:
    form = {"text": "定时", "when": "later", "publish_at": "2026-09-17T08:30", "tab": "a"}
    answer = cast.client("owner").post(f"/p/{cast.slug}/write", data=form)
    assert answer.status_code == 303
    with unit_of_work() as session:
        stored = session.query(Topic.published_at).scalar()
    # 08:30 in Shanghai.
    assert stored.isoformat() == "2026-09-17T00:30:00+00:00"
    bad = cast.client("owner").post(f"/p/{cast.slug}/write", data=form | {"publish_at": "soon"})
    assert bad.status_code == 422
    assert "定时" in bad.text
