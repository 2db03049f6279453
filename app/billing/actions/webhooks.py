"""Webhooks: kept once, then answered by asking the provider. The signature is the right to tell us.

A webhook is a poke. Nothing of it is believed but that something may have changed.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Row, Select, select, update
from sqlalchemy.exc import IntegrityError

from app.billing.actions.sync import sync
from app.billing.gateway import Poke, gateways
from app.billing.models import Order, WebhookEvent
from app.billing.queries.webhooks import TRIES
from app.kernel import clock, limits
from app.kernel.db import db, unit_of_work
from app.kernel.errors import LimitReached, NotFound
from app.kernel.logs import get_logger
from app.memberships.rows import planet_of
from app.outbox.delivery import describe
from app.policy import Action, Actor
from app.policy.gate import require

KEEP_BODIES = timedelta(days=90)
GATEWAY = "stripe"
# Of pokes that are not to be believed so many are written down; the counter stands for all networks
# together, so that it is one row however many send them.
REFUSED = 60
REFUSED_WITHIN = timedelta(minutes=10)
_REFUSED_KEY = "webhook-refused"

log = get_logger("webhooks")


def receive(poke: Poke) -> int | None:
    """Keep a verified poke; returns the id of its row, None when it was done before (R3)."""
    try:
        with unit_of_work() as session:
            row = session.scalar(_row_of(poke))
            if row is None:
                row = _new_row(poke)
                session.add(row)
                session.flush()
            return None if row.state == "done" else row.id
    except IntegrityError:
        # The same event came twice in one moment: the other one keeps it, both handle it.
        row = db.session.scalar(_row_of(poke))
        return None if row is None or row.state == "done" else row.id


def count_refused() -> None:
    """Count a poke that was not to be believed; LimitReached when there were too many of late.

    What is well signed is neither counted nor refused. A full counter is only read: a flood writes no more.
    """
    if limits.peek(_REFUSED_KEY, window=REFUSED_WITHIN) >= REFUSED:
        raise LimitReached(int(REFUSED_WITHIN.total_seconds()))
    with unit_of_work():
        limits.hit(_REFUSED_KEY, limit=REFUSED, window=REFUSED_WITHIN)


def handle(event_id: int, *, cause: str = "webhook") -> bool:
    """Bring the order that an event is about to what is true now; False when that failed.

    Opens its own units of work, none around a call to the provider. What failed stays open, with its
    error, and can be handled again at any time: half of it was never applied (R3).
    """
    poke = _poke_in(db.session.get_one(WebhookEvent, event_id))
    about: Row[int, int] | None = None
    try:
        about = _find_order(poke)
        if about is not None:
            sync(about.id, cause=cause)
    except Exception as error:
        log.error("a webhook failed", webhook=poke.event_ref, kind=poke.kind, exc_info=error)
        _note(event_id, state="failed", error=describe(error), about=about)
        return False
    _note(event_id, state="done", error="", about=about)
    return True


def retry_failed() -> int:
    """Handle what failed once more, oldest first; returns how many are done now. A timed job."""
    failed = list(
        db.session.scalars(
            select(WebhookEvent.id)
            .where(WebhookEvent.state != "done", WebhookEvent.tries < TRIES)
            .order_by(WebhookEvent.id)
        )
    )
    return sum(handle(event_id) for event_id in failed)


def retry(actor: Actor, *, ref: str) -> bool:
    """Handle a planet's failed webhook now; False when it fails again. NotFound for others'."""
    require(actor, Action.SUBSCRIPTIONS_MANAGE)
    event_id = db.session.scalar(
        select(WebhookEvent.id).where(
            WebhookEvent.provider_ref == ref,
            WebhookEvent.planet_id == planet_of(actor),
            WebhookEvent.state == "failed",
        )
    )
    if event_id is None:
        raise NotFound(ref)
    return handle(event_id)


def purge_bodies(keep: timedelta = KEEP_BODIES) -> int:
    """Forget bodies older than `keep`; returns how many. That an event came is kept for ever, so that
    it is done once even when it is told again after a year."""
    with unit_of_work() as session:
        rows = session.execute(
            update(WebhookEvent)
            .where(WebhookEvent.received_at < clock.now() - keep, WebhookEvent.body != "")
            .values(body="")
            .returning(WebhookEvent.id)
        )
        return len(rows.all())


def _find_order(poke: Poke) -> Row[int, int] | None:
    """Return id and planet of the order that an event is about; None for strangers on the same
    account (R4)."""
    # Nothing is read while the provider is asked.
    db.session.rollback()
    ref = gateways.of(GATEWAY).find_checkout(poke)
    if not ref:
        return None
    return db.session.execute(
        select(Order.id, Order.planet_id).where(
            Order.provider_ref == ref,
            Order.gateway == GATEWAY,
            # A checkout of one account says nothing about an order to be paid into another.
            Order.account == poke.account,
            Order.environment == gateways.environment,
        )
    ).first()


def _poke_in(event: WebhookEvent) -> Poke:
    return Poke(
        event_ref=event.provider_ref,
        kind=event.kind,
        account=event.account,
        object_ref=event.object_ref,
        live=gateways.environment == "live",
        created=event.received_at,
        body=event.body,
    )


def _row_of(poke: Poke) -> Select[WebhookEvent]:
    return select(WebhookEvent).where(WebhookEvent.provider_ref == poke.event_ref)


def _new_row(poke: Poke) -> WebhookEvent:
    return WebhookEvent(
        provider_ref=poke.event_ref,
        kind=poke.kind,
        account=poke.account,
        object_ref=poke.object_ref,
        body=poke.body,
        received_at=clock.now(),
    )


def _note(event_id: int, *, state: str, error: str, about: Row[int, int] | None) -> None:
    with unit_of_work() as session:
        row = session.get_one(WebhookEvent, event_id)
        if row.state == "done":
            return
        row.state, row.error = state, error
        row.done_at = clock.now() if state == "done" else None
        row.tries += 1
        if about is not None:
            row.planet_id = about.planet_id
