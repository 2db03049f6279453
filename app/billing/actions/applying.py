"""Applying what is true at the provider to an order: payments, refunds, access, the ledger.

Everything here is absolute and may be applied any number of times: rows are found or made by what the
provider calls them and overwritten with its values of now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from app.billing.actions.access import give_access
from app.billing.actions.codes import make_gift_code
from app.billing.actions.doubles import give_back_doubles
from app.billing.actions.orders import change, release
from app.billing.events import (
    ChargeFailed,
    OrderSettled,
    PaymentArrived,
    RefundSettled,
    SeatFreed,
)
from app.billing.gateway import Charge, CheckoutFact, Invoice, RefundFact, SubscriptionFact
from app.billing.ledger import book_order
from app.billing.models import Customer, Order, Payment, Refund, Subscription
from app.billing.states import CLOSED, HOLDS, SETTLED, OrderState, charges_of, state_of
from app.kernel import clock
from app.kernel.db import db
from app.outbox.events import put
from app.planets.models import Planet

# How a provider's word for a refund is kept.
REFUND_STATES = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}


def apply_facts(found: Iterable[tuple[Order, CheckoutFact]], *, cause: str) -> None:
    """Make orders agree with the provider; see `apply_fact`."""
    for order, fact in found:
        apply_fact(order, fact, cause=cause)


def apply_fact(order: Order, fact: CheckoutFact, *, cause: str) -> None:
    """Make an order, its payments, what it gives and the ledger agree with the provider.

    In the caller's unit of work, with the order locked. Applying the same fact again changes nothing.
    """
    _know_customer(order, fact.customer_ref)
    for charge, invoice in _charges(fact):
        _write_payment(order, charge, invoice)
    if fact.subscription is not None:
        _write_subscription(order, fact.subscription)
    db.session.flush()
    _move(order, state_of(fact), fact, cause=cause)
    settled = OrderState(order.state) in SETTLED
    if settled and order.kind == "membership":
        give_access(order, fact)
        give_back_doubles(order)
    elif settled and order.kind == "gift":
        make_gift_code(order)
    book_order(order)


def _move(order: Order, state: OrderState, fact: CheckoutFact, *, cause: str) -> None:
    """Bring an order into a state; what it held is free again when it ends unpaid."""
    before = OrderState(order.state)
    if state in SETTLED and order.paid_at is None:
        paid_at = min((c.paid_at for c in charges_of(fact)), default=order.created_at)
        order.refund_until = _refund_until(order, paid_at)
        order.paid_at = paid_at
    if state == before:
        return
    order.state = state.value
    change(order, cause, state.value, before=before.value)
    if state in CLOSED:
        order.closed_at = clock.now()
        release(order)
    if order.plan_id is not None and (state in CLOSED or before not in HOLDS):
        put(SeatFreed(plan_id=order.plan_id))
    put(OrderSettled(order_id=order.id, state=state.value))


def _refund_until(order: Order, paid_at: datetime) -> datetime | None:
    """Return the end of the buyer's own right to a refund. A question has none: until it is answered
    its asker withdraws it instead."""
    if order.kind == "question":
        return None
    hours = db.session.scalar(select(Planet.refund_hours).where(Planet.id == order.planet_id))
    return paid_at + timedelta(hours=hours or 0)


def _charges(fact: CheckoutFact) -> Iterator[tuple[Charge, Invoice | None]]:
    if fact.charge is not None:
        yield fact.charge, None
    for invoice in fact.subscription.invoices if fact.subscription else ():
        if invoice.charge is not None:
            yield invoice.charge, invoice


def _know_customer(order: Order, ref: str) -> None:
    """Remember how the provider calls the buyer. When it made him anew, although it was told the name we
    know, that one is gone."""
    if not ref:
        return
    own = and_(
        Customer.user_id == order.user_id,
        Customer.environment == order.environment,
        Customer.account == order.account,
    )
    known = db.session.scalars(select(Customer).where(or_(Customer.provider_ref == ref, own))).all()
    if any(customer.provider_ref == ref for customer in known):
        return
    if not known:
        db.session.add(
            Customer(
                user_id=order.user_id,
                environment=order.environment,
                account=order.account,
                provider_ref=ref,
            )
        )
    elif order.wish.get("customer_ref") == known[0].provider_ref:
        known[0].provider_ref = ref


def _write_payment(order: Order, charge: Charge, invoice: Invoice | None) -> None:
    row = db.session.scalar(select(Payment).where(Payment.provider_ref == charge.ref))
    arrived = False
    if row is None:
        source = f"invoice:{invoice.ref}" if invoice else f"order:{order.public_id}"
        row = Payment(order_id=order.id, provider_ref=charge.ref, entitlement_ref=source)
        db.session.add(row)
        arrived = charge.amount > 0
    row.invoice_ref = invoice.ref if invoice else ""
    row.receipt_url = charge.receipt_url
    row.amount = charge.amount
    row.refunded = charge.refunded
    row.fee = charge.fee
    row.currency = charge.currency
    row.paid_at = charge.paid_at
    row.dispute = charge.dispute.status if charge.dispute else ""
    row.dispute_ref = charge.dispute.ref if charge.dispute else ""
    row.dispute_amount = charge.dispute.amount if charge.dispute else 0
    row.dispute_fee = charge.dispute.fee if charge.dispute else 0
    row.dispute_at = charge.dispute.at if charge.dispute else None
    db.session.flush()
    if arrived:
        put(PaymentArrived(payment_id=row.id))
    for refund in charge.refunds:
        _write_refund(order, row, refund)


def _write_refund(order: Order, payment: Payment, fact: RefundFact) -> None:
    """Keep a refund's state; one that was made at the provider itself gets a row too."""
    row = db.session.scalar(select(Refund).where(Refund.provider_ref == fact.ref))
    if row is None:
        # Asked for by us, and the process died before it could write down the answer.
        row = db.session.scalar(
            select(Refund)
            .where(
                Refund.payment_id == payment.id,
                Refund.provider_ref.is_(None),
                Refund.state == "asked",
                Refund.amount == fact.amount,
            )
            .order_by(Refund.id)
            .limit(1)
        )
    if row is None:
        row = Refund(
            order_id=order.id,
            payment_id=payment.id,
            token=fact.ref,
            amount=fact.amount,
            currency=payment.currency,
            ends="now",
            asked_at=fact.at,
        )
        db.session.add(row)
    row.provider_ref = fact.ref
    row.state = REFUND_STATES.get(fact.status, "pending")
    settled = row.state != "pending" and row.settled_at is None
    if settled:
        row.settled_at = fact.at
    db.session.flush()
    if settled:
        put(RefundSettled(refund_id=row.id))


def _write_subscription(order: Order, fact: SubscriptionFact) -> None:
    row = db.session.scalar(select(Subscription).where(Subscription.order_id == order.id))
    if row is None:
        row = Subscription(order_id=order.id, provider_ref=fact.ref)
        db.session.add(row)
    order.subscription_ref = fact.ref
    if fact.status == "past_due" and row.status != "past_due":
        put(ChargeFailed(order_id=order.id))
    row.provider_ref = fact.ref
    row.status = fact.status
    row.cancel_at = fact.cancel_at
    row.cancel_at_period_end = fact.cancel_at_period_end
    row.ended_at = fact.ended_at
    row.synced_at = clock.now()
