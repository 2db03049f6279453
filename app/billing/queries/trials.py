"""How a subscription that began with a free trial stands before its first payment (R28)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select

from app.billing.models import Order, Payment, Subscription
from app.billing.states import FINAL
from app.kernel.db import db
from app.memberships.models import Entitlement, Membership


class TrialState(StrEnum):
    """`runs`: the first charge is to come. `ends`: it was cancelled, none comes. `unpaid`: the first charge
    failed. `over`: it ended without a charge."""

    RUNS = "runs"
    ENDS = "ends"
    UNPAID = "unpaid"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial without a payment yet. `until` is its end and the moment of the first charge, of `amount`."""

    state: TrialState
    until: datetime
    amount: int
    currency: str


def find_trial(order: Order) -> Trial | None:
    """Return how an order's trial stands; None when it has none, has not begun, or is paid for."""
    if not order.trial_days:
        return None
    held = db.session.scalar(select(Subscription).where(Subscription.order_id == order.id))
    paid = select(Payment.id).where(Payment.order_id == order.id, Payment.amount > 0).limit(1)
    if held is None or db.session.scalar(paid) is not None:
        return None
    until = db.session.scalar(
        select(func.max(Entitlement.until_at))
        .join(Membership, Membership.id == Entitlement.membership_id)
        .where(
            Membership.planet_id == order.planet_id,
            Membership.user_id == order.user_id,
            Entitlement.source == "invoice",
            Entitlement.trial,
            Entitlement.created_at >= order.created_at,
        )
    )
    if until is None:
        return None
    return Trial(_state(held), until, order.amount, order.currency)


def _state(held: Subscription) -> TrialState:
    if held.status in FINAL:
        return TrialState.OVER
    if held.status != "trialing":
        return TrialState.UNPAID
    ends = held.cancel_at_period_end or held.cancel_at is not None
    return TrialState.ENDS if ends else TrialState.RUNS
