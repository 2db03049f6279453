"""Tables as files for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from werkzeug.wrappers import Response

from app.kernel.cells import harmless


def sheet(name: str, rows: Iterable[Sequence[object]]) -> Response:
    """Return rows as a CSV file to be kept under a name; no cell is a formula."""
    out = io.StringIO()
    # Spreadsheets take a file for UTF-8 only when it says so.
    out.write("\ufeff")
    lines = csv.writer(out)
    lines.writerows([plain(cell) for cell in row] for row in rows)
    answer = Response(out.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def plain(cell: object) -> str:
    """Return a cell's text, made harmless where a spreadsheet would take it for a formula."""
    if isinstance(cell, int | Decimal):
        return str(cell)
    return "" if cell is None else harmless(str(cell))
