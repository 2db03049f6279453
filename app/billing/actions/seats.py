"""Seats of a plan that has a limit (R9): one conditional statement decides who gets the last one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ScalarSelect, func, or_, select, update

from app.billing.models import Order, Plan
from app.billing.states import HOLDS
from app.kernel.db import db
from app.kernel.errors import Conflict
from app.memberships.models import Entitlement, Membership
from app.memberships.rows import get_terms


def take_seat(plan: Plan, *, user_id: int) -> None:
    """Make sure that the plan has a seat for a person; the caller writes his hold right after.

    Whoever holds one of its seats needs no second. Conflict("sold_out") when there is none. The plan's
    row stays locked until the unit of work ends, so that buyers come one after the other.
    """
    db.session.flush()
    db.session.execute(select(Plan.id).where(Plan.id == plan.id).with_for_update())
    free = or_(Plan.seat_limit.is_(None), _taken(plan, but=user_id) < Plan.seat_limit)
    # A statement of its own after the lock: it sees what the buyer before wrote.
    got = db.session.execute(
        update(Plan)
        .where(Plan.id == plan.id, free)
        .values(position=Plan.position)
        .returning(Plan.id)
        .execution_options(synchronize_session=False)
    )
    if got.one_or_none() is None:
        raise Conflict("sold_out")


def count_taken(plan: Plan) -> int:
    """Return how many seats are taken: live or suspended entitlements, and holds."""
    return db.session.scalar(select(_taken(plan, but=0))) or 0


def _taken(plan: Plan, *, but: int) -> ScalarSelect[Any]:
    members = (
        select(Membership.user_id)
        .join(Entitlement, Entitlement.membership_id == Membership.id)
        .where(
            Entitlement.plan_ref == plan.public_id,
            Entitlement.revoked_at.is_(None),
            or_(
                Entitlement.until_at.is_(None),
                Entitlement.until_at > get_terms(plan.planet_id).moment(),
            ),
            Membership.user_id != but,
        )
    )
    holds = select(Order.user_id).where(
        Order.plan_id == plan.id,
        Order.kind == "membership",
        Order.state.in_([state.value for state in HOLDS]),
        Order.user_id != but,
    )
    people = members.union(holds).subquery()
    return select(func.count()).select_from(people).scalar_subquery()
