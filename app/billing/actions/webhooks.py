"""Webhooks: kept once and answered; the worker asks the provider. The signature is the right to tell us.

A webhook is a poke. Nothing of it is believed but that something may have changed. What was told before the
provider is asked about an order is covered by that asking, so the events of one charge cost it once (R33).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.exc import IntegrityError

from app.billing.actions.sync import sync
from app.billing.events import WebhookReceived
from app.billing.gateway import Poke, gateways
from app.billing.models import Order, WebhookEvent
from app.billing.queries.settled import read_settled
from app.billing.queries.webhooks import TRIES, order_of, orders_named
from app.billing.stripe_events import goes_back, is_wanted
from app.kernel import clock, limits
from app.kernel.db import db, unit_of_work
from app.kernel.errors import LimitReached, NotFound
from app.kernel.logs import get_logger
from app.memberships.rows import planet_of
from app.outbox.delivery import Later, delay_after, describe
from app.outbox.events import put
from app.policy import Action, Actor
from app.policy.gate import require

KEEP_BODIES = timedelta(days=90)
GATEWAY = "stripe"
# Of pokes that are not to be believed so many are written down; the counter stands for all networks
# together, so that it is one row however many send them.
REFUSED = 60
REFUSED_WITHIN = timedelta(minutes=10)
_REFUSED_KEY = "webhook-refused"
# So many events that wait are looked at together.
TOGETHER = 200
# About a thing that another event brings first: where we do not know it yet, nothing is to be asked.
_SECONDARY = ("charge.updated",)

log = get_logger("webhooks")


def receive(poke: Poke) -> int | None:
    """Keep a verified poke and let the worker handle it soon; returns the id of its row, None when it was
    done before (R3)."""
    event_id = keep(poke)
    if event_id is not None:
        with unit_of_work():
            put(WebhookReceived(event_id=event_id))
    return event_id


def keep(poke: Poke) -> int | None:
    """Keep a verified poke, for who handles it now; returns as `receive` does."""
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


def work_webhook(payload: dict[str, Any]) -> None:
    """Handle an event that was kept; what fails comes back later and later. Handles WebhookReceived."""
    event_id = payload["event_id"]
    if handle(event_id):
        return
    tries = db.session.scalar(select(WebhookEvent.tries).where(WebhookEvent.id == event_id)) or 1
    db.session.rollback()
    if tries < TRIES:
        raise Later(clock.now() + delay_after(tries))


def handle(event_id: int, *, cause: str = "webhook") -> bool:
    """Bring the order that an event is about to what is true now; False when that failed.

    Opens its own units of work, none around a call to the provider. What failed stays open, with its
    error, and can be handled again at any time: half of it was never applied (R3).
    """
    event = db.session.get_one(WebhookEvent, event_id, populate_existing=True)
    if event.state == "done":
        return True
    poke = _poke_in(event)
    about: Row[int, int] | None = None
    told = [poke]
    try:
        about = _find_order(poke)
        if about is not None:
            told += _waiting(poke)
            covered = _about(told, about.id, known_by=poke)
            _ask(about.id, covered, cause=cause)
            # Now our rows know more of what belongs to that order.
            told = _about(told, about.id, known_by=poke)
    except Exception as error:
        log.error("a webhook failed", webhook=poke.event_ref, kind=poke.kind, exc_info=error)
        _note([poke], state="failed", error=describe(error), about=about)
        return False
    _note(told, state="done", error="", about=about)
    return True


def _ask(order_id: int, pokes: Sequence[Poke], *, cause: str) -> None:
    """Sync an order; what goes back of old payments is asked about too where a poke may be about that."""
    if any(goes_back(poke.kind) for poke in pokes) and read_settled([order_id]):
        sync(order_id, cause=cause, anew=True)
    else:
        sync(order_id, cause=cause)


def _waiting(poke: Poke) -> list[Poke]:
    """Return the other events that wait to be handled."""
    rows = db.session.scalars(
        select(WebhookEvent)
        .where(
            WebhookEvent.state != "done",
            WebhookEvent.provider_ref != poke.event_ref,
            WebhookEvent.account == poke.account,
            WebhookEvent.tries < TRIES,
        )
        .order_by(WebhookEvent.id)
        .limit(TOGETHER)
    )
    found = [_poke_in(row) for row in rows]
    db.session.rollback()
    return found


def _about(pokes: Sequence[Poke], order_id: int, *, known_by: Poke) -> list[Poke]:
    """Return which pokes are about an order; `known_by` is."""
    known = orders_named({ref for poke in pokes for ref in poke.refs})
    return [poke for poke in pokes if poke is known_by or order_of(poke.refs, known) == order_id]


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
    account (R4), and where nothing follows."""
    if not is_wanted(poke.kind):
        return None
    order_id = order_of(poke.refs, orders_named(poke.refs))
    if order_id is not None:
        return db.session.execute(_ours(poke).where(Order.id == order_id)).first()
    if poke.kind in _SECONDARY:
        return None
    ref = gateways.of(GATEWAY).find_checkout(poke)
    if not ref:
        return None
    return db.session.execute(_ours(poke).where(Order.provider_ref == ref)).first()


def _ours(poke: Poke) -> Select[int, int]:
    # What one account tells says nothing about an order to be paid into another.
    return select(Order.id, Order.planet_id).where(
        Order.gateway == GATEWAY,
        Order.account == poke.account,
        Order.environment == gateways.environment,
    )


def _poke_in(event: WebhookEvent) -> Poke:
    return Poke(
        event_ref=event.provider_ref,
        kind=event.kind,
        account=event.account,
        object_ref=event.object_ref,
        live=gateways.environment == "live",
        created=event.received_at,
        body=event.body,
        related=tuple(event.related),
    )


def _row_of(poke: Poke) -> Select[WebhookEvent]:
    return select(WebhookEvent).where(WebhookEvent.provider_ref == poke.event_ref)


def _new_row(poke: Poke) -> WebhookEvent:
    return WebhookEvent(
        provider_ref=poke.event_ref,
        kind=poke.kind,
        account=poke.account,
        object_ref=poke.object_ref,
        related=list(poke.related),
        body=poke.body,
        received_at=clock.now(),
    )


def _note(pokes: Sequence[Poke], *, state: str, error: str, about: Row[int, int] | None) -> None:
    refs = [poke.event_ref for poke in pokes]
    with unit_of_work() as session:
        rows = session.scalars(select(WebhookEvent).where(WebhookEvent.provider_ref.in_(refs)))
        for row in rows:
            if row.state == "done":
                continue
            row.state, row.error = state, error
            row.done_at = clock.now() if state == "done" else None
            row.tries += 1
            if about is not None:
                row.planet_id = about.planet_id
