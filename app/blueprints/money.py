"""Amounts as readers see them: in their language, with the decimals that their currency has."""

from __future__ import annotations

from babel.numbers import get_currency_name
from flask import Flask
from flask_babel import get_locale

from app.billing.money import COMMON, CURRENCIES, get_currency, shown_decimals, to_decimal
from app.notifications.speech import write_amount


def money(amount: int, currency: str) -> str:
    """Return an amount of minor units in words of the reader's language: ¥199.00."""
    return _format(amount, currency, shown_decimals(get_currency(currency)))


def price(amount: int, currency: str) -> str:
    """Return the same without empty decimals, as prices are written: ¥199."""
    decimals = shown_decimals(get_currency(currency))
    whole = to_decimal(amount, currency) % 1 == 0
    return _format(amount, currency, 0 if whole else decimals)


def currency_options() -> list[tuple[str, str]]:
    """Return (code, label) of every currency for a form, the usual ones first."""
    rest = (code for code in CURRENCIES if code not in COMMON)
    locale = get_locale()
    return [
        (code, f"{code} · {get_currency_name(code, locale=locale)}") for code in (*COMMON, *rest)
    ]


def _format(amount: int, currency: str, decimals: int) -> str:
    return write_amount(amount, currency, get_locale(), decimals)


def install(app: Flask) -> None:
    """Give templates the filters `money` and `price`."""
    app.jinja_env.filters.update(money=money, price=price)
