"""Every page of topics, feed, columns and tags opens for whom it is for, and for nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.discussion.actions.series import SeriesWish, create_series
from app.kernel.db import unit_of_work
from tests.cast import Cast
from tests.discussion.writing import path, post


def _fill(cast: Cast, noon: datetime) -> tuple[str, str]:
    with unit_of_work():
        series = create_series(cast.actor("owner"), wish=SeriesWish("课程", "按顺序读"))
    topic = post(cast, "owner", title="第一课", tags=("读书",), series=(series,))
    post(cast, "guest", text="没有标题的一条")
    post(cast, "owner", title="明天见", publish_at=noon + timedelta(days=1))
    return path(cast, topic), series


PAGES = {
    "": ("owner", "guest", "member", "expired"),
    "?show=digest": ("owner", "guest", "member"),
    "?show=owner": ("owner", "guest", "member"),
    "?show=questions": ("owner", "guest", "member"),
    "?show=files": ("owner", "guest", "member"),
    "?tag=读书": ("owner", "guest", "member"),
    "/write": ("owner", "guest"),
    "/drafts": ("owner", "guest", "member"),
    "/scheduled": ("owner", "guest"),
    "/stream": ("owner", "admin"),
    "/tags": ("owner", "admin"),
    "/tags/edit?tag=读书": ("owner", "admin"),
    "/columns": ("owner", "guest", "member"),
    "/columns/{series}": ("owner", "guest", "member"),
    "/columns/new": ("owner", "admin"),
    "/columns/{series}/edit": ("owner", "admin"),
    "{topic}/第一课": ("owner", "guest", "member"),
    "{topic}.md": ("owner", "guest", "member"),
    "{topic}/share": ("owner", "guest", "member"),
    "{topic}/qr.svg": ("owner", "guest", "member"),
    "{topic}/edit": ("owner", "partner"),
    "{topic}/history": ("owner", "admin"),
    "{topic}/delete": ("owner", "admin"),
}
OUTSIDERS = ("stranger", "removed", "left", "visitor", "pending")


@pytest.mark.parametrize("page", PAGES)
def test_pages_open_for_whom_they_are_for(cast: Cast, noon: datetime, page: str) -> None:
    topic, series = _fill(cast, noon)
    address = f"/p/{cast.slug}{page.format(topic=topic.removeprefix('/p/orbit'), series=series)}"
    for persona in PAGES[page]:
        answer = cast.client(persona).get(address)
        assert answer.status_code == 200, (persona, address, answer.text[:400])
    if page in ("", "?show=digest", "?show=owner", "?show=questions", "?show=files", "?tag=读书"):
        return
    for persona in OUTSIDERS:
        answer = cast.client(persona).get(address)
        assert answer.status_code in (303, 403, 404), (persona, address)
        assert "第一课" not in answer.text


def test_the_first_page_is_the_landing_page_for_outsiders(cast: Cast, noon: datetime) -> None:
    _fill(cast, noon)
    for persona in OUTSIDERS:
        answer = cast.client(persona).get(f"/p/{cast.slug}")
        assert answer.status_code == 200
        assert "第一课" not in answer.text


@pytest.mark.parametrize("persona", ["member", "muted", "guest"])
def test_those_who_may_not_are_told_why(cast: Cast, noon: datetime, persona: str) -> None:
    _fill(cast, noon)
    for page in ("/tags", "/stream", "/columns/new"):
        assert cast.client(persona).get(f"/p/{cast.slug}{page}").status_code == 403
    if persona != "guest":
        for answer in (
            cast.client(persona).get(f"/p/{cast.slug}/write"),
            cast.client(persona).post(f"/p/{cast.slug}/write", data={"text": "x"}),
        ):
            assert answer.status_code == 403
            assert ("提问" if persona == "member" else "禁言") in answer.text


def test_unknown_tabs_and_tags_lead_to_the_feed(cast: Cast, noon: datetime) -> None:
    for query in ("show=nothing", "tag=nothing"):
        answer = cast.client("member").get(f"/p/{cast.slug}?{query}")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/p/{cast.slug}")
    assert cast.client("member").get(f"/p/{cast.slug}?before=nonsense").status_code == 200
