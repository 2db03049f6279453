"""What stays of somebody's money when their account closes, for the page that says so before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select

from app.billing.gateway import gateways
from app.billing.models import Customer, Order, Payment
from app.billing.queries.settled import DISPUTE_HORIZON
from app.billing.states import SETTLED
from app.kernel import clock
from app.kernel.db import db


@dataclass(frozen=True, slots=True)
class KeptBooks:
    """`any`: something was bought. `provider_until`: until when the payment provider keeps who they are
    (aware UTC), because a payment may be disputed; None where it knows nobody."""

    any: bool
    provider_until: datetime | None


def find_kept_books(user_id: int) -> KeptBooks:
    """Return what is kept of a person's payments, and how long."""
    bought = exists().where(Order.user_id == user_id, Order.state.in_(SETTLED))
    known = exists().where(
        Customer.user_id == user_id, Customer.environment == gateways.environment
    )
    newest = (
        select(func.max(Payment.paid_at))
        .join(Order, Order.id == Payment.order_id)
        .where(Order.user_id == user_id)
        .scalar_subquery()
    )
    has_bought, is_known, paid_at = db.session.execute(select(bought, known, newest)).one()
    if not is_known:
        return KeptBooks(bool(has_bought), None)
    now = clock.now()
    return KeptBooks(bool(has_bought), max(now, paid_at + DISPUTE_HORIZON) if paid_at else now)
