"""The funnel of the join page: from the first look to the first question, per source."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import func, select

from app.billing.actions.funnel import STEPS
from app.billing.models import FunnelStep
from app.kernel.db import db
from app.planets.queries import PlanetView
from app.policy import Action, Actor
from app.policy.gate import require


def count_funnel(actor: Actor, planet: PlanetView, since: datetime) -> dict[str, dict[str, int]]:
    """Return source -> step -> visitors, of those whose first step was at `since` or later. One
    query. The sources with most visitors come first; "" is without one."""
    require(actor, Action.INCOME_READ)
    # A visitor's label stands in each of his rows but those from before he had one.
    visitors = (
        select(FunnelStep.visitor, func.max(FunnelStep.source).label("source"))
        .where(FunnelStep.planet_id == planet.id)
        .group_by(FunnelStep.visitor)
        .having(func.min(FunnelStep.at) >= since)
        .subquery()
    )
    rows = db.session.execute(
        select(visitors.c.source, FunnelStep.step, func.count())
        .join(visitors, visitors.c.visitor == FunnelStep.visitor)
        .where(FunnelStep.planet_id == planet.id)
        .group_by(visitors.c.source, FunnelStep.step)
    )
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STEPS, 0))
    for source, step, visitors_there in rows:
        found[source][step] = visitors_there
    ranked = sorted(found.items(), key=lambda item: (-max(item[1].values()), item[0]))
    return dict(ranked)
