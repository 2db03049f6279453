"""The owner's numbers as tables: the same rows on the page and in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_skeleton
from babel.numbers import format_decimal, format_percent
from flask_babel import get_locale

from app.billing.money import get_currency, shown_decimals, to_decimal
from app.blueprints.money import money
from app.kernel.cells import harmless


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Month:
    """A month by its first day."""

    first: date


@dataclass(frozen=True, slots=True)
class Rate:
    """A part of a whole; None while there is no whole."""

    value: float | None


Cell = str | int | Money | Month | Rate


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads. `heads` are (name in CSV, words on the page)."""

    key: str
    heads: Sequence[tuple[str, Any]]
    rows: Sequence[Sequence[Cell]]


def shown(cell: Cell) -> str:
    """Return a cell in the reader's language."""
    if isinstance(cell, Money) and cell.amount == 0:
        return "–"
    if isinstance(cell, Money):
        return money(cell.amount, cell.currency)
    if isinstance(cell, Month):
        return str(format_skeleton("yMMM", cell.first, locale=get_locale()))
    if isinstance(cell, Rate):
        locale = get_locale()
        return "–" if cell.value is None else format_percent(cell.value, "0.0%", locale=locale)
    return format_decimal(cell, locale=get_locale()) if isinstance(cell, int) else cell


def short_month(first: date) -> str:
    """Return a month in a word, for charts; January names the year."""
    if first.month == 1:
        return str(first.year)
    return str(format_skeleton("MMM", first, locale=get_locale()))


def to_csv(table: Table) -> str:
    """Return a table as CSV. Texts cannot become formulas of a spreadsheet; numbers stay numbers."""
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow([name for name, _words in table.heads])
    lines.writerows([_plain(cell) for cell in row] for row in table.rows)
    # With a mark by which spreadsheets know UTF-8.
    return "\ufeff" + out.getvalue()


def _plain(cell: Cell) -> str:
    if isinstance(cell, Money):
        decimals = shown_decimals(get_currency(cell.currency))
        return f"{to_decimal(cell.amount, cell.currency):.{decimals}f}"
    if isinstance(cell, Month):
        return f"{cell.first:%Y-%m}"
    if isinstance(cell, Rate):
        return "" if cell.value is None else f"{cell.value:.4f}"
    return harmless(cell) if isinstance(cell, str) else str(cell)
