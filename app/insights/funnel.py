"""The funnel of the join page: from the first look to the first question, per source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from app.billing.actions.funnel import STEPS
from app.billing.models import FunnelStep
from app.insights.months import Months, month_of
from app.insights.tallies import Kind, Part, read
from app.kernel.db import db
from app.planets.counted import VISITORS
from app.planets.queries import PlanetView
from app.planets.zones import zone_of
from app.policy import Action, Actor
from app.policy.gate import require


def count_funnel(actor: Actor, planet: PlanetView, months: Months) -> dict[str, dict[str, int]]:
    """Return source -> step -> visitors, of those whose first step lies in these months. The sources
    with most visitors come first; "" is without one."""
    require(actor, Action.INCOME_READ)
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STEPS, 0))
    places = months.places
    for key, visitors in read(KIND, planet, actor.now).items():
        month, step, source = key.split("|", 2)
        if visitors and month in places:
            found[source][step] += visitors
    ranked = sorted(found.items(), key=lambda item: (-max(item[1].values()), item[0]))
    return dict(ranked)


def _terms(_planet: PlanetView) -> str:
    return f"1 {zone_of('')}"


def _refs(planet_id: int, after: str, most: int) -> list[str]:
    return list(
        db.session.scalars(
            select(FunnelStep.visitor)
            .where(FunnelStep.planet_id == planet_id, FunnelStep.visitor > after)
            .group_by(FunnelStep.visitor)
            .order_by(FunnelStep.visitor)
            .limit(most)
        )
    )


def _measure(planet: PlanetView, refs: Collection[str], _moment: datetime) -> dict[str, Part]:
    """Measure visitors. Two queries. A label stands in each of a visitor's rows but those from before he
    had one."""
    here = (FunnelStep.planet_id == planet.id, FunnelStep.visitor.in_(refs))
    firsts = {
        row.visitor: (month_of(row.first, zone_of("")), row.source)
        for row in db.session.execute(
            select(
                FunnelStep.visitor,
                func.min(FunnelStep.at).label("first"),
                func.max(FunnelStep.source).label("source"),
            )
            .where(*here)
            .group_by(FunnelStep.visitor)
        )
    }
    counts: dict[str, dict[str, int]] = {visitor: {} for visitor in firsts}
    for visitor, step in db.session.execute(
        select(FunnelStep.visitor, FunnelStep.step).where(*here)
    ):
        month, source = firsts[visitor]
        counts[visitor][f"{month}|{step}|{source}"] = 1
    return {visitor: Part(steps) for visitor, steps in counts.items()}


KIND = Kind(VISITORS, _terms, _refs, _measure)
