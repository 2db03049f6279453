"""Placing orders: what is bought, at which price, with a seat and a coupon held for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select

from app.billing.actions.coupons import give_back, take_use
from app.billing.actions.seats import take_seat
from app.billing.gateway import gateways
from app.billing.models import Coupon, Order, OrderChange, Plan, PlanVersion, Subscription
from app.billing.pricing import Quote, as_newcomer, quote
from app.billing.states import CLOSED, FINAL, OrderState
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.memberships.actions.rules import accept_present_rules
from app.memberships.rows import make_row, person_of, planet_of
from app.planets.queries import PlanetView
from app.policy import Action, Actor
from app.policy.gate import require


@dataclass(frozen=True, slots=True)
class Purchase:
    """What somebody wants to buy: a plan's public id; the price is never taken from a form.

    `source` is where he came from, `kind` membership or gift, `gateway` "" for the usual one;
    `rules_version` the version of the planet's rules that he accepted with it, 0 for none; `offer` is the
    public id of the offer whose price he was shown, "" for none.
    """

    plan: str
    coupon: str = ""
    source: str = ""
    kind: str = "membership"
    gateway: str = ""
    rules_version: int = 0
    offer: str = ""


def place_order(actor: Actor, planet: PlanetView, purchase: Purchase) -> Order:
    """Write the order of a purchase with its seat and its coupon; terms and price are those of now.

    The same person's open order for the same thing is returned instead (R11). Refused by the policy;
    Conflict: `another` (an open order for something else, which the caller closes first), `sold_out`,
    `subscribed` (a subscription renews by itself); Invalid for the coupon (also when
    the offer that was shown is over) and the rules; NotFound without the plan.
    """
    require(actor, Action.PLAN_BUY if purchase.kind == "membership" else Action.GIFT_BUY)
    user_id = person_of(actor)
    # One after the other for one person: two tabs buy once.
    member = make_row(planet_of(actor), user_id)
    if purchase.kind == "membership":
        accept_present_rules(member, version=purchase.rules_version)
    plan, version = get_sold_plan(planet.id, purchase.plan)
    open_orders = list_open(planet.id, user_id)
    same = [order for order in open_orders if _same(order, version, purchase)]
    if same:
        return same[0]
    if open_orders:
        raise Conflict("another")
    buyer = actor if purchase.kind == "membership" else as_newcomer(actor)
    asked = quote(planet, buyer, plan.id, coupon_code=purchase.coupon, now=clock.now())
    if purchase.offer and not purchase.coupon.strip() and asked.offer != purchase.offer:
        raise Invalid("coupon", "offer_over")
    if purchase.kind == "gift" and asked.seats_left == 0:
        raise Conflict("sold_out")
    if purchase.kind == "membership":
        _refuse_second_subscription(planet.id, user_id)
        take_seat(plan, user_id=user_id)
    order = _write(planet, user_id, plan, version, asked, purchase)
    db.session.add(order)
    db.session.flush()
    if asked.coupon_id is not None:
        take_use(asked.coupon_id, order_id=order.id)
    change(order, "checkout", "placed", amount=order.amount, currency=order.currency)
    return order


def get_sold_plan(planet_id: int, public_id: str) -> tuple[Plan, PlanVersion]:
    """Return a plan on sale and the version sold now. NotFound for what is not on sale here."""
    row = db.session.execute(
        select(Plan, PlanVersion)
        .join(PlanVersion, PlanVersion.plan_id == Plan.id)
        .where(
            Plan.public_id == public_id,
            Plan.planet_id == planet_id,
            Plan.state == "on_sale",
            PlanVersion.version == Plan.version,
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def list_open(planet_id: int, user_id: int) -> list[Order]:
    """Return a person's open orders of memberships and gifts in a planet, the oldest first."""
    return list(
        db.session.scalars(
            select(Order)
            .where(
                Order.planet_id == planet_id,
                Order.user_id == user_id,
                Order.kind != "question",
                Order.state == OrderState.OPEN.value,
            )
            .order_by(Order.id)
        )
    )


def lock_live(*conditions: ColumnElement[bool]) -> list[Order]:
    """Return orders that something may still come of, of questions none, locked."""
    return list(
        db.session.scalars(
            select(Order)
            .where(
                *conditions,
                Order.kind != "question",
                Order.state.not_in([state.value for state in CLOSED]),
            )
            .order_by(Order.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def change(order: Order, cause: str, what: str, **data: Any) -> None:
    """Write into an order's story what happened to it, in the caller's transaction."""
    db.session.add(
        OrderChange(order_id=order.id, at=clock.now(), cause=cause, what=what, data=data)
    )


def release(order: Order) -> None:
    """Give back what an order held, because it ended unpaid."""
    if order.coupon_id is not None:
        give_back(order.id)


def find_renewing(planet_id: int, user_id: int) -> Order | None:
    """Return the order whose subscription renews by itself; None without one."""
    return db.session.scalar(
        select(Order)
        .join(Subscription, Subscription.order_id == Order.id)
        .where(
            Order.planet_id == planet_id,
            Order.user_id == user_id,
            Subscription.status.not_in((*FINAL, "unpaid", "paused", "incomplete")),
            Subscription.cancel_at.is_(None),
            Subscription.cancel_at_period_end.is_(False),
            Subscription.end_wanted == "",
        )
        .limit(1)
    )


def _refuse_second_subscription(planet_id: int, user_id: int) -> None:
    if find_renewing(planet_id, user_id) is not None:
        raise Conflict("subscribed")


def _same(order: Order, version: PlanVersion, purchase: Purchase) -> bool:
    """Whether an open order is the one that is wanted again: its price holds."""
    return (
        order.plan_version_id == version.id
        and order.kind == purchase.kind
        and order.coupon == purchase.coupon.strip().upper()
        and order.gateway == (purchase.gateway or gateways.default)
        and _holds_offer(order, purchase)
    )


def _holds_offer(order: Order, purchase: Purchase) -> bool:
    """Whether an open order has the price of the offer that its buyer is shown now, if any."""
    if not purchase.offer or purchase.coupon.strip():
        return True
    held = select(Coupon.public_id).where(Coupon.id == order.coupon_id)
    return order.coupon_id is not None and db.session.scalar(held) == purchase.offer


def _write(
    planet: PlanetView,
    user_id: int,
    plan: Plan,
    version: PlanVersion,
    asked: Quote,
    purchase: Purchase,
) -> Order:
    # A transfer pays one period: nothing renews by itself.
    gateway = purchase.gateway or gateways.default
    by_hand = gateway == "transfer"
    subscribes = version.mode == "subscription" and purchase.kind == "membership" and not by_hand
    return Order(
        planet_id=planet.id,
        user_id=user_id,
        kind=purchase.kind,
        plan_id=plan.id,
        plan_version_id=version.id,
        gateway=gateway,
        environment=gateways.environment,
        mode="subscription" if subscribes else "pass",
        title=f"{planet.name} · {version.name}",
        amount=asked.amount,
        list_amount=asked.list_amount,
        currency=asked.currency,
        pricing=asked.pricing,
        trial_days=asked.trial_days if subscribes else 0,
        coupon_id=asked.coupon_id,
        coupon=purchase.coupon.strip().upper(),
        source=purchase.source[:40],
        created_at=clock.now(),
    )
