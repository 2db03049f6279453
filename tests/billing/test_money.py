"""Money: minor units as the provider has them, what people type, what can be charged (R21)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.billing.money import (
    COMMON,
    CURRENCIES,
    as_typed,
    check_amount,
    get_currency,
    parse_amount,
    round_down,
    to_decimal,
)
from app.kernel.errors import Invalid

codes = st.sampled_from(sorted(CURRENCIES))


@pytest.mark.parametrize(
    ("typed", "code", "amount"),
    [
        ("19.9", "CNY", 1_990),
        ("199", "CNY", 19_900),
        ("１９９", "CNY", 19_900),
        ("１９．９０", "CNY", 1_990),
        ("¥199", "CNY", 19_900),
        ("￥ 1,999.00 元", "CNY", 199_900),
        ("CNY 20", "CNY", 2_000),
        ("US$20", "USD", 2_000),
        ("19,90 €", "EUR", 1_990),
        ("1,999", "EUR", 199_900),
        ("500", "JPY", 500),
        ("1,500円", "JPY", 1_500),
        ("9900원", "KRW", 9_900),
        ("1.25", "KWD", 1_250),
        ("500", "ISK", 50_000),
        ("20000", "UGX", 2_000_000),
    ],
)
def test_r21_what_people_type_becomes_minor_units(typed: str, code: str, amount: int) -> None:
    assert parse_amount(typed, code, field="amount") == amount


@pytest.mark.parametrize(
    ("typed", "code", "problem"),
    [
        ("", "CNY", "required"),
        ("¥", "CNY", "required"),
        ("-5", "CNY", "money"),
        ("1e5", "CNY", "money"),
        ("0x10", "CNY", "money"),
        ("19.9.9", "CNY", "money"),
        ("1 9 9 yuan", "CNY", "money"),
        ("NaN", "CNY", "money"),
        ("9" * 13, "CNY", "money"),
        ("1.999", "CNY", "money_decimals"),
        ("500.5", "JPY", "money_decimals"),
        ("1.234", "KWD", "money_decimals"),
        ("500.5", "ISK", "money_decimals"),
        ("99.5", "TWD", "money_decimals"),
    ],
)
def test_r21_what_is_no_amount_is_refused(typed: str, code: str, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_amount(typed, code, field="amount")
    assert (refused.value.field, refused.value.code) == ("amount", problem)


@pytest.mark.parametrize(
    ("amount", "code", "problem"),
    [
        (49, "USD", "money_low"),
        (50, "USD", ""),
        (29, "GBP", "money_low"),
        (17_400, "HUF", "money_low"),
        (17_500, "HUF", ""),
        (17_550, "HUF", "money_decimals"),
        (49, "JPY", "money_low"),
        (50, "JPY", ""),
        (0, "CNY", "money_low"),
        (100_000_000, "CNY", "money_high"),
        (100_000_000, "IDR", ""),
        (205, "KWD", "money_decimals"),
    ],
)
def test_r21_the_providers_bounds_hold(amount: int, code: str, problem: str) -> None:
    if not problem:
        check_amount(amount, code, field="amount")
        return
    with pytest.raises(Invalid) as refused:
        check_amount(amount, code, field="amount")
    assert refused.value.code == problem


def test_r21_currencies_are_counted_as_the_provider_does() -> None:
    zero = {code for code, c in CURRENCIES.items() if c.decimals == 0}
    assert {"JPY", "KRW", "VND", "CLP", "PYG", "XAF", "XOF", "MGA"} <= zero
    assert not zero & {"ISK", "UGX", "HUF", "TWD", "KWD", "CNY", "IDR"}
    assert {code for code, c in CURRENCIES.items() if c.decimals == 3} == {
        "BHD", "JOD", "KWD", "OMR", "TND",
    }  # fmt: skip
    assert len(CURRENCIES) >= 135
    assert set(COMMON) <= set(CURRENCIES)
    # Rows hold 32 bits.
    assert all(c.least % c.step == 0 and c.most < 2**31 for c in CURRENCIES.values())
    with pytest.raises(Invalid):
        get_currency("XXX")


@given(codes, st.integers(0, 20_000_000))
def test_r21_an_amount_survives_its_form(code: str, count: int) -> None:
    amount = count * get_currency(code).step
    shown = as_typed(amount, code)
    assert parse_amount(shown, code, field="amount") == amount
    assert Decimal(shown) == to_decimal(amount, code)


@given(codes, st.integers(0, 2_000_000_000))
def test_r21_rounding_down_takes_less_than_a_step(code: str, amount: int) -> None:
    step = get_currency(code).step
    assert round_down(amount, code) % step == 0
    assert 0 <= amount - round_down(amount, code) < step


@given(st.text(max_size=20), codes)
def test_whatever_is_typed_is_an_amount_or_refused(typed: str, code: str) -> None:
    try:
        assert parse_amount(typed, code, field="amount") >= 0
    except Invalid as refused:
        assert refused.code in ("required", "money", "money_decimals")


def test_the_least_and_the_most_are_those_that_the_provider_documents() -> None:
    # https://docs.stripe.com/currencies, "Minimum and maximum charge amounts", in minor units.
    least = {
        "USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1_500,
        "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400, "HUF": 17_500, "INR": 50, "JPY": 50,
        "MXN": 1_000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300,
        "SGD": 50, "THB": 1_000,
    }  # fmt: skip
    assert {code: CURRENCIES[code].least for code in least} == least
    more = {code for code, currency in CURRENCIES.items() if currency.most > 99_999_999}
    assert more == {"COP", "HUF", "IDR", "INR", "JPY", "LBP"}
    assert CURRENCIES["INR"].most == 999_999_999


@pytest.mark.parametrize("code", ["ISK", "UGX", "HUF", "TWD"])
def test_the_special_cases_are_counted_in_hundredths_that_are_none(code: str) -> None:
    currency = get_currency(code)
    assert (currency.decimals, currency.step) == (2, 100)
    assert parse_amount("500", code, field="amount") == 50_000
    assert round_down(currency.least * 2 + 99, code) == currency.least * 2
