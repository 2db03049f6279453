"""Reading coupons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from app.billing.coupon_codes import coupon_key
from app.billing.models import Coupon, CouponUse, Order, Plan, PlanVersion
from app.billing.states import OrderState
from app.kernel.db import db
from app.policy import Action, Actor
from app.policy.gate import require


def find_coupon(planet_id: int, code: str) -> Coupon | None:
    """Return a planet's coupon by its code, however it was typed; None when there is none."""
    return db.session.scalar(
        select(Coupon).where(Coupon.planet_id == planet_id, Coupon.code == coupon_key(code))
    )


def list_offers(planet_id: int, now: datetime) -> list[Coupon]:
    """Return the coupons that a planet shows to everybody now, used up or not."""
    return list(
        db.session.scalars(
            select(Coupon)
            .where(
                Coupon.planet_id == planet_id,
                Coupon.shown,
                Coupon.ended_at.is_(None),
                or_(Coupon.starts_at.is_(None), Coupon.starts_at <= now),
                or_(Coupon.ends_at.is_(None), Coupon.ends_at > now),
            )
            .order_by(Coupon.id)
        )
    )


def count_own_uses(coupon_id: int, user_id: int) -> int:
    """Return how often a person's orders used a coupon. One that is still open counts not: it is gone on
    with, or closed before another is placed."""
    used = db.session.scalar(
        select(func.count())
        .select_from(CouponUse)
        .join(Order, Order.id == CouponUse.order_id)
        .where(
            CouponUse.coupon_id == coupon_id,
            CouponUse.given_back_at.is_(None),
            Order.user_id == user_id,
            Order.state != OrderState.OPEN.value,
        )
    )
    return used or 0


@dataclass(frozen=True, slots=True)
class CouponLine:
    """A coupon in the list of its planet. `used` counts orders that hold it or are paid."""

    coupon: Coupon
    plan: str
    used: int

    def state(self, now: datetime) -> str:
        """Return ended, early, used_up or open."""
        row = self.coupon
        if row.ended_at is not None or (row.ends_at is not None and now >= row.ends_at):
            return "ended"
        if row.uses_left == 0:
            return "used_up"
        return "early" if row.starts_at is not None and now < row.starts_at else "open"


def list_coupons(actor: Actor, planet_id: int) -> list[CouponLine]:
    """Return a planet's coupons, the newest first."""
    require(actor, Action.PLANS_EDIT)
    used = (
        select(func.count())
        .where(CouponUse.coupon_id == Coupon.id, CouponUse.given_back_at.is_(None))
        .correlate(Coupon)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Coupon, PlanVersion.name, used)
        .outerjoin(Plan, Plan.id == Coupon.plan_id)
        .outerjoin(
            PlanVersion, (PlanVersion.plan_id == Plan.id) & (PlanVersion.version == Plan.version)
        )
        .where(Coupon.planet_id == planet_id)
        .order_by(Coupon.id.desc())
    )
    return [CouponLine(coupon, name or "", int(n)) for coupon, name, n in rows]
