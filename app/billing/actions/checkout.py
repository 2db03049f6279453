"""Checking out: from the click to the provider's page, without a lock held across a call to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.accounts.models import User
from app.billing.actions.orders import Purchase, change, list_open, place_order
from app.billing.actions.sync import sync
from app.billing.gateway import Checkout, CheckoutWish, gateways
from app.billing.models import Coupon, Customer, Order, Plan, PlanVersion
from app.billing.states import CLOSED, OrderState
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict
from app.memberships.rows import person_of
from app.planets.queries import PlanetView
from app.policy import Actor

# How long a checkout of a limited plan stays open: the provider's shortest (R10).
LIMITED = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Ways:
    """Where the provider sends the buyer afterwards; `{order}` stands for the order's public id."""

    success: str
    cancel: str
    language: str


def begin(actor: Actor, planet: PlanetView, purchase: Purchase, ways: Ways) -> Order:
    """Place an order and open its checkout; returns the order with `provider_url` filled.

    Repeated clicks return the same page, another choice closes the page opened before (R11). Errors
    as of `place_order`, and Conflict("paid") when the page before turns out to be paid; GatewayError
    leaves the order open, and the next click tries again.
    """
    for _attempt in range(3):
        try:
            order = _place(actor, planet, purchase, ways)
        except Conflict as conflict:
            if str(conflict) != "another":
                raise
            close_open(planet.id, person_of(actor))
            continue
        if (opened := lead(order)) is not None:
            return opened
    raise Conflict("another")


def lead(order: Order) -> Order | None:
    """Return an order with its page to pay at open; None when its time is over and another one is to be
    placed. Conflict("paid") when it was paid meanwhile."""
    if order.provider_ref is None:
        open_page(order.id)
        return db.session.get_one(Order, order.id)
    # The page of an earlier click: it may be paid or over, and no webhook told us.
    order = sync(order.id, cause="checkout")
    if order.state not in (OrderState.OPEN, *CLOSED):
        raise Conflict("paid")
    return order if order.state == OrderState.OPEN else None


def _place(actor: Actor, planet: PlanetView, purchase: Purchase, ways: Ways) -> Order:
    with unit_of_work():
        order = place_order(actor, planet, purchase)
        write_wish(order, ways)
        return order


def close_open(planet_id: int, user_id: int) -> None:
    """Close a person's open checkouts in a planet. Conflict("paid") when one turns out to be paid."""
    for order_id in [order.id for order in list_open(planet_id, user_id)]:
        close_page(order_id)


def close_page(order_id: int, *, cause: str = "checkout") -> None:
    """Close the checkout of an open order at the provider. Conflict("paid") when it is paid already."""
    open_page(order_id)
    order = db.session.get_one(Order, order_id)
    gateway, ref, account = gateways.of(order.gateway), order.provider_ref, order.account
    db.session.rollback()
    if ref is not None:
        gateway.close_checkout(ref, account=account)
    if sync(order_id, cause=cause).state not in CLOSED:
        raise Conflict("paid")


def open_page(order_id: int) -> None:
    """Ask the provider for the checkout of an open order that has none yet; twice is once (R5)."""
    order = db.session.get_one(Order, order_id)
    if order.provider_ref is not None or order.state != OrderState.OPEN:
        return
    gateway, wish = gateways.of(order.gateway), _unpacked(order.wish)
    db.session.rollback()
    opened = gateway.open_checkout(wish)
    with unit_of_work():
        _keep(order_id, opened)


def note_return(order_id: int) -> Order:
    """Note when a buyer first came back from the provider; in the caller's unit of work."""
    order = db.session.get_one(Order, order_id, with_for_update=True, populate_existing=True)
    order.returned_at = order.returned_at or clock.now()
    return order


def _keep(order_id: int, opened: Checkout) -> None:
    order = db.session.get_one(Order, order_id, with_for_update=True, populate_existing=True)
    if order.provider_ref is not None:
        return
    order.provider_ref = opened.ref
    order.provider_url = opened.url
    order.expires_at = opened.expires_at
    change(order, "checkout", "opened")


def write_wish(order: Order, ways: Ways) -> None:
    """Write down what the provider is asked for, once: a retry is identical (R5)."""
    if not order.wish:
        order.wish = _packed(_wish(order, ways))


def _wish(order: Order, ways: Ways) -> CheckoutWish:
    interval, interval_count = _interval(order)
    return CheckoutWish(
        order_ref=order.public_id,
        account=order.account,
        title=order.title,
        amount=order.list_amount if interval else order.amount,
        currency=order.currency,
        interval=interval,
        interval_count=interval_count,
        trial_days=order.trial_days,
        expires_at=clock.now().replace(microsecond=0) + LIMITED if _is_limited(order) else None,
        success_url=ways.success.replace("{order}", order.public_id),
        cancel_url=ways.cancel.replace("{order}", order.public_id),
        email=db.session.scalar(select(User.email).where(User.id == order.user_id)) or "",
        customer_ref=_customer(order),
        language=ways.language,
        **(_discount(order) if interval else {}),
    )


def _discount(order: Order) -> dict[str, Any]:
    """Return what is taken off a subscription's payments, and for how long."""
    coupon = db.session.get(Coupon, order.coupon_id) if order.coupon_id is not None else None
    if coupon is None:
        return {}
    off = order.list_amount - order.amount
    return {"off": off, "off_duration": coupon.duration, "off_months": coupon.months}


def _interval(order: Order) -> tuple[str, int]:
    """Return how often an order renews: "" and 0 for what is paid once."""
    if order.mode != "subscription":
        return "", 0
    version = db.session.get_one(PlanVersion, order.plan_version_id)
    return version.term, version.term_count


def _is_limited(order: Order) -> bool:
    """Whether an order holds a seat that another may wait for."""
    limit = select(Plan.seat_limit).where(Plan.id == order.plan_id)
    return order.plan_id is not None and db.session.scalar(limit) is not None


def _customer(order: Order) -> str:
    """Return how the provider knows the buyer, "" when it does not yet."""
    known = select(Customer.provider_ref).where(
        Customer.user_id == order.user_id,
        Customer.environment == order.environment,
        Customer.account == order.account,
    )
    return db.session.scalar(known) or ""


def _packed(wish: CheckoutWish) -> dict[str, Any]:
    """Return a wish as its order keeps it."""
    ends = wish.expires_at
    return {**asdict(wish), "expires_at": ends.isoformat() if ends else None}


def _unpacked(held: dict[str, Any]) -> CheckoutWish:
    ends = held["expires_at"]
    return CheckoutWish(**{**held, "expires_at": datetime.fromisoformat(ends) if ends else None})
