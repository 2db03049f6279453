"""Keyset pages: each topic once, whatever is written between two pages, in both directions."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.discussion.models import Topic
from app.discussion.queries import feed
from app.discussion.queries.feed import FeedView, find_first_unread, list_feed
from app.discussion.queries.pages import Cursor, Cut, parse_cursor
from app.discussion.queries.topic_page import get_entry
from app.kernel.db import db, unit_of_work
from tests.cast import Cast
from tests.discussion.states import State, write


def _clear() -> None:
    with unit_of_work() as session:
        session.query(Topic).delete()


def _add(cast: Cast, moment: datetime, hours: list[int]) -> list[str]:
    topics = [
        Topic(
            planet_id=cast.planet_id,
            kind="post",
            author_id=cast.users["guest"],
            source="x",
            html="<p>x</p>",
            created_at=moment,
            published_at=moment - timedelta(hours=hour),
            last_activity_at=moment,
        )
        for hour in hours
    ]
    with unit_of_work() as session:
        session.add_all(topics)
    return [topic.public_id for topic in topics]


def _walk(cast: Cast, moment: datetime, extra: list[int]) -> list[str]:
    """Read all pages from the newest to the oldest; write one topic before each next page."""
    actor = cast.actor("member")
    seen: list[str] = []
    cut = Cut()
    while True:
        page = list_feed(actor, cut=cut)
        seen += [entry.public_id for entry in page.items]
        if page.older is None:
            return seen
        assert parse_cursor(str(page.older)) == page.older
        cut = Cut(before=page.older)
        if extra:
            _add(cast, moment, [extra.pop()])


# Few hours, so that many topics share a moment.
HOURS = st.lists(st.integers(min_value=1, max_value=6), max_size=25)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(hours=HOURS, extra=HOURS, size=st.integers(min_value=1, max_value=7))
def test_pages_neither_repeat_nor_miss(
    cast: Cast,
    noon: datetime,
    monkeypatch: pytest.MonkeyPatch,
    hours: list[int],
    extra: list[int],
    size: int,
) -> None:
    monkeypatch.setattr(feed, "PAGE_SIZE", size)
    _clear()
    there = _add(cast, noon, hours)
    seen = _walk(cast, noon, extra)
    assert len(seen) == len(set(seen))
    assert set(there) <= set(seen)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(hours=HOURS, size=st.integers(min_value=1, max_value=7))
def test_the_way_back_shows_the_same(
    cast: Cast, noon: datetime, monkeypatch: pytest.MonkeyPatch, hours: list[int], size: int
) -> None:
    monkeypatch.setattr(feed, "PAGE_SIZE", size)
    _clear()
    _add(cast, noon, hours)
    actor = cast.actor("member")
    forth = [list_feed(actor, cut=Cut())]
    while (older := forth[-1].older) is not None:
        forth.append(list_feed(actor, cut=Cut(before=older)))
    everything = [entry.public_id for page in forth for entry in page.items]
    back = []
    newer = Cursor(noon - timedelta(days=9), "222222222222")
    while newer is not None:
        page = list_feed(actor, cut=Cut(after=newer))
        back = [entry.public_id for entry in page.items] + back
        newer = page.newer
    assert back == everything


def test_tabs_show_what_they_say(cast: Cast, noon: datetime) -> None:
    ids = write(
        [
            State("post", "owner", 3),
            State("post", "guest", 2),
            State("question", "member", 1, addressee="guest", fate="answered"),
        ],
        cast,
        noon,
    )
    with unit_of_work() as session:
        session.get_one(Topic, ids[1]).digest_at = noon
        session.get_one(Topic, ids[0]).file_count = 1
    actor = cast.actor("other")
    shown = {
        view: [entry.id for entry in list_feed(actor, view=view, cut=Cut()).items]
        for view in FeedView
    }
    assert shown == {
        FeedView.LATEST: [ids[2], ids[1], ids[0]],
        FeedView.DIGEST: [ids[1]],
        FeedView.OWNER: [ids[0]],
        FeedView.QUESTIONS: [ids[2]],
        FeedView.FILES: [ids[0]],
    }


def test_deleted_and_scheduled_topics_are_in_no_feed(cast: Cast, noon: datetime) -> None:
    write(
        [State("post", "owner", 1, deleted=True, comments=2), State("post", "owner", -1)],
        cast,
        noon,
    )
    for persona in ("owner", "member"):
        assert list_feed(cast.actor(persona), cut=Cut()).items == []


def test_unread_is_what_came_after_joining_and_was_not_opened(cast: Cast, noon: datetime) -> None:
    old, first, _second = write(
        [State("post", "guest", 200), State("post", "guest", 3), State("post", "guest", 1)],
        cast,
        noon,
    )
    client = cast.client("member")
    entries = {e.id: e for e in list_feed(cast.actor("member"), cut=Cut()).items}
    assert [entries[old].unread, entries[first].unread] == [False, True]
    jump = client.get(f"/p/{cast.slug}/unread")
    assert jump.status_code == 302
    place = f"t-{entries[first].public_id}"
    assert jump.headers["Location"].endswith(f"#{place}")
    page = client.get(jump.headers["Location"])
    assert f'id="{place}"' in page.text
    assert f't-{entries[old].public_id}"' not in page.text

    client.get(f"/p/{cast.slug}/t/{entries[first].public_id}")
    entries = {e.id: e for e in list_feed(cast.actor("member"), cut=Cut()).items}
    assert not entries[first].unread

    client.post(f"/p/{cast.slug}/read")
    assert find_first_unread(cast.actor("member")) is None
    assert not any(e.unread for e in list_feed(cast.actor("member"), cut=Cut()).items)
    assert client.get(f"/p/{cast.slug}/unread").status_code == 303


def test_ones_own_topics_are_never_unread(cast: Cast, noon: datetime) -> None:
    write([State("post", "guest", 1)], cast, noon)
    assert not list_feed(cast.actor("guest"), cut=Cut()).items[0].unread
    assert find_first_unread(cast.actor("guest")) is None
    assert find_first_unread(cast.actor("other")) is not None


def test_reading_again_writes_nothing(cast: Cast, noon: datetime) -> None:
    write([State("post", "guest", 1)], cast, noon)
    public_id = list_feed(cast.actor("member"), cut=Cut()).items[0].public_id
    address = f"/p/{cast.slug}/t/{public_id}"
    assert get_entry(cast.actor("member"), public_id).has_news
    cast.client("member").get(address)
    assert not get_entry(cast.actor("member"), public_id).has_news
    with unit_of_work() as session:
        topic = session.query(Topic).one()
        topic.last_activity_at = noon + timedelta(minutes=1)
    assert get_entry(cast.actor("member"), public_id).has_news
    db.session.rollback()
