"""Reading transfers by hand: how one pays a planet so, and what waits for staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.accounts.models import User
from app.billing.gateway import gateways
from app.billing.models import Order, Transfer
from app.kernel.db import db
from app.memberships.models import Membership
from app.memberships.queries.people import SHOWN_NAME
from app.memberships.rows import planet_of
from app.planets.models import Planet
from app.policy import Action, Actor, OrderFacts, can
from app.policy.gate import require

LISTED = 200


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer as staff see it. `member_id` is "" for a buyer who has no row in the planet; `mine`: who
    looks paid it himself and may not decide."""

    mine: bool
    order_id: str
    buyer: str
    member_id: str
    title: str
    amount: int
    currency: str
    memo: str
    created_at: datetime
    state: str
    decided_at: datetime | None
    reason: str


def is_stated(order_id: int) -> bool:
    """Whether an order's buyer says that they have transferred, and nobody has decided yet."""
    state = select(Transfer.state).join(Order, Order.public_id == Transfer.order_ref)
    return db.session.scalar(state.where(Order.id == order_id)) == "stated"


def find_transfer_note(planet_id: int) -> str:
    """Return how one pays a planet by transfer; "" when that is not offered."""
    found = select(Planet.transfer_note).where(Planet.id == planet_id)
    return db.session.scalar(found) or ""


def can_be_paid(planet_id: int) -> bool:
    """Whether there is a way to pay in a planet: a provider, or its owner's word on transfers."""
    return not gateways.by_hand or find_transfer_note(planet_id) != ""


def find_decline(order: Order) -> str:
    """Return why staff declined an order's transfer, "" when they did not."""
    found = select(Transfer.reason).where(Transfer.ref == order.provider_ref)
    return db.session.scalar(found) or ""


def find_decline_of(order_id: int) -> str:
    """Return the same by the order's row id."""
    found = (
        select(Transfer.reason)
        .join(Order, Order.provider_ref == Transfer.ref)
        .where(Order.id == order_id)
    )
    return db.session.scalar(found) or ""


def list_transfers(actor: Actor) -> list[TransferView]:
    """Return the planet's transfers: those that wait first, the oldest of them on top."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    rows = db.session.execute(
        select(
            Order.user_id,
            Order.public_id,
            func.coalesce(SHOWN_NAME, User.name),
            func.coalesce(Membership.public_id, ""),
            Order.title,
            Order.amount,
            Order.currency,
            Order.memo,
            Order.created_at,
            Transfer.state,
            Transfer.decided_at,
            Transfer.reason,
        )
        .join(Transfer, Transfer.ref == Order.provider_ref)
        .join(User, User.id == Order.user_id)
        .outerjoin(
            Membership,
            (Membership.user_id == Order.user_id) & (Membership.planet_id == Order.planet_id),
        )
        .where(Order.planet_id == planet_of(actor), Transfer.state != "closed")
        .order_by(Transfer.created_at.desc())
        .limit(LISTED)
    )
    found = [
        TransferView(not can(actor, Action.ORDER_DECIDE, OrderFacts(buyer_id)), *shown)
        for buyer_id, *shown in rows
    ]
    waiting = [view for view in reversed(found) if view.state == "stated"]
    return waiting + [view for view in found if view.state != "stated"]
