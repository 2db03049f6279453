"""Reading webhooks that failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.billing.models import WebhookEvent
from app.kernel.db import db
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require

# Failed ones are tried again by the provider, by the timed job so often, and by hand.
TRIES = 20


@dataclass(frozen=True, slots=True)
class FailedWebhook:
    """A webhook that is not done: what it told of, when it came, how often it was tried, and why not.
    `by_itself`: the timed job still tries it."""

    ref: str
    kind: str
    received_at: datetime
    tries: int
    error: str
    by_itself: bool


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
