"""What was begun before a planet was paused: open checkouts are closed, charges that came are told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, or_, select

from app.billing.actions.checkout import close_page
from app.billing.actions.orders import change
from app.billing.events import PauseMeetsCheckout
from app.billing.models import Order, OrderChange, Payment
from app.billing.queries.settled import DISPUTE_HORIZON
from app.billing.states import OrderState
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict
from app.outbox.events import put
from app.planets.models import Planet, PlanetPause


def tell_checkouts(planet_id: int) -> None:
    """Let the open checkouts of a planet that is paused now be closed soon; in the caller's unit of work.

    Those of transfers stay: money may be on its way, and staff decide about it.
    """
    for order_id in db.session.scalars(_open().where(Order.planet_id == planet_id)).all():
        put(PauseMeetsCheckout(order_id=order_id))


def list_paused_checkouts() -> list[int]:
    """Return the open orders that can be paid at a provider although their planet is paused."""
    found = list(db.session.scalars(_open()))
    db.session.rollback()
    return found


def close_paused_checkout(payload: dict[str, Any]) -> None:
    """Handle PauseMeetsCheckout."""
    close_checkout(payload["order_id"], cause="job")


def close_checkout(order_id: int, *, cause: str) -> None:
    """Close the checkout of an open order whose planet is paused.

    Nothing happens when the planet goes on already. One that was paid meanwhile is a sale of before: its
    time waits for the end of the pause. GatewayError when the provider does not answer.
    """
    found = db.session.scalar(_open().where(Order.id == order_id))
    if found is None:
        return
    try:
        close_page(found, cause=cause)
    except Conflict:
        return


def tell_charged() -> None:
    """Write into the stories of subscriptions, once each, which payments came while their planet was
    paused, for reconciliation to tell. Opens its own unit of work."""
    in_pause = and_(
        PlanetPause.planet_id == Order.planet_id,
        Payment.paid_at >= PlanetPause.starts_at,
        or_(PlanetPause.ends_at.is_(None), Payment.paid_at < PlanetPause.ends_at),
    )
    with unit_of_work():
        rows = db.session.execute(
            select(Order, Payment)
            .join(Payment, Payment.order_id == Order.id)
            .join(PlanetPause, in_pause)
            .where(Order.mode == "subscription", Payment.paid_at > clock.now() - DISPUTE_HORIZON)
            .order_by(Payment.id)
        ).all()
        told = _told([order.id for order, _payment in rows])
        for order, payment in rows:
            if payment.provider_ref not in told:
                ref, amount = payment.provider_ref, payment.amount
                change(
                    order,
                    "reconcile",
                    "charged_in_pause",
                    ref=ref,
                    amount=amount,
                    currency=order.currency,
                )


def _told(order_ids: list[int]) -> set[str]:
    told = select(OrderChange.data).where(
        OrderChange.order_id.in_(order_ids), OrderChange.what == "charged_in_pause"
    )
    return {data["ref"] for data in db.session.scalars(told)} if order_ids else set()


def _open() -> Select[int]:
    return (
        select(Order.id)
        .join(Planet, Planet.id == Order.planet_id)
        .where(
            Planet.paused_at.is_not(None),
            Order.state == OrderState.OPEN.value,
            Order.gateway != "transfer",
        )
        .order_by(Order.id)
    )
