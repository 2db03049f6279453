"""Where entitlements come to lie: a pure function of rows (R7, R20, pauses)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.memberships.coverage import Grant, Pause, held_until, place
from app.memberships.periods import Duration

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
