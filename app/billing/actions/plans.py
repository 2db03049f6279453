"""Plans: made, changed, put on sale, retired, put in order. Each act is in the audit trail.

A changed plan gets new terms (another version); orders keep naming those that they were sold under.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from app.billing.models import Plan, PlanVersion, PriceStep
from app.billing.prices import is_over
from app.billing.queries.plans import get_version, list_steps
from app.billing.terms import PlanWish, prepare
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid
from app.memberships.rows import lock_here, person_of, planet_of
from app.planets.queries import get_row
from app.policy import Action, Actor
from app.policy.gate import require

PLANS_MAX = 50
# The columns of terms that a wish fills.
_TERMS = (
    "name",
    "description",
    "term",
    "term_count",
    "until_at",
    "mode",
    "amount",
    "currency",
    "compare_amount",
    "trial_days",
    "trial_window_days",
)


def create_plan(actor: Actor, *, wish: PlanWish) -> Plan:
    """Write a plan as a draft, behind the others. Invalid for what is wrong with its terms."""
    require(actor, Action.PLANS_EDIT)
    wish = prepare(wish, clock.now())
    planet = get_row(planet_of(actor))
    count, last = db.session.execute(
        select(func.count(), func.max(Plan.position)).where(Plan.planet_id == planet.id)
    ).one()
    if count >= PLANS_MAX:
        raise Invalid("", "plan_count", high=PLANS_MAX)
    plan = Plan(
        planet_id=planet.id,
        position=(last or 0) + 1,
        seat_limit=wish.seat_limit,
        created_at=clock.now(),
    )
    db.session.add(plan)
    db.session.flush()
    _write_version(actor, plan, wish)
    _note(actor, "plan.create", plan, wish.name, after=_told(wish))
    return plan


def edit_plan(actor: Actor, *, public_id: str, wish: PlanWish, based_on: int) -> Plan:
    """Change a plan: other terms become its next version, and what was sold stays as it was sold.

    `based_on` is the version the writer had before him: Conflict when there is another one by now.
    """
    require(actor, Action.PLANS_EDIT)
    wish = prepare(wish, clock.now())
    plan = lock_here(Plan, actor, public_id)
    if plan.state == "retired":
        raise Conflict("plan")
    if plan.version != based_on:
        raise Conflict("version")
    before = wish_of(plan)
    if before == wish:
        return plan
    plan.seat_limit = wish.seat_limit
    if _terms_of(before) != _terms_of(wish):
        plan.version += 1
        _write_version(actor, plan, wish)
    _note(actor, "plan.change", plan, wish.name, before=_told(before), after=_told(wish))
    return plan


def put_on_sale(actor: Actor, *, public_id: str) -> Plan:
    """Sell a plan from now on; with the first one membership of the planet is bought (`paid`)."""
    require(actor, Action.PLANS_EDIT)
    plan = lock_here(Plan, actor, public_id)
    if plan.state == "on_sale":
        return plan
    version = get_version(plan)
    if is_over(version, clock.now()):
        raise Invalid("until_at", "past")
    plan.state = "on_sale"
    planet = get_row(plan.planet_id)
    planet.paid = True
    db.session.flush()
    _note(actor, "plan.sell", plan, version.name)
    return plan


def retire_plan(actor: Actor, *, public_id: str) -> Plan:
    """Stop selling a plan. Who bought it keeps what he bought."""
    require(actor, Action.PLANS_EDIT)
    plan = lock_here(Plan, actor, public_id)
    if plan.state == "retired":
        return plan
    plan.state = "retired"
    db.session.flush()
    _note(actor, "plan.retire", plan, get_version(plan).name)
    return plan


def move_plan(actor: Actor, *, public_id: str, places: int) -> None:
    """Move a plan among those that are not retired: -1 is one up, 1 one down."""
    require(actor, Action.PLANS_EDIT)
    planet_id = planet_of(actor)
    plans = list(
        db.session.scalars(
            select(Plan)
            .where(Plan.planet_id == planet_id, Plan.state != "retired")
            .order_by(Plan.position, Plan.id)
            .with_for_update()
        )
    )
    at = next((n for n, plan in enumerate(plans) if plan.public_id == public_id), None)
    if at is None:
        lock_here(Plan, actor, public_id)
        return
    plan = plans.pop(at)
    plans.insert(max(0, at + places), plan)
    if plans.index(plan) == at:
        return
    for position, row in enumerate(plans, start=1):
        row.position = position
    db.session.flush()
    _note(actor, "plan.move", plan, get_version(plan).name)


def wish_of(plan: Plan) -> PlanWish:
    """Return a plan as it is sold now, as a wish: what its form shows."""
    version = get_version(plan)
    values = {name: getattr(version, name) for name in _TERMS}
    steps = tuple(list_steps(version.id))
    return PlanWish(**values, seat_limit=plan.seat_limit, steps=steps)


def _terms_of(wish: PlanWish) -> tuple[Any, ...]:
    return (*(getattr(wish, name) for name in _TERMS), wish.steps)


def _write_version(actor: Actor, plan: Plan, wish: PlanWish) -> None:
    version = PlanVersion(
        plan_id=plan.id,
        version=plan.version,
        created_at=clock.now(),
        created_by=person_of(actor),
        **{name: getattr(wish, name) for name in _TERMS},
    )
    db.session.add(version)
    db.session.flush()
    db.session.add_all(
        PriceStep(
            plan_version_id=version.id,
            amount=step.amount,
            after_seats=step.after_seats,
            from_at=step.from_at,
        )
        for step in wish.steps
    )
    db.session.flush()


def _note(actor: Actor, action: str, plan: Plan, name: str, **data: Any) -> None:
    record(
        action,
        actor_id=actor.user_id,
        planet_id=plan.planet_id,
        subject=("plan", plan.id),
        name=name,
        version=plan.version,
        **data,
    )


def _told(wish: PlanWish) -> dict[str, Any]:
    """Return the terms for the trail, as JSON takes them."""
    told = {name: getattr(wish, name) for name in _TERMS if name != "description"}
    told["until_at"] = wish.until_at.isoformat() if wish.until_at else None
    told["seat_limit"] = wish.seat_limit
    told["steps"] = [
        [step.amount, step.after_seats, step.from_at.isoformat() if step.from_at else None]
        for step in wish.steps
    ]
    return told
