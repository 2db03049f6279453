"""Helpers of these tests: plans on sale, orders without a checkout, quotes."""

from __future__ import annotations

from dataclasses import replace

from app.billing.actions.plans import create_plan, put_on_sale
from app.billing.models import Order, Plan, PlanVersion
from app.billing.pricing import Quote, quote
from app.billing.terms import PlanWish
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from tests.cast import Cast

YEAR = PlanWish(name="年度会员", amount=19_900, currency="CNY", term="year")


def sell(cast: Cast, wish: PlanWish = YEAR, **changes: object) -> Plan:
    """Put a plan on sale, as the owner does."""
    with unit_of_work():
        plan = create_plan(cast.actor("owner"), wish=replace(wish, **changes))  # type: ignore[arg-type]
        put_on_sale(cast.actor("owner"), public_id=plan.public_id)
    return plan


def version_of(plan: Plan) -> PlanVersion:
    """Return the terms a plan is sold under now."""
    return db.session.query(PlanVersion).filter_by(plan_id=plan.id, version=plan.version).one()


def order(cast: Cast, user_id: int, plan: Plan, state: str = "paid") -> Order:
    """Write an order as if somebody had bought the plan."""
    version = version_of(plan)
    with unit_of_work() as session:
        row = Order(
            planet_id=cast.planet_id,
            user_id=user_id,
            plan_id=plan.id,
            plan_version_id=version.id,
            gateway="demo",
            environment="demo",
            title=version.name,
            amount=version.amount,
            list_amount=version.amount,
            currency=version.currency,
            state=state,
            created_at=clock.now(),
        )
        session.add(row)
        session.flush()
    return row


def ask(cast: Cast, persona: str, plan: Plan, coupon: str = "") -> Quote:
    """Return what a persona would pay now."""
    planet, actor = cast.entry(persona)
    return quote(planet, actor, plan.id, coupon_code=coupon, now=clock.now())
