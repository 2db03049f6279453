"""The funnel of the join page: steps of visitors are written down once, and forgotten after a while.

A visitor is a random mark that his browser keeps for a while; who he is stands beside it once he has
signed in, so that a payment that arrives later can be told to the mark.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.billing.models import FunnelStep, Order
from app.billing.states import SETTLED
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.planets.counted import VISITORS, note

# In the order in which they are gone through.
STEPS = ("view", "sample", "click", "signed_in", "checkout", "paid", "read", "question")
KEPT = timedelta(days=400)


def record_steps(
    steps: Iterable[str], *, planet_id: int, visitor: str, source: str = "", user_id: int | None
) -> None:
    """Write down that a visitor came to these steps, in the caller's unit of work. What is known
    already is left as it is (UNIQUE(planet, visitor, step))."""
    moment = clock.now()
    rows = [
        {
            "planet_id": planet_id,
            "visitor": visitor,
            "user_id": user_id,
            "step": step,
            "source": source,
            "at": moment,
        }
        for step in steps
    ]
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[db.engine.dialect.name]
    if rows:
        db.session.execute(dialect.insert(FunnelStep).values(rows).on_conflict_do_nothing())
        note([(planet_id, visitor)], VISITORS)


def record_paid(payload: dict[str, Any]) -> None:
    """Handler of OrderSettled: the buyer's latest mark has paid, or asked a question that is paid for.
    Renewals and gifts are no step."""
    order = db.session.get(Order, payload["order_id"])
    if order is None or order.state not in {state.value for state in SETTLED}:
        return
    if order.kind == "membership" and order.pricing == "join":
        _record_latest(order, "paid")
    elif order.kind == "question":
        _record_latest(order, "question")


def _record_latest(order: Order, step: str) -> None:
    mark = db.session.execute(
        select(FunnelStep.visitor, FunnelStep.source)
        .where(FunnelStep.user_id == order.user_id, FunnelStep.planet_id == order.planet_id)
        .order_by(FunnelStep.at.desc(), FunnelStep.id.desc())
        .limit(1)
    ).one_or_none()
    if mark is not None:
        record_steps(
            [step],
            planet_id=order.planet_id,
            visitor=mark.visitor,
            source=mark.source,
            user_id=order.user_id,
        )


def purge_steps() -> None:
    """Forget what is older than 400 days. A timed job calls it."""
    with unit_of_work() as session:
        old = FunnelStep.at < clock.now() - KEPT
        visitors = select(FunnelStep.planet_id, FunnelStep.visitor).where(old).distinct()
        note([(row.planet_id, row.visitor) for row in session.execute(visitors)], VISITORS)
        session.execute(delete(FunnelStep).where(old))
