"""A planet that sells, and people who buy in it, over the demo provider."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.billing.actions.checkout import Ways, begin
from app.billing.actions.orders import Purchase
from app.billing.actions.sync import sync
from app.billing.demo_gateway import act
from app.billing.models import Order, Plan, PlanVersion
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.outbox.delivery import deliver_due
from tests.cast import Cast

WAYS = Ways("http://planet.test/done/{order}", "http://planet.test/back", "zh_Hans")


def sell(cast: Cast, *, seats: int | None = None, **terms: Any) -> str:
    """Put a plan on sale: a year for 199 yuan unless told otherwise; returns its public id."""
    values: dict[str, Any] = {
        "name": "年度",
        "term": "days",
        "term_count": 365,
        "amount": 19_900,
        "currency": "CNY",
        "mode": "pass",
    }
    with unit_of_work() as session:
        plan = Plan(
            planet_id=cast.planet_id, state="on_sale", seat_limit=seats, created_at=clock.now()
        )
        session.add(plan)
        session.flush()
        session.add(
            PlanVersion(
                plan_id=plan.id,
                version=1,
                created_at=clock.now(),
                created_by=cast.users["owner"],
                **{**values, **terms},
            )
        )
    cast.set_planet(paid=True)
    return plan.public_id


def open_order(cast: Cast, persona: str, plan: str, **more: Any) -> Order:
    """Let a persona click on a plan; returns the order with its checkout open."""
    planet, actor = cast.entry(persona)
    return begin(actor, planet, Purchase(plan=plan, **more), WAYS)


def do(order: Order, *deeds: str, cause: str = "webhook") -> Order:
    """Let things happen at the demo provider, each followed by a sync; returns the order."""
    for deed in deeds:
        assert order.provider_ref is not None
        act(order.provider_ref, deed)
        order = sync(order.id, cause=cause)
    return order


def buy(cast: Cast, persona: str, plan: str, **more: Any) -> Order:
    """Let a persona buy and pay."""
    return do(open_order(cast, persona, plan, **more), "pay")


def work() -> None:
    """Let the worker deliver all that waits."""
    while deliver_due():
        pass
    db.session.rollback()


def at(cast: Cast, persona: str) -> datetime | None:
    """Return until when a persona has access."""
    return cast.actor(persona).expires_at
