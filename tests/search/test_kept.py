"""Past and saved searches, and searches without result: one's own, capped, without who searched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, NotFound, Refused
from app.search import misses, past, saved
from tests.cast import Cast


def search(cast: Cast, persona: str, words: str) -> bool:
    with unit_of_work():
        return past.remember(cast.actor(persona), words=words)


def past_of(cast: Cast, persona: str) -> list[str]:
    return [one.words for one in past.list_past(cast.users[persona])]


def test_the_latest_search_stands_first_and_each_once(noon: datetime, cast: Cast) -> None:
    assert search(cast, "member", "退款")
    with clock.fixed(noon + timedelta(minutes=1)):
        assert search(cast, "member", "  读书 笔记 ")
    with clock.fixed(noon + timedelta(minutes=2)):
        assert not search(cast, "member", "退款")
    assert past_of(cast, "member") == ["退款", "读书 笔记"]
    assert past_of(cast, "other") == []
    with clock.fixed(noon + timedelta(days=1)):
        assert search(cast, "member", "退款")


def test_the_oldest_make_room_and_texts_are_not_kept(noon: datetime, cast: Cast) -> None:
    for number in range(past.KEPT + 5):
        with clock.fixed(noon + timedelta(seconds=number)):
            search(cast, "member", f"词{number}")
    assert len(past_of(cast, "member")) == past.KEPT
    assert past_of(cast, "member")[-1] == "词5"
    assert not search(cast, "other", "长" * 101)
    assert not search(cast, "other", "   ")
    assert past_of(cast, "other") == []


def test_one_or_all_are_deleted_of_ones_own_alone(noon: datetime, cast: Cast) -> None:
    for words in ("退款", "读书"):
        search(cast, "member", words)
    search(cast, "other", "退款")
    with unit_of_work():
        past.forget(cast.actor("member"), words="退款")
    assert past_of(cast, "member") == ["读书"]
    with unit_of_work():
        past.forget_all(cast.actor("member"))
    assert past_of(cast, "member") == []
    assert past_of(cast, "other") == ["退款"]


def keep(cast: Cast, persona: str, query: str, planet_id: int | None = None) -> str:
    with unit_of_work():
        return saved.save(cast.actor(persona), query=query, planet_id=planet_id)


def test_the_same_search_is_saved_once_a_place(noon: datetime, cast: Cast) -> None:
    first = keep(cast, "member", "退款  is:answered")
    assert keep(cast, "member", "退款 is:answered") == first
    assert keep(cast, "member", "退款 is:answered", cast.planet_id) != first
    assert keep(cast, "other", "退款 is:answered") != first
    listed = saved.list_saved(cast.users["member"])
    assert [one.planet.slug if one.planet else "" for one in listed] == ["orbit", ""]
    assert {one.query for one in listed} == {"退款 is:answered"}


@pytest.mark.parametrize("persona", ["stranger", "left", "removed", "pending"])
def test_a_planet_that_one_does_not_read_looks_like_none(
    noon: datetime, cast: Cast, persona: str
) -> None:
    for planet_id in (cast.planet_id, 10_000):
        with pytest.raises(NotFound):
            keep(cast, persona, "退款", planet_id)
    assert saved.list_saved(cast.users[persona]) == []


def test_searches_of_a_planet_that_one_left_are_not_shown_and_make_room(
    noon: datetime, cast: Cast
) -> None:
    first = keep(cast, "member", "退款", cast.planet_id)
    keep(cast, "member", "读书")
    cast.set_membership("member", left_at=noon)
    assert [one.query for one in saved.list_saved(cast.users["member"])] == ["读书"]
    page = cast.client("member").get("/search/saved").text
    assert "退款" not in page and "轨道" not in page.partition("<main")[2].partition("</main")[0]
    cast.set_membership("member", left_at=None)
    assert first in [one.public_id for one in saved.list_saved(cast.users["member"])]
    cast.set_membership("member", left_at=noon)
    for number in range(saved.MOST - 1):
        keep(cast, "member", f"词{number}")
    assert len(saved.list_saved(cast.users["member"])) == saved.MOST
    with pytest.raises(Invalid):
        keep(cast, "member", "一个太多")


@pytest.mark.parametrize("query", ["", "  ", "长" * 301])
def test_what_is_no_search_is_not_saved(cast: Cast, query: str) -> None:
    with pytest.raises(Invalid):
        keep(cast, "member", query)


def test_there_is_an_end_to_saving(noon: datetime, cast: Cast) -> None:
    for number in range(saved.MOST):
        keep(cast, "member", f"词{number}")
    with pytest.raises(Invalid) as refused:
        keep(cast, "member", "一个太多")
    assert refused.value.code == "too_many_searches"


def test_nobody_touches_anothers_saved_search(noon: datetime, cast: Cast) -> None:
    mine = keep(cast, "member", "退款")
    with pytest.raises(NotFound), unit_of_work():
        saved.hush_hits(cast.actor("other"), public_id=mine)
    with unit_of_work():
        saved.drop(cast.actor("other"), public_id=mine)
    [row] = saved.list_saved(cast.users["member"])
    assert row.tell
    with unit_of_work():
        saved.hush_hits(cast.actor("member"), public_id=mine)
    assert not saved.list_saved(cast.users["member"])[0].tell
    with unit_of_work():
        saved.drop(cast.actor("member"), public_id=mine)
    assert saved.list_saved(cast.users["member"]) == []


def miss(cast: Cast, persona: str, words: str) -> None:
    with unit_of_work():
        misses.count_miss(cast.actor(persona), words=words)


def test_what_looks_like_somebodys_address_or_number_is_no_miss(cast: Cast) -> None:
    for words in (
        "wang@example.test",
        "我的电话 138-0013-8000",
        "订单 20260916001",
        "２０２６年 发票 3 张",
    ):
        miss(cast, "member", words)
    assert [one.words for one in misses.list_misses(cast.actor("owner"))] == ["2026年 发票 3 张"]


def test_misses_are_summed_over_thirty_days_without_who(noon: datetime, cast: Cast) -> None:
    with clock.fixed(noon - timedelta(days=31)):
        miss(cast, "member", "太早")
    with clock.fixed(noon - timedelta(days=29)):
        miss(cast, "member", "发票")
    miss(cast, "other", "ＦＡＰＩＡＯ")
    miss(cast, "member", "发票")
    miss(cast, "guest", "发票")
    listed = misses.list_misses(cast.actor("admin"))
    assert listed == [
        misses.Miss("发票", 3, noon.astimezone(UTC).date()),
        misses.Miss("fapiao", 1, noon.astimezone(UTC).date()),
    ]
    misses.purge_misses()
    assert {one.words for one in misses.list_misses(cast.actor("owner"))} == {"发票", "fapiao"}


def test_who_reads_only_a_part_misses_nothing_of_the_planets(noon: datetime, cast: Cast) -> None:
    miss(cast, "expired", "发票")
    assert misses.list_misses(cast.actor("owner")) == []


@pytest.mark.parametrize("persona", ["guest", "member", "expired", "stranger"])
def test_only_staff_read_what_was_missed(cast: Cast, persona: str) -> None:
    with pytest.raises(Refused):
        misses.list_misses(cast.actor(persona))


def test_a_machine_fills_no_table(
    noon: datetime, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misses, "MOST_A_DAY", 3)
    for number in range(5):
        miss(cast, "member", f"词{number}")
    miss(cast, "member", "词0")
    listed = misses.list_misses(cast.actor("owner"))
    assert [(one.words, one.times) for one in listed] == [("词0", 2), ("词1", 1), ("词2", 1)]
