"""Applying what is true at the provider to an order: payments, refunds, access, the ledger.

Everything here is absolute and may be applied any number of times: rows are found or made by what the
provider calls them and overwritten with its values of now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, or_, select

from app.billing.actions.access import give_access
from app.billing.actions.codes import make_gift_code
from app.billing.actions.doubles import give_back_doubles
from app.billing.actions.late import end_for_gone, sift_gifts
from app.billing.actions.orders import change, release
from app.billing.events import (
    ChargeFailed,
    DisputeMoved,
    OrderSettled,
    PauseFelt,
    PaymentArrived,
    RefundSettled,
    SeatFreed,
)
from app.billing.gateway import Charge, CheckoutFact, Invoice, RefundFact, SubscriptionFact
from app.billing.ledger import book_orders
from app.billing.models import Customer, Order, OrderChange, Payment, Refund, Subscription
from app.billing.states import CLOSED, FINAL, HOLDS, SETTLED, OrderState, charges_of, state_of
from app.kernel import clock
from app.kernel.db import db
from app.outbox.events import Event, put_all
from app.planets.models import Planet

# How a provider's word for a refund is kept.
REFUND_STATES = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}


Found = Sequence[tuple[Order, CheckoutFact]]


def apply_facts(found: Found, *, cause: str) -> None:
    """Make orders, their payments, what they give and the ledger agree with the provider.

    In the caller's unit of work, with the orders locked. Applying the same facts again changes nothing.
    Each step takes all orders at once: what it reads is read for all of them.
    """
    if not found:
        return
    found = _dated(found)
    _know_customers(found)
    _write_payments(found)
    _write_subscriptions(found)
    db.session.flush()
    _move_all(found, cause=cause)
    settled = [(order, fact) for order, fact in found if OrderState(order.state) in SETTLED]
    memberships = [(order, fact) for order, fact in settled if order.kind == "membership"]
    if memberships:
        give_access(memberships)
        give_back_doubles([order for order, _fact in memberships])
        end_for_gone(order for order, _fact in memberships if order.mode == "subscription")
    for order in sift_gifts([(order, fact) for order, fact in settled if order.kind == "gift"]):
        make_gift_code(order)
    book_orders([order for order, _fact in found])


def _dated(found: Found) -> Found:
    """Return the facts with the moment at which delayed money came (R29).

    A provider that does not know it yet names the attempt. What we saw on its way after that came
    since: the moment of hearing of it is the nearest there is.
    """
    waiting = {order.id for order, fact in found if _came_late(order, fact)}
    if not waiting:
        return found
    seen = dict(
        db.session.execute(
            select(OrderChange.order_id, func.max(OrderChange.at))
            .where(
                OrderChange.order_id.in_(waiting),
                OrderChange.what == OrderState.PROCESSING.value,
            )
            .group_by(OrderChange.order_id)
        ).all()
    )
    dated = []
    for order, fact in found:
        at = seen.get(order.id)
        if fact.charge is not None and at is not None and fact.charge.paid_at <= at:
            fact = replace(fact, charge=replace(fact.charge, paid_at=clock.now()))
        dated.append((order, fact))
    return dated


def _came_late(order: Order, fact: CheckoutFact) -> bool:
    return order.state == OrderState.PROCESSING and fact.charge is not None


def _move_all(found: Found, *, cause: str) -> None:
    """Bring orders into the states that follow from the facts."""
    told: list[Event] = []
    for order, fact in found:
        if order.paid_at is None and state_of(fact) in SETTLED:
            order.paid_at = min((c.paid_at for c in charges_of(fact)), default=order.created_at)
        told += _move(order, state_of(fact), cause=cause)
    put_all(told)


def _move(order: Order, state: OrderState, *, cause: str) -> Iterator[Event]:
    """Bring an order into a state; what it held is free again when it ends unpaid. Yields what is to be
    told."""
    before = OrderState(order.state)
    if state == before:
        return
    order.state = state.value
    change(order, cause, state.value, before=before.value)
    if state in CLOSED:
        order.closed_at = clock.now()
        release(order)
    if order.plan_id is not None and (state in CLOSED or before not in HOLDS):
        yield SeatFreed(plan_id=order.plan_id)
    yield OrderSettled(order_id=order.id, state=state.value)


def _open_windows(arrived: Sequence[tuple[Order, Payment]]) -> None:
    """Give the buyers of payments that arrived the right to have them back, for the planet's time from
    then on (R28). A question gives none: until it is answered its asker withdraws it instead."""
    planets = {order.planet_id for order, _row in arrived}
    known = select(Planet.id, Planet.refund_hours).where(Planet.id.in_(planets))
    hours = dict(db.session.execute(known).all()) if arrived else {}
    for order, row in arrived:
        if order.kind != "question":
            row.refund_until = row.paid_at + timedelta(hours=hours[order.planet_id])
            order.refund_until = max(order.refund_until or row.refund_until, row.refund_until)


def _know_customers(found: Found) -> None:
    """Remember how the provider calls the buyers. When it made one anew, although it was told the name we
    know, that one is gone."""
    named = [(order, fact.customer_ref) for order, fact in found if fact.customer_ref]
    if not named:
        return
    known = db.session.scalars(
        select(Customer).where(
            or_(
                Customer.provider_ref.in_({ref for _order, ref in named}),
                Customer.user_id.in_({order.user_id for order, _ref in named}),
            )
        )
    ).all()
    refs = {customer.provider_ref for customer in known}
    own = {(each.user_id, each.environment, each.account): each for each in known}
    for order, ref in named:
        if ref in refs:
            continue
        whose = order.user_id, order.environment, order.account
        if whose not in own:
            own[whose] = Customer(
                user_id=order.user_id,
                environment=order.environment,
                account=order.account,
                provider_ref=ref,
            )
            db.session.add(own[whose])
        elif order.wish.get("customer_ref") == own[whose].provider_ref:
            refs.remove(own[whose].provider_ref)
            own[whose].provider_ref = ref
        refs.add(own[whose].provider_ref)


def _charges(found: Found) -> Iterator[tuple[Order, Charge, Invoice | None]]:
    for order, fact in found:
        if fact.charge is not None:
            yield order, fact.charge, None
        for invoice in fact.subscription.invoices if fact.subscription else ():
            if invoice.charge is not None:
                yield order, invoice.charge, invoice


def _write_payments(found: Found) -> None:
    charges = list(_charges(found))
    if not charges:
        return
    refs = [charge.ref for _order, charge, _invoice in charges]
    known = db.session.scalars(select(Payment).where(Payment.provider_ref.in_(refs)))
    rows = {row.provider_ref: row for row in known}
    arrived: list[tuple[Order, Payment]] = []
    disputed: list[Payment] = []
    for order, charge, invoice in charges:
        row = rows.get(charge.ref)
        if row is None:
            row = rows[charge.ref] = _new_payment(order, charge, invoice)
            arrived += [(order, row)] if charge.amount > 0 else []
        before = row.dispute or ""
        _write_payment(row, charge, invoice)
        disputed += [row] if row.dispute != before else []
    _open_windows(arrived)
    db.session.flush()
    put_all([PaymentArrived(payment_id=row.id) for _order, row in arrived])
    put_all([DisputeMoved(payment_id=row.id) for row in disputed])
    _write_refunds(
        [(rows[charge.ref], fact) for _o, charge, _i in charges for fact in charge.refunds]
    )


def _new_payment(order: Order, charge: Charge, invoice: Invoice | None) -> Payment:
    source = f"invoice:{invoice.ref}" if invoice else f"order:{order.public_id}"
    row = Payment(
        order_id=order.id,
        provider_ref=charge.ref,
        entitlement_ref=source,
        paid_at=charge.paid_at,
    )
    db.session.add(row)
    return row


def _write_payment(row: Payment, charge: Charge, invoice: Invoice | None) -> None:
    row.invoice_ref = invoice.ref if invoice else ""
    row.receipt_url = charge.receipt_url
    row.amount = charge.amount
    row.refunded = charge.refunded
    row.fee = charge.fee
    row.tax = charge.tax
    row.method = charge.method[:40]
    row.currency = charge.currency
    # It is told more exactly later on, never as earlier: see `_dated`.
    row.paid_at = max(row.paid_at, charge.paid_at)
    row.dispute = charge.dispute.status if charge.dispute else ""
    row.dispute_ref = charge.dispute.ref if charge.dispute else ""
    row.dispute_amount = charge.dispute.amount if charge.dispute else 0
    row.dispute_fee = charge.dispute.fee if charge.dispute else 0
    row.dispute_at = charge.dispute.at if charge.dispute else None
    row.dispute_answer_by = charge.dispute.answer_by if charge.dispute else None


def _write_refunds(facts: Sequence[tuple[Payment, RefundFact]]) -> None:
    """Keep the states of refunds; those that were made at the provider itself get rows too."""
    if not facts:
        return
    refs = [fact.ref for _payment, fact in facts]
    known = db.session.scalars(select(Refund).where(Refund.provider_ref.in_(refs)))
    rows = {row.provider_ref: row for row in known}
    asked = _asked_refunds({payment.id for payment, _fact in facts})
    settled: list[Refund] = []
    for payment, fact in facts:
        row = rows.get(fact.ref) or _take_asked(asked, payment, fact)
        row = rows[fact.ref] = row or _new_refund(payment, fact)
        row.provider_ref = fact.ref
        before = row.state
        row.state = REFUND_STATES.get(fact.status, "pending")
        if row.state != "pending" and (row.state != before or row.settled_at is None):
            # One that had succeeded may fail days later: told again (R17).
            row.settled_at = row.settled_at or fact.at
            settled.append(row)
    db.session.flush()
    put_all([RefundSettled(refund_id=row.id) for row in settled])


def _asked_refunds(payment_ids: Collection[int]) -> list[Refund]:
    """Return what was asked for by us, where the process died before it could write down the answer."""
    return list(
        db.session.scalars(
            select(Refund)
            .where(
                Refund.payment_id.in_(payment_ids),
                Refund.provider_ref.is_(None),
                Refund.state == "asked",
            )
            .order_by(Refund.id)
        )
    )


def _take_asked(asked: list[Refund], payment: Payment, fact: RefundFact) -> Refund | None:
    for row in asked:
        if row.payment_id == payment.id and row.amount == fact.amount:
            asked.remove(row)
            return row
    return None


def _new_refund(payment: Payment, fact: RefundFact) -> Refund:
    row = Refund(
        order_id=payment.order_id,
        payment_id=payment.id,
        token=fact.ref,
        amount=fact.amount,
        currency=payment.currency,
        ends="now",
        asked_at=fact.at,
    )
    db.session.add(row)
    return row


def _write_subscriptions(found: Found) -> None:
    facts = [(order, fact.subscription) for order, fact in found if fact.subscription is not None]
    if not facts:
        return
    ids = [order.id for order, _fact in facts]
    known = db.session.scalars(select(Subscription).where(Subscription.order_id.in_(ids)))
    rows = {row.order_id: row for row in known}
    paused = _list_paused({order.planet_id for order, _fact in facts})
    told: list[Event] = []
    for order, fact in facts:
        row = rows.get(order.id)
        if row is None:
            row = Subscription(order_id=order.id)
            db.session.add(row)
        if fact.status == "past_due" and row.status != "past_due":
            told.append(ChargeFailed(order_id=order.id))
        # One that began in a pause, or that somebody let go on at the provider.
        if order.planet_id in paused and not fact.held and fact.status not in FINAL:
            told.append(PauseFelt(order_id=order.id))
        _write_subscription(order, row, fact)
    put_all(told)


def _list_paused(planet_ids: Collection[int]) -> set[int]:
    paused = select(Planet.id).where(Planet.id.in_(planet_ids), Planet.paused_at.is_not(None))
    return set(db.session.scalars(paused))


def _write_subscription(order: Order, row: Subscription, fact: SubscriptionFact) -> None:
    order.subscription_ref = fact.ref
    row.provider_ref = fact.ref
    row.status = fact.status
    row.cancel_at = fact.cancel_at
    row.cancel_at_period_end = fact.cancel_at_period_end
    row.ended_at = fact.ended_at
    row.held = fact.held
    row.synced_at = clock.now()
