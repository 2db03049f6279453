"""Asking for money back: a row and an event; the provider is called afterwards, outside any lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.billing.actions.ending import wish_end
from app.billing.actions.orders import change
from app.billing.events import RefundAsked
from app.billing.gateway import gateways
from app.billing.models import Order, Payment, Refund
from app.billing.states import is_with_bank
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.outbox.events import put

REASON_MAX = 300


@dataclass(frozen=True, slots=True)
class RefundWish:
    """How much of a payment goes back. `ends`: now, at_end (access stays until its end). `token` is
    the form's one-time key (R18); `asked_by` a user id, None for the system."""

    amount: int
    ends: str
    reason: str
    token: str
    asked_by: int | None = None


def ask_refund(order: Order, payment: Payment, wish: RefundWish, *, cause: str) -> Refund:
    """Write down that money goes back; the same token again is the same refund.

    In the caller's unit of work, the order locked. Invalid("amount", …): `amount` unless it lies between
    1 and what is left of the payment; Invalid("reason", "too_long").
    """
    known = db.session.scalar(select(Refund).where(Refund.token == wish.token))
    if known is not None:
        return known
    left = refundable(payment)
    if not 0 < wish.amount <= left:
        raise Invalid("amount", "amount", low=1, high=left)
    if len(wish.reason) > REASON_MAX:
        raise Invalid("reason", "too_long", high=REASON_MAX)
    refund = Refund(
        order_id=order.id,
        payment_id=payment.id,
        token=wish.token,
        amount=wish.amount,
        currency=payment.currency,
        ends=wish.ends,
        reason=wish.reason,
        state="asked",
        asked_by=wish.asked_by,
        asked_at=clock.now(),
    )
    db.session.add(refund)
    db.session.flush()
    change(order, cause, "refund_asked", amount=wish.amount, ends=wish.ends, reason=wish.reason)
    put(RefundAsked(refund_id=refund.id))
    return refund


def refundable(payment: Payment) -> int:
    """Return what is left of a payment, less what is asked for and not with the provider yet; nothing
    of what a bank holds or took back, for it cannot be given back twice."""
    asked = select(Refund).where(Refund.payment_id == payment.id, Refund.state == "asked")
    return left_of(payment, db.session.scalars(asked).all())


def left_of(payment: Payment, refunds: Sequence[Refund]) -> int:
    """Return the same of refunds that are read already: all of the payment's, or of its order's. Nothing
    is left of what was paid before the installation moved to another kind of money."""
    order = db.session.get(Order, payment.order_id)
    of_another_kind = order is not None and order.environment != gateways.environment
    if is_with_bank(payment.dispute) or of_another_kind:
        return 0
    asked = sum(
        one.amount for one in refunds if one.payment_id == payment.id and one.state == "asked"
    )
    return max(0, payment.amount - payment.refunded - asked)


def rests_with_bank(payments: Sequence[Payment]) -> bool:
    """Whether nothing can be given back because a bank holds what is left, or took it back."""
    with_bank = any(is_with_bank(payment.dispute) for payment in payments)
    return with_bank and not any(refundable(payment) > 0 for payment in payments)


def ask_everything_back(order: Order, *, reason: str) -> None:
    """Give all of an order's money back and end its subscription; asked twice it happens once."""
    for payment in list_payments(order.id):
        left = refundable(payment)
        if left > 0:
            token = f"{reason}-{payment.provider_ref}"[:64]
            wish = RefundWish(amount=left, ends="now", reason=reason, token=token)
            ask_refund(order, payment, wish, cause="job")
    wish_end(order, when="now", cause="job")


def list_payments(order_id: int) -> list[Payment]:
    """Return an order's payments, the oldest first."""
    return list(
        db.session.scalars(
            select(Payment)
            .where(Payment.order_id == order_id)
            .order_by(Payment.paid_at, Payment.id)
        )
    )
