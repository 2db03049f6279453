"""Reading plans: terms, steps of the price, seats."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Select, distinct, func, or_, select, union

from app.billing.models import Order, Plan, PlanVersion, PriceStep
from app.billing.prices import Step, is_over, next_step, price_at
from app.billing.queries.transfers import can_be_paid
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.memberships.models import Entitlement, Membership
from app.planets.queries import PlanetView
from app.policy import Action, Actor
from app.policy.gate import require

# Orders that hold a seat although nothing is granted yet (R8, R9).
HOLDING = ("open", "processing")
# Orders that count as sold, for prices that rise with the seats: an open checkout is nobody's purchase
# yet, and a page that is left must not make the next buyer pay more.
SOLD = ("processing", "paid", "partially_refunded", "disputed")


def get_plan(planet_id: int, plan_id: int) -> Plan:
    """Return a plan of the planet. NotFound elsewhere."""
    plan = db.session.scalar(select(Plan).where(Plan.id == plan_id, Plan.planet_id == planet_id))
    if plan is None:
        raise NotFound(str(plan_id))
    return plan


def find_plan(planet_id: int, public_id: str) -> Plan | None:
    """Return a plan of the planet by its public id; None elsewhere."""
    return db.session.scalar(
        select(Plan).where(Plan.public_id == public_id, Plan.planet_id == planet_id)
    )


def get_version(plan: Plan) -> PlanVersion:
    """Return the terms that a plan is sold under now."""
    return db.session.scalars(
        select(PlanVersion).where(
            PlanVersion.plan_id == plan.id, PlanVersion.version == plan.version
        )
    ).one()


def get_terms_of(order: Order) -> PlanVersion:
    """Return the terms that an order of a plan was made under."""
    return db.session.get_one(PlanVersion, order.plan_version_id)


def list_steps(version_id: int) -> list[Step]:
    """Return the steps of the price of some terms, in the order in which they were written."""
    rows = db.session.execute(
        select(PriceStep.amount, PriceStep.after_seats, PriceStep.from_at)
        .where(PriceStep.plan_version_id == version_id)
        .order_by(PriceStep.id)
    )
    return [Step(*row) for row in rows]


def _sold(plan_ids: Sequence[int]) -> dict[int, int]:
    """Return how many people bought each plan, or wait for their bank: what its price rises by."""
    if not plan_ids:
        return {}
    rows = db.session.execute(
        select(Order.plan_id, func.count(distinct(Order.user_id)))
        .where(Order.plan_id.in_(plan_ids), Order.kind == "membership", Order.state.in_(SOLD))
        .group_by(Order.plan_id)
    )
    return {plan_id: count for plan_id, count in rows if plan_id is not None}


def seats_taken(
    plan_id: ColumnElement[int] | int,
    public_id: ColumnElement[str] | str,
    *,
    now: datetime,
    besides: int | None = None,
) -> ScalarSelect[int]:
    """Return the SQL that counts the people who hold a seat of a plan (R9), `besides` one of them.

    A seat is a live or suspended entitlement of the plan, or an order that is open or processing; free
    trials take none (R30). Usable in a conditional statement as well as alone.
    """
    members: Select[int] = (
        select(Membership.user_id.label("user_id"))
        .join(Entitlement, Entitlement.membership_id == Membership.id)
        .where(
            Entitlement.plan_ref == public_id,
            Entitlement.revoked_at.is_(None),
            Entitlement.trial.is_(False),
            or_(Entitlement.until_at.is_(None), Entitlement.until_at > now),
        )
    )
    buyers: Select[int] = select(Order.user_id.label("user_id")).where(
        Order.plan_id == plan_id,
        Order.kind == "membership",
        Order.state.in_(HOLDING),
        Order.trial_days == 0,
    )
    people = union(members, buyers).subquery()
    count = select(func.count()).select_from(people)
    if besides is not None:
        count = count.where(people.c.user_id != besides)
    return count.scalar_subquery()


def seats_left(plan: Plan, *, now: datetime, besides: int | None = None) -> int | None:
    """Return how many seats are left for somebody, 0 when it is sold out; None without a limit. Whoever is
    trying the plan has one in any case (R30)."""
    if plan.seat_limit is None:
        return None
    return _seats_left([plan], now=now, besides=besides)[plan.id]


def _seats_left(
    plans: Sequence[Plan], *, now: datetime, besides: int | None
) -> dict[int, int | None]:
    """Return the same for many plans; two queries at most, however many have a limit."""
    limited = [plan for plan in plans if plan.seat_limit is not None]
    left: dict[int, int | None] = dict.fromkeys(plan.id for plan in plans)
    if limited:
        counts = (
            seats_taken(plan.id, plan.public_id, now=now, besides=besides) for plan in limited
        )
        for plan, taken in zip(limited, db.session.execute(select(*counts)).one(), strict=True):
            left[plan.id] = max(0, (plan.seat_limit or 0) - (taken or 0))
    sold_out = [plan for plan in limited if left[plan.id] == 0]
    tried = find_tried([plan.public_id for plan in sold_out], besides, now=now)
    return left | {plan.id: 1 for plan in sold_out if plan.public_id in tried}


def find_tried(public_ids: Collection[str], user_id: int | None, *, now: datetime) -> set[str]:
    """Return of which of these plans a person's free trial runs. No query for none, or for nobody."""
    if not public_ids or user_id is None:
        return set()
    running = (
        select(Entitlement.plan_ref)
        .join(Membership, Membership.id == Entitlement.membership_id)
        .where(
            Membership.user_id == user_id,
            Entitlement.plan_ref.in_(public_ids),
            Entitlement.trial,
            Entitlement.revoked_at.is_(None),
            Entitlement.until_at > now,
        )
    )
    return set(db.session.scalars(running))


