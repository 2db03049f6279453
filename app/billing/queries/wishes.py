"""Reading who waits for a seat."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.billing.models import Plan, SeatWish
from app.billing.queries.plans import seats_left
from app.kernel.db import db
from app.memberships.rows import get_terms
from app.policy import Actor


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish for a seat, as a notice needs it."""

    user_id: int
    planet_id: int
    told_at: datetime | None


def find_wish(wish_id: int) -> Wish | None:
    """Return a wish by its row id; None when it was withdrawn."""
    row = db.session.execute(
        select(SeatWish.user_id, Plan.planet_id, SeatWish.told_at)
        .join(Plan, Plan.id == SeatWish.plan_id)
        .where(SeatWish.id == wish_id)
    ).one_or_none()
    return Wish(*row) if row else None


def seat_waits(user_id: int, planet_id: int) -> bool:
    """Whether a seat that somebody was told of is free still, and they wish for it."""
    moment = get_terms(planet_id).moment()
    plans = db.session.scalars(
        select(Plan)
        .join(SeatWish, SeatWish.plan_id == Plan.id)
        .where(
            Plan.planet_id == planet_id,
            Plan.state == "on_sale",
            SeatWish.user_id == user_id,
            SeatWish.told_at.is_not(None),
        )
    )
    return any(seats_left(plan, now=moment, besides=user_id) != 0 for plan in plans)


def waited_for(actor: Actor, plan_ids: Collection[int]) -> set[int]:
    """Return those of the plans for whose seat the actor waits and was not told yet."""
    if actor.user_id is None or not plan_ids:
        return set()
    return set(
        db.session.scalars(
            select(SeatWish.plan_id).where(
                SeatWish.plan_id.in_(plan_ids),
                SeatWish.user_id == actor.user_id,
                SeatWish.told_at.is_(None),
            )
        )
    )


def count_waiting(plan_ids: Collection[int]) -> dict[int, int]:
    """Return how many people wait for a seat of each plan."""
    rows = db.session.execute(
        select(SeatWish.plan_id, func.count())
        .where(SeatWish.plan_id.in_(plan_ids), SeatWish.told_at.is_(None))
        .group_by(SeatWish.plan_id)
    )
    return {plan_id: int(count) for plan_id, count in rows}
