"""Waiting for a seat: whoever finds a plan sold out is told, once, when a seat is free."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.billing.events import SeatOffered
from app.billing.models import Plan, SeatWish
from app.billing.queries.plans import seats_left
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.memberships.rows import get_terms, lock_here, person_of
from app.outbox.events import put
from app.policy import Action, Actor
from app.policy.gate import require


def wish_seat(actor: Actor, *, plan: str) -> SeatWish:
    """Wait for a seat of a plan (a public id) that is sold out. Twice is once; who was told already
    and came too late waits again, at the end. Conflict("free") when there is a seat after all."""
    require(actor, Action.PLAN_BUY)
    row = lock_here(Plan, actor, plan)
    user_id = person_of(actor)
    if row.state != "on_sale":
        raise Invalid("plan", "plan_not_on_sale")
    if seats_left(row, now=get_terms(row.planet_id).moment(), besides=user_id) != 0:
        raise Conflict("free")
    wish = _find(row.id, user_id)
    if wish is None:
        wish = SeatWish(plan_id=row.id, user_id=user_id, wished_at=clock.now())
        try:
            with db.session.begin_nested():
                db.session.add(wish)
        except IntegrityError:
            raise Conflict("wish") from None
    elif wish.told_at is not None:
        wish.wished_at, wish.told_at = clock.now(), None
    return wish


def withdraw_wish(actor: Actor, *, plan: str) -> None:
    """Wait no more. Nothing happens when one did not."""
    require(actor, Action.ACCOUNT_USE)
    row = lock_here(Plan, actor, plan)
    db.session.execute(
        delete(SeatWish).where(SeatWish.plan_id == row.id, SeatWish.user_id == person_of(actor))
    )


def tell_waiting(plan_id: int) -> int:
    """Tell as many people as there are free seats, the longest waiting first; returns how many.

    Runs in the caller's unit of work, whenever a seat may have become free; nobody is told twice.
    """
    plan = db.session.scalar(select(Plan).where(Plan.id == plan_id).with_for_update())
    if plan is None or plan.state != "on_sale":
        return 0
    terms = get_terms(plan.planet_id)
    if terms.paused_at is not None:
        return 0
    free = seats_left(plan, now=terms.moment())
    waiting = (
        select(SeatWish)
        .where(SeatWish.plan_id == plan.id, SeatWish.told_at.is_(None))
        .order_by(SeatWish.wished_at, SeatWish.id)
        .limit(free)
        .with_for_update()
    )
    told = list(db.session.scalars(waiting))
    for wish in told:
        wish.told_at = clock.now()
        db.session.flush()
        put(SeatOffered(wish_id=wish.id))
    return len(told)


def tell_all_waiting() -> int:
    """Tell who waits for seats that the clock alone has freed; the timed job. Returns how many."""
    waited_for = select(SeatWish.plan_id).where(SeatWish.told_at.is_(None)).distinct()
    told = 0
    for plan_id in db.session.scalars(waited_for).all():
        with unit_of_work():
            told += tell_waiting(plan_id)
    return told


def _find(plan_id: int, user_id: int) -> SeatWish | None:
    return db.session.scalar(
        select(SeatWish)
        .where(SeatWish.plan_id == plan_id, SeatWish.user_id == user_id)
        .with_for_update()
    )
