"""Where entitlements come to lie: a pure function of rows (R7, R20, pauses)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.memberships.coverage import BEFORE_ZONES, Grant, Pause, held_until, place
from app.memberships.periods import Duration, months_later

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def day(n: float) -> datetime:
    return START + n * DAY


def lasting(key: int, start: float, days: int, **more: object) -> Grant:
    return Grant(key, day(start), lasts=Duration(days=days), **more)  # type: ignore[arg-type]


def ends(grants: list[Grant], pauses: list[Pause] | None = None) -> list[datetime | None]:
    return [lot.until for lot in place(grants, pauses or [])]


def test_r7_a_renewal_starts_at_the_end_of_what_is_held() -> None:
    assert ends([lasting(1, 0, 365), lasting(2, 300, 365)]) == [day(365), day(730)]
    assert ends([lasting(1, 0, 10), lasting(2, 20, 10)]) == [day(10), day(30)]


@pytest.mark.parametrize(
    ("start", "lasts", "end"),
    [
        ("2028-02-29", Duration(months=12), "2029-02-28"),
        ("2028-02-29", Duration(months=48), "2032-02-29"),
        ("2026-01-31", Duration(months=1), "2026-02-28"),
        ("2026-02-28", Duration(days=365), "2027-02-28"),
        ("2028-02-29", Duration(days=365), "2029-02-28"),
    ],
)
def test_r7_calendar_months_and_years_clamp(start: str, lasts: Duration, end: str) -> None:
    moment = datetime.fromisoformat(f"{start}T08:30:00+00:00")
    expected = datetime.fromisoformat(f"{end}T08:30:00+00:00")
    assert ends([Grant(1, moment, lasts=lasts)]) == [expected]


def counted(starts: list[str], months: list[int], zone: str = "Asia/Shanghai") -> list[str]:
    """Return the ends of stacked months in the clock of their zone, as `place` counts them."""
    here = ZoneInfo(zone)
    grants = [
        Grant(n, datetime.fromisoformat(start).replace(tzinfo=here).astimezone(UTC),
              lasts=Duration(months=months[n]), zone=zone)
        for n, start in enumerate(starts)
    ]  # fmt: skip
    return [
        lot.until.astimezone(here).strftime("%Y-%m-%d %H:%M") for lot in place(grants) if lot.until
    ]


def test_r7_a_month_bought_in_the_morning_in_shanghai_ends_a_month_later_there() -> None:
    assert counted(["2026-03-01 07:00"], [1]) == ["2026-04-01 07:00"]
    assert counted(["2026-03-01 00:00"], [1]) == ["2026-04-01 00:00"]
    assert counted(["2026-01-31 23:30"], [1]) == ["2026-02-28 23:30"]
    assert counted(["2028-02-29 05:00"], [12]) == ["2029-02-28 05:00"]
    assert counted(["2026-02-28 21:00"], [1], "America/New_York") == ["2026-03-28 21:00"]


def test_r7_the_nth_renewal_ends_at_the_anchor_and_n_months() -> None:
    three = ["2026-01-31 10:00", "2026-02-10 10:00", "2026-02-11 10:00"]
    assert counted(three, [1, 1, 1]) == [
        "2026-02-28 10:00",
        "2026-03-31 10:00",
        "2026-04-30 10:00",
    ]
    assert counted(["2026-01-31 10:00"], [3]) == ["2026-04-30 10:00"]
    assert counted(three, [12, 1, 12])[2] == "2028-02-29 10:00"


def test_r7_months_begin_anew_after_a_gap_or_after_days() -> None:
    late = ["2026-01-31 10:00", "2026-03-02 10:00"]
    assert counted(late, [1, 1]) == ["2026-02-28 10:00", "2026-04-02 10:00"]
    month, week = Duration(months=1), Duration(days=7)
    first = datetime(2026, 1, 31, tzinfo=UTC)
    stack = [Grant(n, first, lasts=lasts) for n, lasts in enumerate((month, week, month))]
    assert ends(stack)[2] == datetime(2026, 4, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-01 07:00", "2026-04-01 07:00"),  # summer time begins in between
        ("2026-10-01 07:00", "2026-11-01 07:00"),  # and ends
        ("2026-02-28 02:30", "2026-03-28 02:30"),
        ("2026-03-29 03:30", "2026-04-29 03:30"),
    ],
)
def test_r7_the_hour_stays_where_clocks_are_changed(start: str, end: str) -> None:
    assert counted([start], [1], "Europe/Berlin") == [end]


def test_r7_an_hour_that_clocks_skip_or_show_twice_is_the_later_one() -> None:
    skipped = datetime(2026, 2, 28, 1, 30, tzinfo=UTC)
    assert months_later(skipped, 13, "Europe/Berlin") == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    twice = datetime(2026, 9, 25, 0, 30, tzinfo=UTC)
    assert months_later(twice, 1, "Europe/Berlin") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_r7_a_pause_before_the_purchase_does_not_shorten_the_month() -> None:
    pause = Pause(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 15, tzinfo=UTC))
    bought = Grant(1, datetime(2026, 3, 1, tzinfo=UTC), lasts=Duration(months=1))
    assert ends([bought], [pause]) == [datetime(2026, 4, 1, tzinfo=UTC)]
    later = Pause(datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC))
    assert ends([bought], [pause, later]) == [datetime(2026, 4, 4, tzinfo=UTC)]


def test_r20_months_count_from_their_own_day_while_the_first_is_suspended() -> None:
    moments = [datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 10, tzinfo=UTC)]
    first, second = (Grant(n, at, lasts=Duration(months=1)) for n, at in enumerate(moments))
    assert ends([first, second])[1] == datetime(2026, 3, 31, tzinfo=UTC)
    assert ends([replace(first, holds=False), second])[1] == datetime(2026, 3, 10, tzinfo=UTC)


def test_what_was_granted_before_zones_keeps_its_ends_and_a_renewal_makes_up_for_it() -> None:
    old = [
        Grant(n, datetime(2026, 1, 31, 3, tzinfo=UTC), lasts=Duration(months=1), zone=BEFORE_ZONES)
        for n in range(2)
    ]
    stood = [datetime(2026, 2, 28, 3, tzinfo=UTC), datetime(2026, 3, 28, 3, tzinfo=UTC)]
    assert ends(old) == stood
    renewal = Grant(
        9, datetime(2026, 3, 20, tzinfo=UTC), lasts=Duration(months=1), zone="Asia/Shanghai"
    )
    assert ends([*old, renewal]) == [*stood, datetime(2026, 4, 30, 3, tzinfo=UTC)]


@given(
    months=st.lists(st.integers(1, 14), min_size=1, max_size=6),
    bought=st.datetimes(datetime(2025, 1, 1), datetime(2029, 1, 1)),  # noqa: DTZ001
    zone=st.sampled_from(("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York")),
)
def test_r7_stacked_months_end_where_as_many_at_once_would(
    months: list[int], bought: datetime, zone: str
) -> None:
    moment = bought.replace(tzinfo=UTC)
    stacked = [Grant(n, moment, lasts=Duration(months=m), zone=zone) for n, m in enumerate(months)]
    at_once = Grant(0, moment, lasts=Duration(months=sum(months)), zone=zone)
    assert ends(stacked)[-1] == ends([at_once])[0]


def test_r20_what_falls_away_holds_nothing_back_and_moves_back_when_lifted() -> None:
    first, second, third = lasting(1, 0, 30), lasting(2, 5, 30), lasting(3, 6, 30)
    assert ends([first, second, third]) == [day(30), day(60), day(90)]
    fallen = replace(second, holds=False)
    assert ends([first, fallen, third]) == [day(30), day(60), day(60)]
    gone = replace(first, holds=False)
    assert ends([gone, second, third]) == [day(30), day(35), day(65)]
    assert ends([first, second, third]) == [day(30), day(60), day(90)]


def test_a_duration_waits_for_the_fixed_period_it_falls_into() -> None:
    month = Grant(1, day(0), ends=day(31))
    following = Grant(2, day(31), ends=day(59))
    code = lasting(3, 10, 7)
    assert ends([month, code]) == [day(31), day(38)]
    assert ends([month, following, code]) == [day(31), day(59), day(66)]


def test_a_cut_ends_early_and_lets_the_next_begin() -> None:
    assert ends([lasting(1, 0, 30, cut=day(12)), lasting(2, 1, 30)]) == [day(12), day(42)]
    assert place([lasting(1, 0, 30, cut=day(0))])[0].empty


def test_what_never_ends_never_ends() -> None:
    assert held_until(place([Grant(1, day(0)), lasting(2, 1, 30)])) == (True, None)
    assert held_until(place([Grant(1, day(0), holds=False)])) == (False, None)
    assert held_until([]) == (False, None)


@given(
    lengths=st.lists(st.integers(1, 400), min_size=1, max_size=6),
    monthly=st.booleans(),
    paused_on=st.floats(0.1, 500),
    seconds=st.integers(1, 90 * 86_400),
)
def test_a_pause_of_n_seconds_moves_every_end_by_exactly_n_seconds(
    lengths: list[int], monthly: bool, paused_on: float, seconds: int
) -> None:
    grants = [
        Grant(n, day(0), lasts=Duration(months=length) if monthly else Duration(days=length))
        for n, length in enumerate(lengths)
    ]
    grants.append(Grant(99, day(0), ends=day(250)))
    pause = Pause(day(paused_on), day(paused_on) + timedelta(seconds=seconds))
    before, after = ends(grants), ends(grants, [pause])
    for old, new in zip(before, after, strict=True):
        assert old is not None
        assert new is not None
        moved = timedelta(seconds=seconds) if old > pause.starts else timedelta()
        assert new - old == moved


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    starts=st.lists(st.integers(0, 100), min_size=8, max_size=8),
    falls=st.sets(st.integers(0, 7)),
)
def test_durations_never_overlap_and_lose_no_second(
    lengths: list[int], starts: list[int], falls: set[int]
) -> None:
    grants = [
        lasting(n, starts[n], length, holds=n not in falls) for n, length in enumerate(lengths)
    ]
    placed = [lot for lot in place(grants) if lot.holds]
    for lot in placed:
        assert lot.until is not None
        assert lot.until - lot.since == lengths[lot.key] * DAY
        assert lot.since >= day(starts[lot.key])
    in_order = sorted(placed, key=lambda lot: lot.since)
    assert all(a.until is not None and a.until <= b.since for a, b in pairwise(in_order))
