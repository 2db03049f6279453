"""Reading orders: one's own, and what belongs to one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, true

from app.billing.models import Order, Payment, Refund, Subscription
from app.billing.queries.promises import charged_next
from app.billing.queries.running import paid_until
from app.billing.queries.trials import find_trial
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.memberships.rows import person_of, planet_of
from app.policy import Actor


@dataclass(frozen=True, slots=True)
class Story:
    """What belongs to an order: its payments, refunds and subscription."""

    payments: list[Payment]
    refunds: list[Refund]
    subscription: Subscription | None


def shown_to(actor: Actor) -> ColumnElement[bool]:
    """Return which orders of their planet staff are shown, with buyer, payments and story.

    Who bought a question may have asked it anonymously, and amount and time tell which: such orders
    are shown to the owner alone, who may have the asker's name anyway.
    """
    return true() if actor.owns else Order.kind != "question"


def get_own(actor: Actor, public_id: str) -> Order:
    """Return one's own order in this planet. NotFound for others', also for staff (R22)."""
    order = db.session.scalar(
        select(Order).where(
            Order.public_id == public_id,
            Order.user_id == person_of(actor),
            Order.planet_id == planet_of(actor),
        )
    )
    if order is None:
        raise NotFound
    return order


def list_own(actor: Actor) -> list[Order]:
    """Return one's own orders in this planet, the newest first."""
    return list(
        db.session.scalars(
            select(Order)
            .where(Order.user_id == person_of(actor), Order.planet_id == planet_of(actor))
            .order_by(Order.id.desc())
            .limit(200)
        )
    )


def find_story(order: Order) -> Story:
    """Return what belongs to an order, the oldest first."""
    return Story(
        payments=list(
            db.session.scalars(
                select(Payment).where(Payment.order_id == order.id).order_by(Payment.paid_at)
            )
        ),
        refunds=list(
            db.session.scalars(
                select(Refund).where(Refund.order_id == order.id).order_by(Refund.asked_at)
            )
        ),
        subscription=db.session.scalar(
            select(Subscription).where(Subscription.order_id == order.id)
        ),
    )


@dataclass(frozen=True, slots=True)
class Running:
    """One's own subscription that still runs: its order's public id, what is charged next, and the
    currency. `charged_at`: when that is, by its own payments or its trial, whatever else the member has
    bought; None while no payment says it."""

    order: str
    gateway: str
    amount: int
    currency: str
    status: str
    ends: bool
    charged_at: datetime | None


def find_running(actor: Actor) -> Running | None:
    """Return one's own subscription in this planet while it runs; None without one."""
    row = db.session.execute(
        select(
            Order,
            Subscription.status,
            or_(
                Subscription.cancel_at_period_end,
                Subscription.cancel_at.is_not(None),
                Subscription.end_wanted != "",
            ),
        )
        .join(Subscription, Subscription.order_id == Order.id)
        .where(
            Order.user_id == person_of(actor),
            Order.planet_id == planet_of(actor),
            Subscription.status.in_(("active", "trialing", "past_due")),
        )
        .order_by(Order.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    order, status, ends = row
    trial = find_trial(order)
    return Running(
        order=order.public_id,
        gateway=order.gateway,
        amount=charged_next(order),
        currency=order.currency,
        status=status,
        ends=ends,
        charged_at=trial.until if trial else paid_until([order.id]).get(order.id),
    )


def planets_going_on(user_id: int, planet_ids: Collection[int]) -> set[int]:
    """Return in which of the planets a person's subscription renews by itself."""
    if not planet_ids:
        return set()
    return set(
        db.session.scalars(
            select(Order.planet_id)
            .join(Subscription, Subscription.order_id == Order.id)
            .where(
                Order.user_id == user_id,
                Order.planet_id.in_(planet_ids),
                Subscription.status.in_(("active", "trialing", "past_due")),
                Subscription.cancel_at.is_(None),
                Subscription.cancel_at_period_end.is_(False),
                Subscription.end_wanted == "",
            )
        )
    )
