"""Refunds: by the buyer within his time, by staff; and the call to the provider afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, true

from app.billing.actions.applying import REFUND_STATES
from app.billing.actions.asking import (
    RefundWish,
    ask_refund,
    list_payments,
    refundable,
    rests_with_bank,
)
from app.billing.actions.ending import wish_end
from app.billing.actions.sync import sync
from app.billing.events import RefundSettled
from app.billing.gateway import GatewayError, RefundFact, gateways
from app.billing.models import Order, Payment, Refund
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.text import tidy
from app.memberships.rows import person_of, planet_of
from app.outbox.events import put
from app.planets.models import Planet
from app.policy import Action, Actor, OrderFacts
from app.policy.gate import require


def refund_own(actor: Actor, *, order_id: str, reason: str, token: str) -> Order:
    """Take back what one paid within the planet's time; what that paid for ends with it.

    In the caller's unit of work. NotFound for others' orders; Conflict("late") afterwards,
    Conflict("with_bank") where the bank holds the money, Conflict("nothing") when none is left.
    """
    order = _lock(order_id)
    if order.user_id != person_of(actor) or order.planet_id != planet_of(actor):
        raise NotFound
    if not may_refund_own(order):
        raise Conflict("late")
    payments = list_returnable(order)
    for payment in payments:
        wish = RefundWish(
            refundable(payment), "now", reason.strip(), f"{token}-{payment.id}", order.user_id
        )
        ask_refund(order, payment, wish, cause="buyer")
    if not payments and not _is_asked(token):
        raise Conflict("with_bank" if rests_with_bank(list_payments(order.id)) else "nothing")
    if payments and order.subscription_ref is not None:
        wish_end(order, when="now", cause="buyer")
    return order


@dataclass(frozen=True, slots=True)
class Takeable:
    """A purchase whose buyer can have so much of it back by themselves, until a moment."""

    order: str
    slug: str
    title: str
    amount: int
    currency: str
    until: datetime


def list_takeable(user_id: int, planet_id: int | None = None) -> list[Takeable]:
    """Return what somebody can take back by themselves now, in one planet or in all (None)."""
    here: ColumnElement[bool] = Order.planet_id == planet_id if planet_id is not None else true()
    rows = db.session.execute(
        select(Order, Planet.slug)
        .join(Planet, Planet.id == Order.planet_id)
        .where(Order.user_id == user_id, Order.refund_until > clock.now(), here)
        .order_by(Order.id)
    )
    found = [(order, slug, list_returnable(order)) for order, slug in rows.all()]
    return [
        Takeable(
            order=order.public_id,
            slug=slug,
            title=order.title,
            amount=sum(refundable(payment) for payment in payments),
            currency=order.currency,
            until=min(payment.refund_until for payment in payments if payment.refund_until),
        )
        for order, slug, payments in found
        if payments
    ]


def list_returnable(order: Order) -> list[Payment]:
    """Return the payments of an order that its buyer can have back now without asking, the oldest first:
    the time of each runs from when its money came (R28)."""
    moment = clock.now()
    return [
        payment
        for payment in list_payments(order.id)
        if payment.refund_until is not None
        and moment < payment.refund_until
        and refundable(payment) > 0
    ]


def may_refund_own(order: Order) -> bool:
    """Whether a buyer's own right to a refund still runs."""
    return order.refund_until is not None and clock.now() < order.refund_until


def refund_by_staff(actor: Actor, *, order_id: str, payment_id: int, wish: RefundWish) -> Refund:
    """Give back all or a part of a payment; access ends now or stays to its end, as `wish` says.

    In the caller's unit of work. Refused by the policy; NotFound outside the planet; Invalid for the
    amount and for an empty reason.
    """
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    order = _lock(order_id)
    payment = db.session.get(Payment, payment_id)
    if order.planet_id != planet_of(actor) or payment is None or payment.order_id != order.id:
        raise NotFound
    require(actor, Action.ORDER_DECIDE, OrderFacts(order.user_id))
    if not tidy(wish.reason):
        raise Invalid("reason", "required")
    refund = ask_refund(order, payment, wish, cause="staff")
    record(
        "refund.ask",
        actor_id=actor.user_id,
        planet_id=order.planet_id,
        subject=("order", order.id),
        reason=wish.reason,
        amount=wish.amount,
        currency=payment.currency,
        ends=wish.ends,
    )
    return refund


def send_refund(payload: dict[str, Any]) -> None:
    """Ask the provider for a refund that stands in its row; repeated, it is one refund (R18)."""
    row = db.session.get(Refund, payload["refund_id"])
    if row is None or row.state != "asked":
        return
    order = db.session.get_one(Order, row.order_id)
    charge = db.session.get_one(Payment, row.payment_id).provider_ref
    gateway, account = gateways.of(order.gateway), order.account
    amount, token, order_id, cause = row.amount, row.token, order.id, _cause(order, row)
    db.session.rollback()
    try:
        fact = gateway.refund(charge, account=account, amount=amount, token=token)
    except GatewayError as error:
        if error.retry:
            raise
        with unit_of_work():
            _fail(payload["refund_id"], str(error))
        return
    with unit_of_work():
        _keep(payload["refund_id"], fact)
    sync(order_id, cause=cause)


def _cause(order: Order, row: Refund) -> str:
    """Return whose deed a refund is, although a job carries it out: the house's own is nobody's."""
    if row.asked_by is None:
        return "job"
    return "buyer" if row.asked_by == order.user_id else "staff"


def _keep(refund_id: int, fact: RefundFact) -> None:
    row = db.session.get_one(Refund, refund_id, with_for_update=True, populate_existing=True)
    # A sync may have seen it first and have given it a row of its own.
    seen = db.session.scalar(
        select(Refund).where(Refund.provider_ref == fact.ref, Refund.id != refund_id)
    )
    if seen is not None:
        db.session.delete(seen)
        db.session.flush()
    row.provider_ref = fact.ref
    row.state = REFUND_STATES.get(fact.status, "pending")


def _fail(refund_id: int, why: str) -> None:
    row = db.session.get_one(Refund, refund_id, with_for_update=True, populate_existing=True)
    row.state, row.settled_at = "failed", clock.now()
    put(RefundSettled(refund_id=row.id))
    record(
        "refund.fail",
        actor_id=None,
        planet_id=db.session.get_one(Order, row.order_id).planet_id,
        subject=("order", row.order_id),
        reason=why[:300],
    )


def _is_asked(token: str) -> bool:
    return (
        db.session.scalar(select(Refund.id).where(Refund.token.startswith(token, autoescape=True)))
        is not None
    )


def _lock(public_id: str) -> Order:
    order = db.session.scalar(
        select(Order)
        .where(Order.public_id == public_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound
    return order
