"""Offers: coupons that everybody is shown on the plan card, one per plan at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select, true

from app.billing.models import Coupon
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.memberships.rows import lock_here
from app.planets.models import Planet
from app.policy import Action, Actor
from app.policy.gate import require


def show_coupon(actor: Actor, *, public_id: str) -> Coupon:
    """Let everybody have a coupon's price without its code. Nothing happens when they do already.

    Invalid("shown", …): `offer_over` when it has ended, `offer_second` while another is shown.
    """
    require(actor, Action.PLANS_EDIT)
    coupon = lock_here(Coupon, actor, public_id)
    if coupon.shown:
        return coupon
    over = coupon.ends_at is not None and coupon.ends_at <= clock.now()
    if over or coupon.ended_at is not None:
        raise Invalid("shown", "offer_over")
    refuse_second(coupon)
    coupon.shown = True
    _note(actor, "coupon.show", coupon)
    return coupon


def hide_coupon(actor: Actor, *, public_id: str) -> Coupon:
    """Keep a coupon for those who know its code; orders that hold it keep their price."""
    require(actor, Action.PLANS_EDIT)
    coupon = lock_here(Coupon, actor, public_id)
    if coupon.shown:
        coupon.shown = False
        _note(actor, "coupon.hide", coupon)
    return coupon


def refuse_second(coupon: Coupon) -> None:
    """Refuse a second offer on a plan in the same days: Invalid("shown", "offer_second").

    Locks the planet: of two at once one is refused.
    """
    db.session.get_one(Planet, coupon.planet_id, with_for_update=True)
    begins: datetime = max(clock.now(), coupon.starts_at or clock.now())
    plan, ends = coupon.plan_id, coupon.ends_at
    other = db.session.scalar(
        select(Coupon.code)
        .where(
            Coupon.planet_id == coupon.planet_id,
            Coupon.shown,
            Coupon.id != coupon.id if coupon.id is not None else true(),
            Coupon.ended_at.is_(None),
            or_(Coupon.plan_id.is_(None), Coupon.plan_id == plan) if plan else true(),
            or_(Coupon.ends_at.is_(None), Coupon.ends_at > begins),
            or_(Coupon.starts_at.is_(None), Coupon.starts_at < ends) if ends else true(),
        )
        .order_by(Coupon.id)
        .limit(1)
    )
    if other is not None:
        raise Invalid("shown", "offer_second", name=other)


def _note(actor: Actor, action: str, coupon: Coupon) -> None:
    record(
        action,
        actor_id=actor.user_id,
        planet_id=coupon.planet_id,
        subject=("coupon", coupon.id),
        name=coupon.code,
    )
