"""What notices must know of orders and reminders; rights are asked by whoever shows them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, select

from app.billing.models import Order, Payment, Plan, Refund, Reminder, Subscription
from app.billing.pricing import Quote, find_buyer, quote_line
from app.billing.queries.plans import list_on_sale
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.memberships.models import Entitlement, Membership
from app.planets.queries import PlanetView
from app.policy import Actor

# States of a dispute in which the provider waits for an answer.
ASKS_FOR_EVIDENCE = ("needs_response", "warning_needs_response")
# Whether a membership (of the statement around it) goes on by a subscription of its own (R13).
GOES_ON = exists().where(
    Order.planet_id == Membership.planet_id,
    Order.user_id == Membership.user_id,
    Subscription.order_id == Order.id,
    Subscription.status.in_(("active", "trialing", "past_due")),
    Subscription.cancel_at.is_(None),
    Subscription.cancel_at_period_end.is_(False),
    Subscription.end_wanted == "",
)


@dataclass(frozen=True, slots=True)
class NoticedOrder:
    """An order as its notices need it. `status` is its subscription's, "" without one; `answer_by` is
    until when an open dispute is to be answered, None without one."""

    public_id: str
    planet_id: int
    user_id: int
    title: str
    amount: int
    currency: str
    state: str
    status: str
    payments: int
    kind: str = "membership"
    answer_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoticedReminder:
    """A reminder. `holds`: its term still ends then and does not go on by itself."""

    planet_id: int
    user_id: int
    ends_at: datetime
    days: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """Money that came or went. `receipt_url` is the provider's page, "" without one."""

    order_id: int
    amount: int
    currency: str
    receipt_url: str


def find_noticed_orders(ids: Collection[int]) -> dict[int, NoticedOrder]:
    """Return orders by their row ids. One query, none for no ids."""
    if not ids:
        return {}
    payments = (
        select(func.count()).where(Payment.order_id == Order.id).correlate(Order).scalar_subquery()
    )
    answer_by = (
        select(func.min(Payment.dispute_answer_by))
        .where(Payment.order_id == Order.id, Payment.dispute.in_(ASKS_FOR_EVIDENCE))
        .correlate(Order)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Order.id,
            Order.public_id,
            Order.planet_id,
            Order.user_id,
            Order.title,
            Order.amount,
            Order.currency,
            Order.state,
            func.coalesce(Subscription.status, ""),
            payments,
            Order.kind,
            answer_by,
        )
        .outerjoin(Subscription, Subscription.order_id == Order.id)
        .where(Order.id.in_(ids))
    )
    return {row[0]: NoticedOrder(*row[1:]) for row in rows}


def find_noticed_reminders(ids: Collection[int]) -> dict[int, NoticedReminder]:
    """Return reminders by their row ids. One query, none for no ids."""
    if not ids:
        return {}
    rows = db.session.execute(
        select(
            Reminder.id,
            Membership.planet_id,
            Membership.user_id,
            Reminder.ends_at,
            Reminder.days,
            and_(Membership.expires_at == Reminder.ends_at, ~GOES_ON),
        )
        .join(Membership, Membership.id == Reminder.membership_id)
        .where(Reminder.id.in_(ids))
    )
    return {row[0]: NoticedReminder(*row[1:5], holds=bool(row[5])) for row in rows}


def find_payment(payment_id: int) -> Moved | None:
    """Return a payment; None when there is none."""
    row = db.session.execute(
        select(Payment.order_id, Payment.amount, Payment.currency, Payment.receipt_url).where(
            Payment.id == payment_id
        )
    ).one_or_none()
    return Moved(*row) if row else None


def find_refund(refund_id: int) -> Moved | None:
    """Return a refund that succeeded; None otherwise."""
    row = db.session.execute(
        select(Refund.order_id, Refund.amount, Refund.currency).where(
            Refund.id == refund_id, Refund.state == "succeeded"
        )
    ).one_or_none()
    return Moved(*row, receipt_url="") if row else None


@dataclass(frozen=True, slots=True)
class Sale:
    """A payment among others. `place` says whether it is the planet's first, the buyer's first, or one
    of several of the buyer's: first_sale, sale, renewal."""

    order_id: int
    place: str


def find_sale(payment_id: int) -> Sale | None:
    """Return which sale of a membership or a gift a payment made; None for those of questions, for
    what was free, and when there is none."""
    row = db.session.execute(
        select(Order.id, Order.planet_id, Order.user_id, Order.environment)
        .join(Payment, Payment.order_id == Order.id)
        .where(Payment.id == payment_id, Payment.amount > 0, Order.kind != "question")
    ).one_or_none()
    if row is None:
        return None
    before = (
        select(Payment.id)
        .join(Order, Order.id == Payment.order_id)
        .where(
            Order.planet_id == row.planet_id,
            Order.environment == row.environment,
            Order.kind != "question",
            Payment.id < payment_id,
            Payment.amount > 0,
        )
        .limit(1)
    )
    if db.session.scalar(before) is None:
        return Sale(row.id, "first_sale")
    again = db.session.scalar(before.where(Order.user_id == row.user_id)) is not None
    return Sale(row.id, "renewal" if again else "sale")


def find_failed_refund(refund_id: int) -> int | None:
    """Return the order of a refund that failed; None otherwise."""
    return db.session.scalar(
        select(Refund.order_id).where(Refund.id == refund_id, Refund.state == "failed")
    )


def has_failed_refund(order_id: int) -> bool:
    """Whether the latest refund of an order failed: a later one may have worked."""
    states = select(Refund.state).where(Refund.order_id == order_id)
    return db.session.scalar(states.order_by(Refund.id.desc()).limit(1)) == "failed"


def find_dispute(payment_id: int) -> tuple[int, str] | None:
    """Return a disputed payment's order and the state of the dispute; None without one."""
    row = db.session.execute(
        select(Payment.order_id, Payment.dispute).where(
            Payment.id == payment_id, Payment.dispute != ""
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


def find_renewal(planet: PlanetView, actor: Actor) -> Quote | None:
    """Return what it costs the actor to go on: the plan he had last, else the first that is sold to
    him. None when nothing is."""
    held = db.session.scalar(
        select(Entitlement.plan_ref)
        .join(Plan, Plan.public_id == Entitlement.plan_ref)
        .where(Entitlement.membership_id == actor.membership_id, Entitlement.revoked_at.is_(None))
        .order_by(Entitlement.until_at.desc(), Entitlement.id.desc())
        .limit(1)
    )
    lines = list_on_sale(planet, now=actor.now, besides=actor.user_id)
    buyer = find_buyer(planet, actor, now=actor.now)
    for line in sorted(lines, key=lambda line: line.plan.public_id != held):
        try:
            asked = quote_line(buyer, line)
        except Invalid:
            continue
        if asked.seats_left != 0:
            return asked
    return None
