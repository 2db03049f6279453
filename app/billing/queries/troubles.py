"""What may be the matter with somebody's payments: who it is, as conditions on orders."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import aliased

from app.billing.ledger import COUNTED, OPEN_DISPUTES
from app.billing.models import Order, Payment, Refund, Subscription
from app.billing.queries.noticed import ASKS_FOR_EVIDENCE
from app.billing.queries.orders import shown_to
from app.memberships.rows import planet_of
from app.policy import Actor


def _disputed() -> ColumnElement[bool]:
    open_ones = {*OPEN_DISPUTES, *ASKS_FOR_EVIDENCE, "warning_under_review"}
    return exists().where(Payment.order_id == Order.id, Payment.dispute.in_(open_ones))


def _past_due() -> ColumnElement[bool]:
    return exists().where(
        Subscription.order_id == Order.id, Subscription.status.in_(("past_due", "unpaid"))
    )


def _ending() -> ColumnElement[bool]:
    return exists().where(
        Subscription.order_id == Order.id,
        Subscription.status.in_(("active", "trialing", "past_due")),
        Subscription.cancel_at_period_end | Subscription.cancel_at.is_not(None),
    )


def _refund_failed() -> ColumnElement[bool]:
    """A refund failed, and none of the same payment went through since."""
    later = aliased(Refund)
    done = exists().where(
        later.payment_id == Refund.payment_id, later.id > Refund.id, later.state.in_(COUNTED)
    )
    return exists().where(Refund.order_id == Order.id, Refund.state == "failed", ~done)


TROUBLES: dict[str, Callable[[], ColumnElement[bool]]] = {
    "disputed": _disputed,
    "past_due": _past_due,
    "ending": _ending,
    "refund_failed": _refund_failed,
}


def buyers_in(actor: Actor, trouble: str) -> Select[int]:
    """Return a select of the user ids that a trouble (a key of TROUBLES) is about, among the orders of
    the actor's planet that the actor is shown."""
    return select(Order.user_id).where(
        Order.planet_id == planet_of(actor), shown_to(actor), TROUBLES[trouble]()
    )
