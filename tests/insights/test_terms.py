"""Who came, renewed, was lost: counted by hand on small lives.

The days of grace are 30 everywhere; now is 16 September 2026, noon UTC (20:00 in Shanghai).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.insights.months import last_months, month_of
from app.insights.terms import Life, Term, Turn, count, follow, marks

NOW = datetime(2026, 9, 16, 12, tzinfo=UTC)
GRACE = timedelta(days=30)


def day(text: str) -> datetime:
    """Return noon of a day, UTC."""
    return datetime.fromisoformat(f"{text}T12:00:00+00:00")


def term(bought: str, until: str | None, since: str = "") -> Term:
    return Term(day(bought), day(since or bought), day(until) if until else None)


FIRST = term("2026-03-01", "2026-06-01")
# What a life was -> its turns: (fate, day, whether it is the first term's).
LIVES: dict[str, tuple[Life, list[tuple[str, str, bool]]]] = {
    "still runs": (Life([term("2026-03-01", "2026-12-01")]), []),
    "never ends": (Life([term("2026-03-01", None)]), []),
    # Ended on 1 June; 1 July is the last moment of grace; lost, and lost in June.
    "lost": (Life([FIRST]), [("lost", "2026-06-01", True)]),
    # Ended on 1 September: until 1 October nothing is decided.
    "open": (Life([term("2026-03-01", "2026-09-01")]), [("open", "2026-09-01", True)]),
    "renewed early": (
        Life([FIRST, term("2026-05-20", "2026-12-01", "2026-06-01")]),
        [("early", "2026-05-20", True)],
    ),
    # A subscription renews at the very end.
    "renewed at the end": (
        Life([FIRST, term("2026-06-01", "2026-12-01")]),
        [("early", "2026-06-01", True)],
    ),
    "renewed on the last day of grace": (
        Life([FIRST, term("2026-06-30", "2026-12-01")]),
        [("grace", "2026-06-30", True)],
    ),
    # The thirtieth day itself is over: lost in June, back in July. The first term was renewed late.
    "came back late": (
        Life([FIRST, term("2026-07-01", "2026-12-01")]),
        [("lost", "2026-06-01", False), ("late", "2026-07-01", True)],
    ),
    # Early, then let it lapse: the loss is the second term's.
    "renewed once, then lost": (
        Life([FIRST, term("2026-05-20", "2026-08-01", "2026-06-01")]),
        [("early", "2026-05-20", True), ("lost", "2026-08-01", False)],
    ),
    # A gift that ends before what is held already renews nothing.
    "shorter one beside": (
        Life([term("2026-03-01", "2026-12-01"), term("2026-04-01", "2026-05-01")]),
        [],
    ),
    # His money was given back on 5 September: nobody waits for him.
    "refunded": (
        Life([Term(day("2026-03-01"), day("2026-03-01"), day("2026-09-05"), taken_back=True)]),
        [("lost", "2026-09-05", True)],
    ),
    "left in the middle": (
        Life([term("2026-03-01", "2026-12-01")], day("2026-07-05")),
        [("lost", "2026-07-05", True)],
    ),
    "left when it had ended": (Life([FIRST], day("2026-08-05")), [("lost", "2026-06-01", True)]),
    # He said so himself: nobody waits for him, though the days of grace are not over.
    "left within the days of grace": (
        Life([term("2026-03-01", "2026-09-01")], day("2026-09-05")),
        [("lost", "2026-09-01", True)],
    ),
}


@pytest.mark.parametrize("name", LIVES)
def test_a_life(name: str) -> None:
    life, expected = LIVES[name]
    came, turns = follow(life, now=NOW, grace=GRACE)
    assert came == day("2026-03-01")
    assert turns == [Turn(fate, day(at), first) for fate, at, first in expected]


def test_nobody_came_without_a_term() -> None:
    assert follow(Life([]), now=NOW, grace=GRACE) == (None, [])


def test_all_lives_together() -> None:
    """By hand, from the table above. All 14 came in March.

    First terms: early 3 (early, at the end, renewed once), grace 1, late 1; lost 5 (lost, refunded,
    the three that left); open 1; running 3 (still runs, never ends, shorter one beside). Due: 14 - 3 =
    11. Rate: 5 renewed of 5 + 5 decided.

    Losses by month: June: lost, came back late, left when it had ended = 3; July: left in the middle
    = 1; August: renewed once = 1; September: refunded, left within the days of grace = 2.
    """
    months = last_months(12, now=NOW, zone="Asia/Shanghai")
    found = [mark for life, _ in LIVES.values() for mark in marks(life, now=NOW, grace=GRACE)]
    places = [(what, months.places[month_of(at, "Asia/Shanghai")], 1) for what, at in found]
    flows, cohorts = count(places, months)
    by_month = {first.month: flow for first, flow in zip(months.firsts, flows, strict=True)}
    assert {m: f.new for m, f in by_month.items() if f.new} == {3: 14}
    assert {m: f.early for m, f in by_month.items() if f.early} == {5: 2, 6: 1}
    assert {m: f.grace for m, f in by_month.items() if f.grace} == {6: 1}
    assert {m: f.late for m, f in by_month.items() if f.late} == {7: 1}
    assert {m: f.lost for m, f in by_month.items() if f.lost} == {6: 3, 7: 1, 8: 1, 9: 2}
    assert {m: f.open for m, f in by_month.items() if f.open} == {9: 1}
    march = cohorts[5]
    assert (march.joined, march.due, march.renewed) == (14, 11, 5)
    assert march.fates == {"early": 3, "grace": 1, "late": 1, "lost": 5, "open": 1, "running": 3}
    assert march.rate == 5 / 10
    assert [one.rate for one in cohorts[6:]] == [None] * 6


def test_months_are_those_of_the_zone() -> None:
    months = last_months(3, now=NOW, zone="Asia/Shanghai")
    assert months.firsts == (date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1))
    # Midnight in Shanghai is 16:00 of the day before in UTC.
    assert months.begins == datetime(2026, 6, 30, 16, tzinfo=UTC)
    assert months.ends == datetime(2026, 9, 30, 16, tzinfo=UTC)
    july_ends = datetime(2026, 7, 31, 16, tzinfo=UTC)
    instant = timedelta(microseconds=1)
    names = [month_of(moment, "Asia/Shanghai") for moment in (july_ends - instant, july_ends)]
    assert names == ["2026-07", "2026-08"]
    assert months.places == {"2026-07": 0, "2026-08": 1, "2026-09": 2}


def test_months_where_the_clock_is_changed() -> None:
    months = last_months(14, now=NOW, zone="Europe/Berlin")
    offsets = {bound.hour for bound in months.bounds}
    # Midnight in Berlin is 23:00 in winter and 22:00 in summer, UTC.
    assert offsets == {22, 23}
    assert len(months.firsts) == 14
    assert months.firsts[0] == date(2025, 8, 1)
