"""The rules of the price, without a database: steps, renewing, coupons, terms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.billing.models import PlanVersion
from app.billing.money import CURRENCIES
from app.billing.prices import (
    Pricing,
    RenewalTerms,
    Step,
    discounted,
    lasts,
    next_step,
    per_day,
    price_at,
    pricing_of,
    renewal_amount,
)
from app.kernel import clock
from app.memberships.periods import Duration, Period

NOW = datetime(2026, 9, 16, 12, tzinfo=UTC)
STEPS = (Step(24_900, after_seats=10), Step(29_900, after_seats=50))

codes = st.sampled_from(sorted(CURRENCIES))
percents = st.integers(50, 100)


@st.composite
def prices(draw: st.DrawFn) -> tuple[int, str]:
    """Return an amount that its currency allows."""
    currency = CURRENCIES[draw(codes)]
    low, high = currency.least // currency.step, currency.most // currency.step
    return draw(st.integers(low, high)) * currency.step, currency.code


steps = st.lists(
    st.one_of(
        st.builds(Step, st.integers(1, 10_000), after_seats=st.integers(1, 100)),
        st.builds(
            Step,
            st.integers(1, 10_000),
            from_at=st.integers(0, 100).map(lambda days: NOW + timedelta(days=days)),
        ),
    ),
    max_size=6,
)


def test_the_price_rises_with_the_seats_sold_and_with_time() -> None:
    got = [price_at(19_900, STEPS, sold=n, now=NOW) for n in (0, 9, 10, 49, 50, 900)]
    assert got == [19_900, 19_900, 24_900, 24_900, 29_900, 29_900]
    later = (Step(25_000, from_at=NOW),)
    assert price_at(19_900, later, sold=0, now=NOW - timedelta(seconds=1)) == 19_900
    assert price_at(19_900, later, sold=0, now=NOW) == 25_000


def test_the_next_step_is_the_smallest_rise_ahead() -> None:
    assert next_step(19_900, STEPS, sold=0, now=NOW) == STEPS[0]
    assert next_step(19_900, STEPS, sold=10, now=NOW) == STEPS[1]
    assert next_step(19_900, STEPS, sold=50, now=NOW) is None
    # By seats it costs 29,900 already: a date that asks for less changes nothing.
    dated = (*STEPS, Step(26_000, from_at=NOW + timedelta(days=1)))
    assert next_step(19_900, dated, sold=50, now=NOW) is None


@given(st.integers(1, 5_000), steps, st.integers(0, 120), st.integers(0, 120))
def test_the_price_never_falls(base: int, ahead: list[Step], sold: int, more: int) -> None:
    now = price_at(base, ahead, sold=sold, now=NOW)
    then = price_at(base, ahead, sold=sold + more, now=NOW + timedelta(days=more))
    assert base <= now <= then
    coming = next_step(base, ahead, sold=sold, now=NOW)
    assert coming is None or coming.amount > now


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (None, Pricing.JOIN),
        (NOW + timedelta(seconds=1), Pricing.EARLY),
        (NOW, Pricing.GRACE),
        (NOW - timedelta(days=30) + timedelta(seconds=1), Pricing.GRACE),
        (NOW - timedelta(days=30), Pricing.LATE),
    ],
)
def test_which_price_holds_for_whom(ended: datetime | None, expected: Pricing) -> None:
    assert pricing_of(ended, days=30, now=NOW) is expected


def test_renewing_costs_a_part_rounded_down() -> None:
    terms = RenewalTerms()
    got = [renewal_amount(9_999, "CNY", kind, terms) for kind in Pricing]
    assert got == [9_999, 7_999, 8_999, 9_999]
    assert renewal_amount(999, "JPY", Pricing.EARLY, terms) == 799
    # Whole crowns and whole dinar hundredths only.
    assert renewal_amount(99_900, "ISK", Pricing.EARLY, terms) == 79_900
    assert renewal_amount(1_990, "KWD", Pricing.EARLY, terms) == 1_590


@given(prices(), percents, percents, percents)
def test_a_renewal_price_is_within_bounds(
    price: tuple[int, str], early: int, grace: int, late: int
) -> None:
    amount, code = price
    terms = RenewalTerms(early, grace, late)
    for kind in Pricing:
        paid = renewal_amount(amount, code, kind, terms)
        assert CURRENCIES[code].least <= paid <= amount
        assert paid % CURRENCIES[code].step == 0


@given(prices(), st.integers(0, 100), st.integers(0, 100_000_000))
def test_a_coupon_takes_off_what_it_says_and_never_too_much(
    price: tuple[int, str], percent: int, off: int
) -> None:
    amount, code = price
    paid = discounted(amount, code, percent=percent, off=off)
    if percent == 100:
        assert paid == 0
        return
    least = CURRENCIES[code].least
    assert least <= paid <= amount
    assert paid % CURRENCIES[code].step == 0
    exact = amount * (100 - percent) / 100 - off
    assert paid <= max(exact, least)


def version(term: str, count: int = 1, until: datetime | None = None) -> PlanVersion:
    """Return terms of which only the length matters."""
    return PlanVersion(term=term, term_count=count, until_at=until, currency="CNY")


def test_how_long_terms_last() -> None:
    with clock.fixed(NOW):
        assert lasts(version("days", 90)) == Duration(days=90)
        assert lasts(version("month", 3)) == Duration(months=3)
        assert lasts(version("year", 2)) == Duration(months=24)
        assert lasts(version("lifetime")) == Period(NOW)
        end = NOW + timedelta(days=3)
        assert lasts(version("until", until=end)) == Period(NOW, end)


def test_what_a_day_costs_is_never_flattered() -> None:
    assert per_day(version("year"), 19_900, NOW) == 55
    assert per_day(version("days", 30), 3_000, NOW) == 100
    assert per_day(version("lifetime"), 99_900, NOW) is None
    assert per_day(version("until", until=NOW + timedelta(days=10)), 1_001, NOW) == 101
    assert per_day(version("until", until=NOW), 1_000, NOW) is None
