"""Seats of a plan that has a limit (R9): one conditional statement decides who gets the last one."""

from __future__ import annotations

from sqlalchemy import or_, select, update

from app.billing.models import Plan
from app.billing.queries.plans import find_tried, seats_taken
from app.kernel.db import db
from app.kernel.errors import Conflict
from app.memberships.rows import get_terms


def take_seat(plan: Plan, *, user_id: int) -> None:
    """Make sure that the plan has a seat for a person; the caller writes his hold right after.

    Whoever holds one of its seats needs no second, and whoever is trying the plan is admitted above the
    limit (R30). Conflict("sold_out") when there is none. The plan's row stays locked until the unit of
    work ends, so that buyers come one after the other.
    """
    db.session.flush()
    db.session.execute(select(Plan.id).where(Plan.id == plan.id).with_for_update())
    moment = get_terms(plan.planet_id).moment()
    if find_tried([plan.public_id], user_id, now=moment):
        return
    taken = seats_taken(plan.id, plan.public_id, now=moment, besides=user_id)
    # A statement of its own after the lock: it sees what the buyer before wrote.
    got = db.session.execute(
        update(Plan)
        .where(Plan.id == plan.id, or_(Plan.seat_limit.is_(None), taken < Plan.seat_limit))
        .values(position=Plan.position)
        .returning(Plan.id)
        .execution_options(synchronize_session=False)
    )
    if got.one_or_none() is None:
        raise Conflict("sold_out")
