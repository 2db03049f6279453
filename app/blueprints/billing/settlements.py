"""What the installation owes to the planet's owner: the statement of a month, on a page and as a file."""

from __future__ import annotations

from flask import render_template, url_for

from app.billing.house import house
from app.billing.money import as_typed
from app.billing.queries.settlement import Statement, list_statements
from app.blueprints.billing.door import bp
from app.blueprints.billing.ledger import KINDS
from app.blueprints.billing.months import months_until_now, read_month, stretch_of
from app.blueprints.billing.sheets import sheet
from app.blueprints.entrance import declares, enter_planet, require
from app.blueprints.language import month_words
from app.blueprints.memberships.door import Page
from app.kernel.db import unit_of_work
from app.memberships.actions.exporting import note_export
from app.policy import Action, can

COLUMNS = ("currency", "line", "kind", "date", "amount")


@bp.get("/p/<slug>/settlements")
@declares(Action.INCOME_READ)
def settlements(slug: str) -> Page:
    """Show how what this site owes to the owner moved in a month."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.INCOME_READ))
    month = read_month(actor)
    here = f"{month:%Y-%m}"
    return render_template(
        "billing/settlements.html",
        month=here,
        months=[(m, month_words(m)) for m in dict.fromkeys([here, *months_until_now(actor)])],
        statements=list_statements(actor, stretch_of(month)),
        kinds=KINDS,
        owes=house.settles_owners,
        file=url_for("billing.settlements_file", slug=slug, month=here),
    )


@bp.get("/p/<slug>/settlements.csv")
@declares(Action.INCOME_READ)
def settlements_file(slug: str) -> Page:
    """Answer with the statements of a month as a CSV file."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.INCOME_READ))
    month = read_month(actor)
    rows = [row for each in list_statements(actor, stretch_of(month)) for row in _rows(each)]
    with unit_of_work():
        note_export(actor, "export.settlements", month=f"{month:%Y-%m}")
    return sheet(f"settlement-{slug}-{month:%Y-%m}", [COLUMNS, *rows])


def _rows(statement: Statement) -> list[tuple[str, ...]]:
    def row(line: str, kind: str, date: str, amount: int) -> tuple[str, ...]:
        return (
            statement.currency,
            line,
            kind,
            date,
            as_typed(amount, statement.currency),
        )

    return [
        row("opened", "", "", statement.opened),
        *(row("booked", move.name, "", move.amount) for move in statement.moves),
        *(row("paid", "", each.at.isoformat(), -each.amount) for each in statement.settled),
        row("closed", "", "", statement.closed),
    ]
