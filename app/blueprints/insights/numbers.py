"""The owner's numbers: members, income, renewals, the join page; every figure with its definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext

from app.billing.actions.funnel import STEPS
from app.blueprints.entrance import current_site, declares, enter_planet, require
from app.blueprints.insights import pictures
from app.blueprints.insights.charts import Chart
from app.blueprints.insights.door import bp
from app.blueprints.insights.tables import Cell, Money, Month, Rate, Table, shown, to_csv
from app.blueprints.insights.words import DEFINITIONS, EMPTY, HEADS, KIND_NAMES, TITLES
from app.blueprints.memberships.door import STANDING_NAMES
from app.insights.funnel import count_funnel
from app.insights.income import Line, Sold, Sums, list_income
from app.insights.members import Sums as MemberSums
from app.insights.members import count_people, list_ends, list_standings, list_turns
from app.insights.months import Months, last_months
from app.insights.terms import EARLY, GRACE, LATE, LOST, OPEN, Cohort, Flow
from app.kernel.db import unit_of_work
from app.kernel.errors import NotFound
from app.memberships.actions.exporting import note_export
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can

SPANS = (3, 12, 24)


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its pictures, as the page shows it."""

    table: Table
    charts: list[Chart]
    sums: list[list[Cell]]


@dataclass
class Asked:
    """What the tables are of. The members are counted once for three of them."""

    planet: PlanetView
    actor: Actor
    months: Months

    @cached_property
    def members(self) -> MemberSums:
        """What is counted of the members."""
        return count_people(self.actor, self.planet)


@bp.get("/p/<slug>/numbers")
@declares(Action.INCOME_READ)
def numbers(slug: str) -> str:
    """Show all numbers of the last months (`months`: 3, 12 or 24)."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.INCOME_READ))
    months = _months(actor)
    return render_template(
        "insights/numbers.html",
        sections=_sections(Asked(planet, actor, months)),
        titles=TITLES,
        definitions=DEFINITIONS,
        empty_words=EMPTY,
        shown=shown,
        months=len(months.firsts),
        spans=[
            (_span_name(count), url_for("insights.numbers", slug=slug, months=count), count)
            for count in SPANS
        ],
        zone=current_site().default_timezone,
        share=f"{current_site().base_url}{url_for('planets.landing', slug=slug)}?from=",
    )


@bp.get("/p/<slug>/numbers/<table>.csv")
@declares(Action.INCOME_READ)
def download(slug: str, table: str) -> Response:
    """Return one table as CSV, for the same months as the page."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.INCOME_READ))
    if table not in HEADS:
        raise NotFound(table)
    asked = Asked(planet, actor, _months(actor))
    found = next(one.table for one in _SECTIONS[table](asked) if one.table.key == table)
    answer = Response(to_csv(found), mimetype="text/csv")
    with unit_of_work():
        note_export(actor, "export.numbers", table=table, months=len(asked.months.firsts))
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-{table}.csv"'
    return answer


def _months(actor: Actor) -> Months:
    count = request.args.get("months", 12, type=int)
    count = count if count in SPANS else 12
    return last_months(count, now=actor.now, zone=current_site().default_timezone)


def _span_name(count: int) -> str:
    return str(gettext("%(count)s months", count=count))


def _sections(asked: Asked) -> list[Section]:
    return [
        section for make in (_standing, _ends, _income, _turns, _funnel) for section in make(asked)
    ]


def _section(key: str, rows: list[list[Cell]], *charts: Chart, sums: Any = ()) -> Section:
    return Section(Table(key, HEADS[key], rows), list(charts), list(sums))


def _standing(asked: Asked) -> list[Section]:
    heads = list_standings(asked.members)
    rows: list[list[Cell]] = [
        [str(STANDING_NAMES[head.standing]), head.members, head.team] for head in heads
    ]
    return [_section("standing", rows, pictures.standing(heads))]


def _ends(asked: Asked) -> list[Section]:
    found = list_ends(asked.members)
    rows: list[list[Cell]] = [[one.days, one.ends, one.renewing] for one in found]
    return [_section("ends", rows if found[-1].ends else [], pictures.ends(found))]


def _income(asked: Asked) -> list[Section]:
    months = asked.months
    lines = list_income(asked.actor, asked.planet, months)
    totals: dict[str, Sums] = {}
    for line in lines:
        totals.setdefault(line.currency, Sums()).add(line.sums)
    rows = [_income_row(months, line) for line in reversed(lines)]
    sums: list[list[Cell]] = [
        [gettext("Together"), "", currency, *_amounts(total, currency)]
        for currency, total in sorted(totals.items())
    ]
    charts = [pictures.income(months, lines, currency) for currency in sorted(totals)]
    return [_section("income", rows, *charts, sums=sums)]


def _income_row(months: Months, line: Line) -> list[Cell]:
    month = Month(months.firsts[line.month])
    return [month, _sold(line.sold), line.currency, *_amounts(line.sums, line.currency)]


def _amounts(sums: Sums, currency: str) -> list[Cell]:
    amounts = (
        sums.paid,
        sums.refunded,
        sums.disputed,
        sums.fees,
        sums.tax,
        sums.platform,
        sums.shares,
    )
    return [Money(amount, currency) for amount in (*amounts, sums.net)]


def _sold(sold: Sold) -> str:
    return sold.plan or str(KIND_NAMES.get(sold.kind, gettext("Other")))


def _turns(asked: Asked) -> list[Section]:
    months = asked.months
    flows, cohorts = list_turns(asked.members, months)
    turns = [_flow_row(first, flow) for first, flow in zip(months.firsts, flows, strict=True)]
    joined = [
        _cohort_row(first, cohort)
        for first, cohort in zip(months.firsts, cohorts, strict=True)
        if cohort.joined
    ]
    moved = any(number for row in turns for number in row[1:])
    return [
        _section("turns", turns[::-1] if moved else [], pictures.turns(months, flows)),
        _section("cohorts", joined[::-1], pictures.cohorts(months, cohorts)),
    ]


def _flow_row(first: Any, flow: Flow) -> list[Cell]:
    return [Month(first), flow.new, flow.early, flow.grace, flow.late, flow.lost, flow.open]


def _cohort_row(first: Any, cohort: Cohort) -> list[Cell]:
    fates = [cohort.fates[fate] for fate in (EARLY, GRACE, LATE, LOST, OPEN)]
    return [Month(first), cohort.joined, cohort.due, *fates, Rate(cohort.rate)]


def _funnel(asked: Asked) -> list[Section]:
    found = count_funnel(asked.actor, asked.planet, asked.months)
    rows: list[list[Cell]] = [
        [source or gettext("No source"), *(steps[step] for step in STEPS)]
        for source, steps in found.items()
    ]
    totals = [sum(steps[step] for steps in found.values()) for step in STEPS]
    sums: list[list[Cell]] = [[gettext("Together"), *totals]] if len(rows) > 1 else []
    return [_section("funnel", rows, pictures.funnel(totals), sums=sums)]


# Which reading makes which table.
_SECTIONS: dict[str, Callable[[Asked], list[Section]]] = {
    "standing": _standing,
    "ends": _ends,
    "income": _income,
    "turns": _turns,
    "cohorts": _turns,
    "funnel": _funnel,
}