def usual_currency(planet: PlanetView) -> str:
    """Return what a planet's next price is in, unless somebody says otherwise: the currency of its
    newest plan; before there is one, that of the language in which the planet is written."""
    newest = (
        select(PlanVersion.currency)
        .join(Plan, Plan.id == PlanVersion.plan_id)
        .where(Plan.planet_id == planet.id)
        .order_by(PlanVersion.id.desc())
        .limit(1)
    )
    return db.session.scalar(newest) or ("CNY" if planet.language.startswith("zh") else "USD")


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan with its present terms, as lists show it. `price` is that of joining now; `sold` is
    counted where it moves the price, and for staff."""

    plan: Plan
    version: PlanVersion
    price: int
    sold: int
    next_step: Step | None
    seats_left: int | None


def list_on_sale(
    planet: PlanetView, *, now: datetime, besides: int | None = None
) -> list[PlanLine]:
    """Return what a planet sells now, in its order, with the seats left for the person `besides`;
    nothing while it is paused or nobody could pay. As many queries however many plans there are."""
    if planet.paused_at is not None or not can_be_paid(planet.id):
        return []
    lines = _lines(planet, Plan.state == "on_sale", now=now, besides=besides)
    return [line for line in lines if not is_over(line.version, now)]


def list_plans(actor: Actor, planet: PlanetView) -> list[PlanLine]:
    """Return every plan of a planet: those on sale, drafts, and at last the retired ones."""
    require(actor, Action.PLANS_EDIT)
    lines = _lines(planet, Plan.id.is_not(None), now=actor.now, all_sold=True)
    return sorted(lines, key=lambda line: line.plan.state == "retired")


def get_line(
    planet: PlanetView, plan_id: int, *, now: datetime, besides: int | None = None
) -> PlanLine:
    """Return one plan of the planet, on sale or not. NotFound elsewhere."""
    found = _lines(planet, Plan.id == plan_id, now=now, besides=besides)
    if not found:
        raise NotFound(str(plan_id))
    return found[0]


def _lines(
    planet: PlanetView,
    which: ColumnElement[bool],
    *,
    now: datetime,
    besides: int | None = None,
    all_sold: bool = False,
) -> list[PlanLine]:
    rows = db.session.execute(
        select(Plan, PlanVersion)
        .join(PlanVersion, (PlanVersion.plan_id == Plan.id) & (PlanVersion.version == Plan.version))
        .where(Plan.planet_id == planet.id, which)
        .order_by(Plan.position, Plan.id)
    ).all()
    steps = _steps([version.id for _plan, version in rows])
    sold = _sold([plan.id for plan, version in rows if all_sold or _by_seats(steps, version)])
    left = _seats_left([plan for plan, _version in rows], now=planet.moment(now), besides=besides)
    return [
        PlanLine(
            plan=plan,
            version=version,
            price=price_at(
                version.amount, steps.get(version.id, ()), sold=sold.get(plan.id, 0), now=now
            ),
            sold=sold.get(plan.id, 0),
            next_step=next_step(
                version.amount, steps.get(version.id, ()), sold=sold.get(plan.id, 0), now=now
            ),
            seats_left=left[plan.id],
        )
        for plan, version in rows
    ]


def _by_seats(steps: Mapping[int, Sequence[Step]], version: PlanVersion) -> bool:
    return any(step.after_seats is not None for step in steps.get(version.id, ()))


def _steps(version_ids: Sequence[int]) -> dict[int, list[Step]]:
    found: dict[int, list[Step]] = {}
    rows = db.session.execute(
        select(
            PriceStep.plan_version_id, PriceStep.amount, PriceStep.after_seats, PriceStep.from_at
        )
        .where(PriceStep.plan_version_id.in_(version_ids))
        .order_by(PriceStep.id)
    )
    for version_id, amount, after_seats, from_at in rows:
        found.setdefault(version_id, []).append(Step(amount, after_seats, from_at))
    return found
