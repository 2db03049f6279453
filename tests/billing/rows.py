"""Rows that tests of billing write by hand: a plan, orders, payments, refunds."""

from __future__ import annotations

from datetime import datetime

from app.billing.models import Order, Payment, Plan, PlanVersion, Refund
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from tests.cast import Cast


def write_plan(cast: Cast, *, seat_limit: int | None = None, **terms: object) -> Plan:
    """Write a plan on sale: 365 days for 99.00 CNY unless `terms` say otherwise."""
    values: dict[str, object] = {
        "name": "年卡",
        "term": "days",
        "term_count": 365,
        "amount": 9_900,
        "currency": "CNY",
    }
    with unit_of_work() as session:
        plan = Plan(
            planet_id=cast.planet_id,
            state="on_sale",
            seat_limit=seat_limit,
            created_at=clock.now(),
        )
        session.add(plan)
        session.flush()
        session.add(
            PlanVersion(
                plan_id=plan.id,
                version=1,
                created_at=clock.now(),
                created_by=cast.users["owner"],
                **{**values, **terms},
            )
        )
    return plan


def write_order(cast: Cast, persona: str = "stranger", **values: object) -> Order:
    """Write an order in the caller's unit of work."""
    columns: dict[str, object] = {
        "planet_id": cast.planet_id,
        "user_id": cast.users[persona],
        "gateway": "demo",
        "environment": "demo",
        "title": "年卡",
        "amount": 9_900,
        "list_amount": 9_900,
        "currency": "CNY",
        "created_at": clock.now(),
        **values,
    }
    order = Order(**columns)
    db.session.add(order)
    db.session.flush()
    return order


def write_payment(order: Order, ref: str = "ch_1", **values: object) -> Payment:
    """Write a payment of an order in the caller's unit of work."""
    columns: dict[str, object] = {
        "amount": order.amount,
        "currency": order.currency,
        "paid_at": clock.now(),
        **values,
    }
    payment = Payment(order_id=order.id, provider_ref=ref, **columns)
    db.session.add(payment)
    db.session.flush()
    return payment


def write_refund(
    payment: Payment, ref: str, amount: int, state: str = "succeeded", at: datetime | None = None
) -> Refund:
    """Write a refund of a payment in the caller's unit of work."""
    moment = at or clock.now()
    refund = Refund(
        order_id=payment.order_id,
        payment_id=payment.id,
        token=ref,
        provider_ref=ref,
        amount=amount,
        currency=payment.currency,
        state=state,
        asked_at=moment,
        settled_at=moment,
    )
    db.session.add(refund)
    db.session.flush()
    return refund
