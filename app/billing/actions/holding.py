"""A pause and the subscriptions: while a planet stands still nobody is charged, and afterwards the next
charge comes where the time that was paid for ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.billing.actions.orders import change
from app.billing.actions.sync import sync
from app.billing.events import PauseFelt
from app.billing.gateway import gateways
from app.billing.models import Order, Subscription
from app.billing.states import FINAL
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Entitlement, Membership
from app.outbox.events import put
from app.planets.models import Planet, PlanetPause

# How far the provider's clock may be from ours.
DRIFT = timedelta(minutes=5)
# A planet may go on, and be paused again, while the provider is asked.
TURNS = 3


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the provider is to be told of a subscription."""

    gateway: str
    ref: str
    account: str
    hold: bool
    next_at: datetime | None = None


def tell_subscriptions(planet_id: int) -> None:
    """Let every running subscription of a planet feel its pause, or its end, soon."""
    running = (
        select(Order.id)
        .join(Subscription, Subscription.order_id == Order.id)
        .where(Order.planet_id == planet_id, Subscription.status.not_in(FINAL))
        .order_by(Order.id)
    )
    for order_id in list(db.session.scalars(running)):
        put(PauseFelt(order_id=order_id))


def list_paused_subscriptions() -> list[int]:
    """Return the orders of running subscriptions in planets that are, or once were, paused."""
    paused = select(PlanetPause.planet_id)
    running = (
        select(Order.id)
        .join(Subscription, Subscription.order_id == Order.id)
        .where(Order.planet_id.in_(paused), Subscription.status.not_in(FINAL))
        .order_by(Order.id)
    )
    found = list(db.session.scalars(running))
    db.session.rollback()
    return found


def follow_pause(payload: dict[str, Any]) -> None:
    """Handle a pause that a subscription is to feel."""
    follow(payload["order_id"], cause="job")


def follow(order_id: int, *, cause: str) -> None:
    """Bring the charges of an order's subscription in line with its planet's pause.

    Looks only at what is true now, so that any order and any repetition ends alike. Opens its own units
    of work; GatewayError when the provider does not answer.
    """
    for _turn in range(TURNS):
        wish = _wish(order_id)
        db.session.rollback()
        if wish is None:
            return
        gateway = gateways.of(wish.gateway)
        if wish.hold:
            gateway.hold_charges(wish.ref, account=wish.account)
        else:
            gateway.release_charges(wish.ref, account=wish.account, next_at=wish.next_at)
        with unit_of_work():
            _keep(order_id, wish, cause)
        sync(order_id, cause=cause)


def _keep(order_id: int, wish: _Wish, cause: str) -> None:
    order = db.session.get_one(Order, order_id, with_for_update=True)
    row = db.session.scalars(select(Subscription).where(Subscription.order_id == order_id)).one()
    row.held = wish.hold
    row.charges_at = wish.next_at or row.charges_at
    change(order, cause, "charges_held" if wish.hold else "charges_released")


def _wish(order_id: int) -> _Wish | None:
    """Return what the provider does not know yet; None when all is well."""
    row = db.session.execute(
        select(Order, Subscription, Planet.paused_at)
        .join(Subscription, Subscription.order_id == Order.id)
        .join(Planet, Planet.id == Order.planet_id)
        .where(Order.id == order_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or row[1].status in FINAL:
        return None
    order, held, paused_at = row
    if paused_at is not None:
        return None if held.held else _Wish(order.gateway, held.provider_ref, order.account, True)
    next_at = _next_charge(order, held)
    if not held.held and next_at is None:
        return None
    return _Wish(order.gateway, held.provider_ref, order.account, False, next_at)


def _next_charge(order: Order, held: Subscription) -> datetime | None:
    """Return where the next charge belongs because pauses moved the end of what is paid; None when the
    provider has it right, or when nothing renews."""
    if held.cancel_at_period_end or held.cancel_at is not None or held.end_wanted:
        return None
    said, moved = db.session.execute(
        select(func.max(Entitlement.ends_at), func.max(Entitlement.until_at))
        .join(Membership, Membership.id == Entitlement.membership_id)
        .where(
            Membership.planet_id == order.planet_id,
            Membership.user_id == order.user_id,
            Entitlement.source == "invoice",
            Entitlement.starts_at >= order.created_at - DRIFT,
            Entitlement.revoked_at.is_(None),
        )
    ).one()
    if said is None or moved is None:
        return None
    return moved if moved > max(said, held.charges_at or said, clock.now()) else None
