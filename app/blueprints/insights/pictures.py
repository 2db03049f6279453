"""Which chart stands beside which table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext, ngettext, pgettext

from app.billing.actions.funnel import STEPS
from app.billing.money import to_decimal
from app.blueprints.insights.charts import Chart, Series, bars, grouped, stacked
from app.blueprints.insights.tables import Money, short_month, shown
from app.blueprints.insights.words import STEP_NAMES, TITLES
from app.blueprints.memberships.door import STANDING_NAMES
from app.insights.income import Line
from app.insights.members import Ends, Head
from app.insights.months import Months
from app.insights.terms import LOST, OPEN, RUNNING, Cohort, Flow


def standing(heads: Sequence[Head]) -> Chart:
    """Members by standing."""
    inside = sum(head.members for head in heads[:2])
    story = ngettext("%(num)s member is inside now.", "%(num)s members are inside now.", inside)
    labels = [str(STANDING_NAMES[head.standing]) for head in heads]
    return bars(_chart("standing", story), labels, [head.members for head in heads])


def ends(found: Sequence[Ends]) -> Chart:
    """Whose access ends in the next days."""
    last = found[-1]
    story = ngettext(
        "%(num)s membership ends within %(days)s days.",
        "%(num)s memberships end within %(days)s days.",
        last.ends,
        days=last.days,
    )
    labels = [ngettext("%(num)s day", "%(num)s days", one.days) for one in found]
    return bars(_chart("ends", story), labels, [one.ends for one in found])


def income(months: Months, lines: Sequence[Line], currency: str) -> Chart:
    """What was paid and what is left, by month, in one currency."""
    paid: Counter[int] = Counter()
    left: Counter[int] = Counter()
    for line in lines:
        if line.currency == currency:
            paid[line.month] += line.sums.paid
            left[line.month] += line.sums.net
    story = gettext(
        "%(paid)s was paid in these months, %(left)s is left.",
        paid=shown(Money(paid.total(), currency)),
        left=shown(Money(left.total(), currency)),
    )
    chart = Chart(f"income-{currency}", f"{TITLES['income']} · {currency}", story)
    series = [
        Series(pgettext("money", "Paid"), "pale", _amounts(months, paid, currency)),
        Series(gettext("Left for you"), "one", _amounts(months, left, currency)),
    ]
    return grouped(chart, _labels(months), series, currency)


def turns(months: Months, flows: Sequence[Flow]) -> Chart:
    """Who came, renewed and was lost, by month."""
    new, lost = [flow.new for flow in flows], [flow.lost for flow in flows]
    renewed = [flow.early + flow.grace + flow.late for flow in flows]
    story = gettext(
        "In these months %(new)s came, %(renewed)s renewed, %(lost)s were lost.",
        new=sum(new),
        renewed=sum(renewed),
        lost=sum(lost),
    )
    series = [
        Series(pgettext("members", "New"), "one", new),
        Series(gettext("Renewed, late ones too"), "good", renewed),
        Series(pgettext("members", "Lost"), "bad", lost),
    ]
    return grouped(_chart("turns", story), _labels(months), series)


def cohorts(months: Months, found: Sequence[Cohort]) -> Chart:
    """What became of those who joined, by the month of joining."""
    series = [
        Series(gettext("Renewed, late ones too"), "good", [one.renewed for one in found]),
        Series(pgettext("members", "Lost"), "bad", [one.fates[LOST] for one in found]),
        Series(pgettext("members", "Still open"), "mid", [one.fates[OPEN] for one in found]),
        Series(gettext("Not due yet"), "pale", [one.fates[RUNNING] for one in found]),
    ]
    due = sum(one.due for one in found)
    renewed = sum(one.renewed for one in found)
    story = gettext("Of %(due)s who were due, %(renewed)s have renewed.", due=due, renewed=renewed)
    return stacked(_chart("cohorts", story), _labels(months), series)


def funnel(totals: Sequence[int]) -> Chart:
    """How many visitors came to each step, of all sources together."""
    by_step = dict(zip(STEPS, totals, strict=True))
    story = gettext(
        "Of %(seen)s visitors %(paid)s have paid.", seen=by_step["view"], paid=by_step["paid"]
    )
    labels = [str(STEP_NAMES[step]) for step in STEPS]
    return bars(_chart("funnel", story), labels, totals)


def _chart(key: str, story: str) -> Chart:
    return Chart(key, str(TITLES[key]), story)


def _labels(months: Months) -> list[str]:
    return [short_month(first) for first in months.firsts]


def _amounts(months: Months, sums: Any, currency: str) -> list[float]:
    return [float(to_decimal(sums[place], currency)) for place in range(len(months.firsts))]
