"""Reading webhooks that failed, and which orders events are about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.billing.models import Order, Payment, Refund, WebhookEvent
from app.kernel.db import db
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require

# Failed ones are tried again by the worker, so often by itself, and by hand.
TRIES = 20
# By what our rows know things of the provider, and whose they are; the last one has no index.
_NAMES = (
    (Order.provider_ref, Order.id),
    (Order.subscription_ref, Order.id),
    (Payment.provider_ref, Payment.order_id),
    (Refund.provider_ref, Refund.order_id),
    (Payment.invoice_ref, Payment.order_id),
    (Payment.dispute_ref, Payment.order_id),
)


@dataclass(frozen=True, slots=True)
class FailedWebhook:
    """A webhook that is not done: what it told of, when it came, how often it was tried, and why not.
    `by_itself`: the worker still tries it."""

    ref: str
    kind: str
    received_at: datetime
    tries: int
    error: str
    by_itself: bool


def orders_named(refs: Collection[str]) -> dict[str, int]:
    """Return which orders our own rows know things of the provider's by, as reference -> order id."""
    known: dict[str, int] = {}
    for name, owner in _NAMES:
        rest = {ref for ref in refs if ref} - known.keys()
        if rest:
            rows = db.session.execute(select(name, owner).where(name.in_(rest)))
            known.update({ref: order_id for ref, order_id in rows if ref is not None})
    # Nothing is read while the provider is asked.
    db.session.rollback()
    return known


def order_of(refs: Collection[str], known: dict[str, int]) -> int | None:
    """Return which order something is about by its references, the nearest first; None for none."""
    return next((known[ref] for ref in refs if ref in known), None)


def list_failed(actor: Actor, *, limit: int = 100) -> list[FailedWebhook]:
    """Return the failed webhooks of orders in a planet, the newest first."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    rows = db.session.scalars(
        select(WebhookEvent)
        .where(WebhookEvent.planet_id == planet_of(actor), WebhookEvent.state == "failed")
        .order_by(WebhookEvent.id.desc())
        .limit(limit)
    )
    return [
        FailedWebhook(
            row.provider_ref, row.kind, row.received_at, row.tries, row.error, row.tries < TRIES
        )
        for row in rows
    ]
