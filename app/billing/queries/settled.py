"""What changes no more, as payments that are long settled: the provider is not asked again (R33)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import exists, select

from app.billing.gateway import UNKNOWN, Charge, CheckoutFact, DisputeFact, Invoice, Known
from app.billing.models import Order, Payment, Refund
from app.kernel import clock
from app.kernel.db import db
from app.memberships.models import Entitlement

# A dispute may come this long after the payment.
DISPUTE_HORIZON = timedelta(days=180)
# How a dispute that is over stands; "" for none.
OVER = ("", "won", "lost", "warning_closed")


def read_known(orders: Collection[Order], *, anew: bool = False) -> dict[int, Known]:
    """Return for each order, by its id, what need not be asked of its provider again; `anew`: also what
    is long settled is asked about."""
    settled = {} if anew else read_settled([order.id for order in orders])
    return {order.id: _known(order, settled.get(order.id, ())) for order in orders}


def _known(order: Order, settled: Sequence[Invoice]) -> Known:
    begun = order.subscription_ref and order.provider_ref and order.paid_at
    if not begun or order.mode != "subscription":
        return UNKNOWN
    # A checkout that was completed and paid stays so; the rest stands in its subscription.
    fact = CheckoutFact(
        ref=str(order.provider_ref),
        status="complete",
        paid=True,
        failed=False,
        amount=order.amount,
        currency=order.currency,
    )
    return Known(fact, str(order.subscription_ref), settled)


def read_settled(order_ids: Collection[int]) -> dict[int, list[Invoice]]:
    """Return the settled invoices of orders as our rows have them, the oldest first: what was paid before
    the dispute horizon, with no refund under way and no dispute going on. Orders without are left out."""
    found: dict[int, list[Invoice]] = defaultdict(list)
    if not order_ids:
        return found
    under_way = exists().where(
        Refund.payment_id == Payment.id, Refund.state.in_(("asked", "pending"))
    )
    rows = db.session.execute(
        select(Payment, Entitlement.starts_at, Entitlement.ends_at)
        .join(
            Entitlement,
            (Entitlement.source == "invoice") & (Entitlement.source_ref == Payment.invoice_ref),
        )
        .where(
            Payment.order_id.in_(order_ids),
            Payment.invoice_ref != "",
            Payment.paid_at < clock.now() - DISPUTE_HORIZON,
            Payment.dispute.in_(OVER),
            ~under_way,
        )
        .order_by(Entitlement.starts_at, Payment.id)
    )
    for payment, starts, ends in rows:
        if ends is not None:
            charge = _charge(payment)
            found[payment.order_id].append(
                Invoice(payment.invoice_ref, starts, ends, payment.amount, payment.currency, charge)
            )
    return found


def _charge(row: Payment) -> Charge:
    """Return a payment as the provider told of it; its refunds stand in rows of their own already."""
    return Charge(
        ref=row.provider_ref,
        amount=row.amount,
        currency=row.currency,
        paid_at=row.paid_at,
        refunded=row.refunded,
        fee=row.fee,
        tax=row.tax,
        method=row.method,
        receipt_url=row.receipt_url,
        dispute=_dispute(row),
    )


def _dispute(row: Payment) -> DisputeFact | None:
    if not row.dispute:
        return None
    at = row.dispute_at or row.paid_at
    return DisputeFact(
        row.dispute_ref,
        row.dispute_amount,
        row.dispute,
        at,
        row.dispute_fee,
        row.dispute_answer_by,
    )
