"""Somebody who joined hundreds of planets: the left column shows the near ones, home pages through all."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.blueprints.rail import RAIL
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Membership
from app.memberships.queries import list_mine, list_rail
from app.memberships.queries.mine import PAGE_SIZE
from app.planets.models import Planet
from tests.cast import Cast
from tests.discussion.threads import counted, post, put_question
from tests.memberships.people import row

MANY = 500


@pytest.fixture
def crowd(cast: Cast) -> Cast:
    """The cast, whose member is in five hundred planets more."""
    join_many(cast, MANY)
    return cast


def join_many(cast: Cast, number: int, *, start: int = 0) -> None:
    """Let the member join as many planets more, called 星球 000 and so on."""
    moment = db.session.scalar(sa.select(Membership.read_through_at))
    with unit_of_work() as session:
        made = [
            Planet(
                slug=f"more-{n}",
                name=f"星球 {n:03}",
                created_at=moment,
                created_by=cast.users["owner"],
            )
            for n in range(start, start + number)
        ]
        session.add_all(made)
        session.flush()
        session.add_all(
            Membership(
                planet_id=planet.id,
                user_id=cast.users["member"],
                joined_at=moment,
                read_through_at=moment,
                number=1,
            )
            for planet in made
        )


def rail_of(page: str) -> list[str]:
    """Return the slugs of the planets in the left column."""
    column = page.partition('<nav class="rail"')[2].partition("</nav>")[0]
    return re.findall(r'<li data-accent="\w+"><a class="rail__item" href="/p/([\w-]+)"', column)


def tiles_of(page: str) -> list[str]:
    """Return the names of the planets on a page of home."""
    return re.findall(r'class="planet-tile__name"><a href="[^"]+">([^<]+)', page)


@pytest.mark.parametrize("path", ["/", "/p/orbit", "/notices"])
def test_pages_cost_the_same_in_a_few_planets_and_in_hundreds(cast: Cast, path: str) -> None:
    def cost() -> tuple[int, int]:
        client = cast.client("member")
        client.get(path)
        with counted() as seen:
            answer = client.get(path)
        assert answer.status_code == 200
        return len(seen), len(answer.data)

    join_many(cast, RAIL + PAGE_SIZE)
    few, short = cost()
    join_many(cast, MANY, start=RAIL + PAGE_SIZE)
    many, long = cost()
    assert many == few <= 25
    assert long < 60_000
    assert abs(long - short) < 1_000


def test_the_left_column_shows_the_pinned_the_recent_and_the_present_one(
    crowd: Cast,
) -> None:
    client = crowd.client("member")
    assert len(rail_of(client.get("/").text)) == RAIL
    for slug in ("more-7", "more-300"):
        assert rail_of(client.get(f"/p/{slug}").text).count(slug) == 1
    assert client.post("/p/more-400/pin").status_code == 303
    for path in ("/", "/p/orbit", "/notices", "/p/more-7"):
        shown = rail_of(client.get(path).text)
        assert len(shown) == RAIL
        assert shown[0] == "more-400"
        assert {"more-7", "more-300"} <= set(shown)
    assert "orbit" in rail_of(client.get("/").text)
    assert 'href="/"><svg class="icon"' in client.get("/p/orbit").text


def test_more_pinned_ones_than_fit_leave_the_present_one_its_place(crowd: Cast) -> None:
    client = crowd.client("member")
    for n in range(RAIL + 2):
        with clock.fixed(clock.now() + timedelta(minutes=n)):
            client.post(f"/p/more-{n}/pin")
    first = [f"more-{n}" for n in range(RAIL)]
    assert rail_of(client.get("/").text) == first
    assert rail_of(client.get("/p/orbit").text) == [*first[:-1], "orbit"]
    assert rail_of(client.get("/p/more-13").text) == [*first[:-1], "more-13"]


def test_who_has_few_planets_finds_them_as_ever_and_no_visit_is_noted(cast: Cast) -> None:
    join_many(cast, RAIL - 1)
    client = cast.client("member")
    client.post("/p/more-3/pin")
    mine = [planet.slug for planet in list_mine(cast.users["member"])]
    assert rail_of(client.get("/p/orbit").text) == mine
    assert row(cast, "member").visited_at is None
    assert ">All my planets<" not in client.get("/").text


def test_a_visit_is_noted_once_an_hour_and_only_of_who_reads(crowd: Cast) -> None:
    client, moment = crowd.client("member"), clock.now()

    def visited_after(minutes: int) -> object:
        with clock.fixed(moment + timedelta(minutes=minutes)):
            client.get("/p/orbit")
        db.session.expire_all()
        return row(crowd, "member").visited_at

    first = visited_after(1)
    assert first == moment + timedelta(minutes=1)
    assert visited_after(50) == first
    assert visited_after(62) == moment + timedelta(minutes=62)
    crowd.set_membership("member", left_at=moment)
    before = row(crowd, "member").visited_at
    assert visited_after(300) == before
    assert "orbit" not in rail_of(client.get("/").text)


def test_what_was_left_or_only_asked_for_is_not_in_the_column(crowd: Cast) -> None:
    user_id = crowd.users["member"]
    crowd.set_membership("member", joined_at=None, requested_at=clock.now())
    near, more = list_rail(user_id, here=crowd.planet_id, most=RAIL)
    assert crowd.planet_id not in {mine.planet_id for mine in near}
    assert more
    assert len(near) == RAIL


def test_home_pages_through_all_and_finds_by_name(crowd: Cast) -> None:
    client = crowd.client("member")
    path: str | None = "/"
    names: list[str] = []
    pages = 0
    while path:
        page = client.get(path).text
        names += tiles_of(page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = found.group(1).replace("&amp;", "&") if found else None
        pages += 1
    assert len(names) == len(set(names)) == MANY + 1
    assert pages == -(-(MANY + 1) // PAGE_SIZE)
    found_page = client.get("/?q=星球 12").text
    assert tiles_of(found_page) == [f"星球 12{n}" for n in range(10)]
    assert 'value="星球 12"' in found_page
    assert tiles_of(client.get("/?q=%25").text) == []
    assert 'name="q"' in client.get("/?q=nothing").text
    assert len(tiles_of(client.get("/?after=no-such-planet").text)) == PAGE_SIZE


def test_pinned_ones_come_first_on_home_and_pages_miss_none(crowd: Cast) -> None:
    client = crowd.client("member")
    for n in range(PAGE_SIZE + 3):
        client.post(f"/p/more-{400 - n}/pin")
    first = client.get("/").text
    assert tiles_of(first)[0] == "星球 400"
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = tiles_of(client.get(following.group(1)).text)
    assert second[:3] == ["星球 376", "星球 375", "星球 374"]
    assert not set(second) & set(tiles_of(first))


def test_questions_are_counted_in_all_planets_that_are_open_to_their_addressee(
    crowd: Cast,
) -> None:
    with unit_of_work() as session:
        session.execute(
            sa.update(Membership)
            .where(Membership.user_id == crowd.users["member"])
            .values(user_id=crowd.users["guest"], number=None)
            .where(Membership.planet_id != crowd.planet_id)
        )
    put_question(crowd, "member", "guest")
    client = crowd.client("guest")
    # So far from the top that the column of home does not show it.
    for n in range(RAIL):
        client.post(f"/p/more-{n}/pin")
    page = client.get("/").text
    assert "orbit" not in rail_of(page)
    assert re.search(r'href="/questions".*?<span class="count">1<', page)
    crowd.set_membership("guest", expires_at=clock.now() - timedelta(days=90))
    assert not re.search(r'href="/questions"[^\n]*?<span class="count">', client.get("/").text)


def test_unread_topics_are_counted_where_they_are_shown(crowd: Cast) -> None:
    post(crowd, "owner")
    client = crowd.client("member")
    assert '<span class="count">1<' in client.get("/p/orbit/about").text
