"""Columns and tags: their order, what staff do to them, and how far somebody has read."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from app.discussion.actions import series as series_actions
from app.discussion.actions import tags as tag_actions
from app.discussion.actions.series import SeriesWish, create_series
from app.discussion.models import Tag
from app.discussion.queries.series import get_series, list_series, places_of
from app.discussion.queries.tags import MENU, PAGE_SIZE, list_tags, page_tags
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound, Refused
from tests.cast import Cast
from tests.discussion.writing import path, post


def _series(cast: Cast, title: str = "课程") -> str:
    with unit_of_work():
        return create_series(cast.actor("owner"), wish=SeriesWish(title))


def _titles(cast: Cast, series: str, persona: str = "member") -> list[str]:
    return [entry.title for entry in get_series(cast.actor(persona), series)[1]]


def test_topics_stand_in_the_order_they_were_put_in(cast: Cast, noon: datetime) -> None:
    series = _series(cast)
    refs = [post(cast, "owner", title=title, series=(series,)) for title in "甲乙丙"]
    assert _titles(cast, series) == ["甲", "乙", "丙"]
    client = cast.client("owner")
    form = {"item": [ref.public_id for ref in refs], "up": refs[2].public_id}
    client.post(f"/p/{cast.slug}/columns/{series}/order", data=form)
    assert _titles(cast, series) == ["甲", "丙", "乙"]
    client.post(f"/p/{cast.slug}/columns/{series}/order", data={"out": refs[0].public_id})
    assert _titles(cast, series) == ["丙", "乙"]
    address = path(cast, refs[0]) + "/columns"
    assert "课程" in client.get(address).text
    assert client.post(address, data={"series": ["gone"]}).status_code == 422
    assert client.post(address, data={"series": [series]}).status_code == 303
    assert cast.client("guest").post(address, data={"series": []}).status_code == 403
    assert _titles(cast, series) == ["丙", "乙", "甲"]


def test_what_a_reader_may_not_see_is_neither_shown_nor_lost(cast: Cast, noon: datetime) -> None:
    series = _series(cast)
    first = post(cast, "owner", title="甲", series=(series,))
    later = noon + timedelta(hours=1)
    post(cast, "owner", title="未到", series=(series,), publish_at=later)
    last = post(cast, "owner", title="丙", series=(series,))
    assert _titles(cast, series) == ["甲", "丙"]
    with unit_of_work():
        series_actions.order_topics(
            cast.actor("owner"), public_id=series, topics=[last.public_id, first.public_id]
        )
    with clock.fixed(later):
        assert _titles(cast, series) == ["丙", "甲", "未到"]


def test_whose_time_is_over_meets_no_newer_column_or_tag(noon: datetime, cast: Cast) -> None:
    with clock.fixed(noon - timedelta(days=60)):
        old = _series(cast, "旧课")
        post(cast, "owner", title="旧", tags=("旧签",), series=(old,))
    new = _series(cast, "新课")
    post(cast, "owner", title="新", tags=("新签",), series=(new,))
    for persona, sees in (("member", True), ("expired", False)):
        client = cast.client(persona)
        for page in (f"/p/{cast.slug}", f"/p/{cast.slug}/columns"):
            text = client.get(page).text
            assert ("新签" in text or "新课" in text) is sees, page
            assert "旧签" in text or "旧课" in text, page
        assert client.get(f"/p/{cast.slug}/columns/{old}").status_code == 200
        assert client.get(f"/p/{cast.slug}/columns/{new}").status_code == (200 if sees else 404)
        # A tag that is none for him leads to the feed, as one that never was.
        for tag in ("新签", "没有过的"):
            status = client.get(f"/p/{cast.slug}?tag={tag}").status_code
            assert status == (200 if sees and tag == "新签" else 302), tag


def test_progress_counts_what_was_opened(cast: Cast, noon: datetime) -> None:
    series = _series(cast)
    refs = [post(cast, "owner", title=title, series=(series,)) for title in "甲乙"]
    cast.client("member").get(path(cast, refs[0]), follow_redirects=True)
    (row,) = list_series(cast.actor("member"))
    assert (row.topics, row.opened) == (2, 1)
    (place,) = places_of(cast.actor("member"), refs[0].id)
    assert (place.number, place.total, place.previous) == (1, 2, None)
    assert place.next is not None
    assert place.next.title == "乙"
    page = cast.client("member").get(f"/p/{cast.slug}/columns/{series}")
    assert 'max="2" value="1"' in page.text


def test_a_column_is_changed_ordered_and_deleted_by_staff(cast: Cast, noon: datetime) -> None:
    first, second = _series(cast, "一"), _series(cast, "二")
    topic = post(cast, "owner", title="甲", series=(first,))
    client = cast.client("admin")
    client.post(f"/p/{cast.slug}/columns/order", data={"item": [first, second], "down": first})
    assert [row.title for row in list_series(cast.actor("member"))] == ["二", "一"]
    form = {"title": "新名", "intro": "说明"}
    client.post(f"/p/{cast.slug}/columns/{first}/edit", data=form)
    assert get_series(cast.actor("member"), first)[0].intro == "说明"
    bad = client.post(f"/p/{cast.slug}/columns/{first}/edit", data={"title": " ", "intro": "留下"})
    assert bad.status_code == 422
    assert "留下" in bad.text
    assert client.post(f"/p/{cast.slug}/columns/{first}/delete").status_code == 303
    with pytest.raises(NotFound):
        get_series(cast.actor("member"), first)
    page = cast.client("member").get(path(cast, topic), follow_redirects=True)
    assert page.status_code == 200
    with pytest.raises(Refused), unit_of_work():
        create_series(cast.actor("guest"), wish=SeriesWish("我的"))


def test_an_old_list_does_not_reorder(cast: Cast, noon: datetime) -> None:
    first = _series(cast, "一")
    _series(cast, "二")
    with pytest.raises(Conflict), unit_of_work():
        series_actions.order_series(cast.actor("owner"), public_ids=[first])
    with pytest.raises(NotFound), unit_of_work():
        tag_actions.move_tag(cast.actor("owner"), key="没有", way="up")


def test_another_planets_column_is_not_found(cast: Cast, noon: datetime) -> None:
    with pytest.raises(Invalid, match="missing"):
        post(cast, "owner", series=("kQ7mVx3pRt9a",))


# --- tags ----------------------------------------------------------------------------------------


def _tag(cast: Cast, **form: str) -> int:
    return cast.client("owner").post(f"/p/{cast.slug}/tags/edit", data=form).status_code


def test_tags_are_renamed_merged_hidden_and_deleted(cast: Cast, noon: datetime) -> None:
    both = post(cast, "owner", title="两个", tags=("读书", "阅读"))
    post(cast, "owner", title="一个", tags=("阅读",))
    assert _tag(cast, tag="读书", do="rename", name="阅读") == 422
    assert _tag(cast, tag="读书", do="rename", name="看书") == 303
    assert _tag(cast, tag="阅读", do="merge", into="看书") == 303
    assert _tag(cast, tag="看书", do="merge", into="没有") == 422
    assert _tag(cast, tag="看书", do="merge", into="#看书") == 422
    (tag,) = page_tags(cast.actor("member")).tags
    assert (tag.name, tag.topics) == ("看书", 2)
    page = cast.client("member").get(path(cast, both), follow_redirects=True).text
    assert page.count('class="tag"') == 1
    assert _tag(cast, tag="看书", do="hide") == 303
    assert not list_tags(cast.actor("member"), limit=9)[0].in_menu
    assert _tag(cast, tag="看书", do="delete") == 303
    assert list_tags(cast.actor("member"), limit=9) == []
    assert _tag(cast, tag="看书", do="delete") == 404


def test_the_menu_stands_in_the_order_that_staff_chose(cast: Cast, noon: datetime) -> None:
    client = cast.client("owner")
    for name in ("一", "二", "三"):
        assert client.post(f"/p/{cast.slug}/tags", data={"name": name}).status_code == 303
    assert client.post(f"/p/{cast.slug}/tags", data={"name": "一"}).status_code == 422

    def move(**form: str) -> str:
        client.post(f"/p/{cast.slug}/tags/order", data=form)
        return "".join(tag.name for tag in list_tags(cast.actor("member"), limit=9))

    assert move(up="三") == "一三二"
    assert move(up="一") == move(down="二") == "一三二"
    with unit_of_work() as session:
        session.execute(sa.update(Tag).values(position=1))
    assert move(down="一") == "二一三"


def test_counts_are_what_the_reader_may_read(cast: Cast, noon: datetime) -> None:
    post(cast, "owner", tags=("读书",))
    post(cast, "owner", tags=("读书",), publish_at=noon + timedelta(hours=1))
    assert page_tags(cast.actor("member")).tags[0].topics == 1
    assert db.session.scalar(sa.select(sa.func.count(Tag.id))) == 1


def test_a_tags_feed_pages_by_its_own_index(cast: Cast, noon: datetime) -> None:
    post(cast, "owner", title="有标签", tags=("读书",))
    post(cast, "owner", title="没有标签")
    page = cast.client("member").get(f"/p/{cast.slug}?tag=读书").text
    assert "有标签" in page
    assert "没有标签" not in page


def test_ten_thousand_tags_are_paged_and_searched(cast: Cast, noon: datetime) -> None:
    with unit_of_work() as session:
        session.add_all(
            Tag(planet_id=cast.planet_id, name=f"标签{n}", key=f"标签{n}", position=n)
            for n in range(10_000)
        )
    post(cast, "owner", tags=("标签9998",))
    member, owner = cast.client("member"), cast.client("owner")
    feed = member.get(f"/p/{cast.slug}").text
    # The menu's, and the topic's own.
    assert feed.count("tag=%E6") == MENU + 1
    assert "/all-tags" in feed
    for client, address in ((member, "all-tags"), (owner, "tags")):
        first = client.get(f"/p/{cast.slug}/{address}")
        assert first.text.count("<tr>") <= PAGE_SIZE + 1
        assert len(first.data) < 60_000
        after = f"/p/{cast.slug}/{address}?after=标签{PAGE_SIZE - 1}"
        assert f">#标签{PAGE_SIZE}<" in client.get(after).text
        found = client.get(f"/p/{cast.slug}/{address}?q=9998").text
        assert ">#标签9998<" in found and ">#标签1<" not in found
        assert "没有叫这个名字的标签" in client.get(f"/p/{cast.slug}/{address}?q=没有").text
    # One that stands in no menu narrows the feed too, and is shown among the tabs while it does.
    assert "#标签9998" in member.get(f"/p/{cast.slug}?tag=标签9998").text
    # A tag that there is not leads to the feed, without it.
    assert member.get(f"/p/{cast.slug}?tag=没有").location == f"/p/{cast.slug}"
    assert len(owner.get(f"/p/{cast.slug}/tags/edit?tag=标签1").data) < 60_000


def test_who_kept_what_they_paid_for_has_only_its_tags(noon: datetime, cast: Cast) -> None:
    with clock.fixed(noon - timedelta(days=60)):
        post(cast, "owner", tags=("旧",))
    post(cast, "owner", tags=("新",))
    assert [tag.name for tag in page_tags(cast.actor("expired")).tags] == ["旧"]
    client = cast.client("expired")
    assert client.get(f"/p/{cast.slug}?tag=旧").status_code == 200
    # As one that there is not: the feed, without it.
    unknown, hidden = (client.get(f"/p/{cast.slug}?tag={tag}") for tag in ("没有", "新"))
    assert (unknown.status_code, hidden.status_code) == (302, 302)
    assert unknown.location == hidden.location == f"/p/{cast.slug}"
