"""What of purchases still runs or is under way, and which subscriptions do not end as they should (R25)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from app.billing.models import Order, Payment, Subscription
from app.billing.queries.promises import charged_next
from app.billing.states import FINAL, HOLDS
from app.kernel import clock
from app.kernel.db import db
from app.memberships.models import Entitlement, Membership
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require


@dataclass(frozen=True, slots=True)
class RunningView:
    """A subscription that is not over. `cancelled`: it ends with what is paid; `paid_up`: that time, or a
    free trial, still runs; `amount` is charged next; `until` its end where a payment says it, None in a
    trial."""

    title: str
    amount: int
    currency: str
    cancelled: bool
    paid_up: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A subscription that is to end and of which the provider does not say so yet."""

    order: str
    title: str
    member: str
    since: datetime | None
    tries: int
    error: str


def list_running(user_id: int, planet_id: int | None = None) -> list[RunningView]:
    """Return a person's subscriptions that are not over, in one planet or in all (None)."""
    here: ColumnElement[bool] = Order.planet_id == planet_id if planet_id is not None else true()
    rows = db.session.execute(
        select(Order, Subscription)
        .join(Subscription, Subscription.order_id == Order.id)
        .where(Order.user_id == user_id, Subscription.status.not_in(FINAL), here)
        .order_by(Order.id)
    ).all()
    ends = paid_until([order.id for order, _row in rows])
    return [
        RunningView(
            title=order.title,
            amount=charged_next(order),
            currency=order.currency,
            cancelled=row.cancel_at_period_end or row.cancel_at is not None,
            paid_up=_is_paid_up(row, ends.get(order.id)),
            until=ends.get(order.id) if row.status != "trialing" else None,
        )
        for order, row in rows
    ]


def has_underway(user_id: int, planet_id: int | None = None) -> bool:
    """Whether a person's order of a membership is open, or its money under way, in one planet or in any."""
    here: ColumnElement[bool] = Order.planet_id == planet_id if planet_id is not None else true()
    found = select(Order.id).where(
        Order.user_id == user_id,
        Order.kind == "membership",
        Order.state.in_([state.value for state in HOLDS]),
        here,
    )
    return db.session.scalar(found.limit(1)) is not None


def is_paid_up(order: Order, row: Subscription) -> bool:
    """Whether a subscription runs in a time that is paid for, or free: in a trial."""
    return _is_paid_up(row, paid_until([order.id]).get(order.id))


def _is_paid_up(row: Subscription, until: datetime | None) -> bool:
    if row.status == "trialing":
        return True
    return row.status == "active" and until is not None and until > clock.now()


def paid_until(order_ids: Collection[int]) -> dict[int, datetime]:
    """Return order id -> the end of what its payments gave; nothing for those that gave nothing. One
    query."""
    rows = db.session.execute(
        select(Payment.order_id, func.max(Entitlement.until_at))
        .join(
            Entitlement,
            and_(
                Entitlement.source == "invoice",
                Entitlement.source_ref == Payment.invoice_ref,
                Entitlement.revoked_at.is_(None),
            ),
        )
        .where(Payment.order_id.in_(order_ids), Payment.invoice_ref != "")
        .group_by(Payment.order_id)
    )
    return {order_id: until for order_id, until in rows if until is not None}


def find_subscription(order_id: int) -> Subscription | None:
    """Return an order's subscription; None when it has none that we know of."""
    return db.session.scalar(select(Subscription).where(Subscription.order_id == order_id))


def ends_as_wanted(row: Subscription) -> bool:
    """Whether the provider says of a subscription what it was asked for."""
    if row.status in FINAL:
        return True
    ends = row.cancel_at_period_end or row.cancel_at is not None
    return row.end_wanted == "at_end" and ends


def unconfirmed() -> ColumnElement[bool]:
    """Return the SQL for an end that is wanted and that the provider does not say; as `ends_as_wanted`."""
    return and_(
        Subscription.end_wanted != "",
        Subscription.status.not_in(FINAL),
        or_(
            Subscription.end_wanted == "now",
            and_(Subscription.cancel_at_period_end.is_(False), Subscription.cancel_at.is_(None)),
        ),
    )


def list_unconfirmed(actor: Actor) -> list[Unconfirmed]:
    """Return the planet's subscriptions whose end the provider has not confirmed, the oldest first."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    return _unconfirmed(Order.planet_id == planet_of(actor))


def list_all_unconfirmed() -> list[Unconfirmed]:
    """Return the same of the whole installation, for who keeps it."""
    return _unconfirmed(true())


def _unconfirmed(here: ColumnElement[bool]) -> list[Unconfirmed]:
    rows = db.session.execute(
        select(
            Order.public_id,
            Order.title,
            Membership.public_id,
            Subscription.end_asked_at,
            Subscription.end_tries,
            Subscription.end_error,
        )
        .join(Subscription, Subscription.order_id == Order.id)
        .join(
            Membership,
            (Membership.planet_id == Order.planet_id) & (Membership.user_id == Order.user_id),
        )
        .where(unconfirmed(), here)
        .order_by(Subscription.end_asked_at, Order.id)
    )
    return [Unconfirmed(*row) for row in rows]
