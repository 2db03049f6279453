"""Rows of what is sold: plans and their versions, steps of the price, coupons, wishes for a seat."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class Plan(Base):
    """Something a planet sells. `state`: draft, on_sale, retired. What it costs and gives stands in
    its versions; `version` is the one that is sold now. `seat_limit` None has no limit."""

    __tablename__ = "plans"
    __table_args__ = (Index("ix_plans_planet_id_position", "planet_id", "position"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    position: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(8), default="draft")
    version: Mapped[int] = mapped_column(default=1)
    seat_limit: Mapped[int | None]
    created_at: Mapped[datetime]


class PlanVersion(Base):
    """Terms as they are sold; never changed once an order names them.

    `term`: days, month, year, lifetime, until; `term_count` counts days, months or years; `until_at`
    is the fixed end for all of term `until`. `mode`: pass or subscription. `amount` is in minor
    units as the provider has them (R21); `compare_amount` is struck through, 0 for none.
    `trial_days` 0 for none; `trial_window_days`: a trial reads the last so many days, 0 for all.
    """

    __tablename__ = "plan_versions"
    __table_args__ = (UniqueConstraint("plan_id", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    plan_id: Mapped[int] = mapped_column(Id, ForeignKey("plans.id"))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    description: Mapped[str] = mapped_column(Text, default="")
    term: Mapped[str] = mapped_column(String(8))
    term_count: Mapped[int] = mapped_column(default=1)
    until_at: Mapped[datetime | None]
    mode: Mapped[str] = mapped_column(String(12), default="pass")
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    compare_amount: Mapped[int] = mapped_column(default=0)
    trial_days: Mapped[int] = mapped_column(default=0)
    trial_window_days: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))


class PriceStep(Base):
    """A later price of a version: from so many seats sold, or from a moment. Exactly one is set."""

    __tablename__ = "price_steps"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    plan_version_id: Mapped[int] = mapped_column(Id, ForeignKey("plan_versions.id"), index=True)
    after_seats: Mapped[int | None]
    from_at: Mapped[datetime | None]
    amount: Mapped[int]


class Coupon(Base):
    """A discount for whoever types its code. `percent` or `amount` (with `currency`), never both.

    `uses_left` None is unlimited, so is `per_person`, how often one buyer may use it; `plan_id` None is
    for every plan; `purpose`: both, join, renewal; `duration` says which payments of a subscription
    become smaller, as providers have it (R31): once, repeating (`months`), forever; "": passes only;
    `label` names the source of those who use it, for the owner's numbers; `shown`: an offer, which
    everybody finds on the plan card and takes without its code.
    """

    __tablename__ = "coupons"
    __table_args__ = (UniqueConstraint("planet_id", "code"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    code: Mapped[str] = mapped_column(String(30))
    percent: Mapped[int] = mapped_column(default=0)
    amount: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3), default="")
    plan_id: Mapped[int | None] = mapped_column(Id, ForeignKey("plans.id"))
    purpose: Mapped[str] = mapped_column(String(8), default="both")
    duration: Mapped[str] = mapped_column(String(9), default="")
    months: Mapped[int] = mapped_column(default=0)
    label: Mapped[str] = mapped_column(String(40), default="")
    shown: Mapped[bool] = mapped_column(default=False)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    uses_left: Mapped[int | None]
    per_person: Mapped[int | None]
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]


class CouponUse(Base):
    """A coupon taken by an order: held while it is open, given back when it ends unpaid."""

    __tablename__ = "coupon_uses"

    order_id: Mapped[int] = mapped_column(Id, ForeignKey("orders.id"), primary_key=True)
    coupon_id: Mapped[int] = mapped_column(Id, ForeignKey("coupons.id"), index=True)
    taken_at: Mapped[datetime]
    given_back_at: Mapped[datetime | None]


class SeatWish(Base):
    """Somebody waits for a seat of a sold-out plan; `told_at` is when he heard of a free one."""

    __tablename__ = "seat_wishes"
    __table_args__ = (UniqueConstraint("plan_id", "user_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    plan_id: Mapped[int] = mapped_column(Id, ForeignKey("plans.id"))
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    wished_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
