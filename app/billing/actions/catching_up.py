"""Reads the provider's own list of events: what happened while its webhooks did not come (R23)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select

from app.billing.actions.webhooks import GATEWAY, handle, receive
from app.billing.gateway import Gateway, GatewayError, Poke, gateways
from app.billing.models import Order, Payment, ProviderCursor, Refund, WebhookEvent
from app.kernel import clock
from app.kernel.db import db, unit_of_work

BATCH = 100
# How far the provider's clock may be from ours.
DRIFT = timedelta(minutes=5)


@dataclass
class Caught:
    """How many events were read, how many of them said something new, and what failed."""

    read: int = 0
    handled: int = 0
    failures: list[str] = field(default_factory=list)


def catch_up(*, synced: Collection[int] = (), since: datetime | None = None) -> Caught:
    """Handle the events since the last call, of each account that orders name; says what came of it.

    Orders in `synced` were brought up to date from `since` on: their older events are passed over. An
    event that fails stays open like a webhook that did; the cursor moves on. Opens its own units of
    work.
    """
    caught = Caught()
    gateway = gateways.by_name.get(GATEWAY)
    if gateway is None:
        return caught
    for account in _accounts():
        try:
            for batch in _batches(gateway.events_since(_cursor(account), account=account)):
                fresh = _fresh(batch, synced, since)
                for poke in fresh:
                    _take(gateway, poke, caught)
                caught.read += len(batch)
                _move_cursor(account, batch[-1].event_ref)
        except GatewayError as error:
            caught.failures.append(f"events of {account or 'the account'}: {error}")
    return caught


def _take(gateway: Gateway, poke: Poke, caught: Caught) -> None:
    if poke.live != (gateway.environment == "live"):
        return
    event_id = receive(poke)
    if event_id is None:
        return
    caught.handled += 1
    if not handle(event_id, cause="reconcile"):
        caught.failures.append(f"event {poke.event_ref} ({poke.kind})")


def _fresh(batch: list[Poke], synced: Collection[int], since: datetime | None) -> list[Poke]:
    """Return the events of a batch that may say something new: not those that webhooks brought, not
    those older than the sync of the order they are about."""
    refs = [poke.event_ref for poke in batch]
    done = set(
        db.session.scalars(
            select(WebhookEvent.provider_ref).where(
                WebhookEvent.provider_ref.in_(refs), WebhookEvent.state == "done"
            )
        )
    )
    orders = _orders_of({poke.object_ref for poke in batch}) if since else {}
    db.session.rollback()
    limit = since - DRIFT if since else None
    return [
        poke
        for poke in batch
        if poke.event_ref not in done
        and not (limit and poke.created < limit and orders.get(poke.object_ref) in synced)
    ]


def _orders_of(refs: set[str]) -> dict[str, int]:
    """Return which orders our own rows know things of the provider by."""
    selects = (
        select(Order.provider_ref, Order.id).where(Order.provider_ref.in_(refs)),
        select(Order.subscription_ref, Order.id).where(Order.subscription_ref.in_(refs)),
        select(Payment.provider_ref, Payment.order_id).where(Payment.provider_ref.in_(refs)),
        select(Refund.provider_ref, Refund.order_id).where(Refund.provider_ref.in_(refs)),
    )
    return {
        ref: order_id
        for each in selects
        for ref, order_id in db.session.execute(each)
        if ref is not None
    }


def _accounts() -> list[str]:
    named = db.session.scalars(select(Order.account).where(Order.gateway == GATEWAY).distinct())
    return sorted({"", *named})


def _cursor(account: str) -> str:
    kept = select(ProviderCursor.event_ref).where(ProviderCursor.account == account)
    ref = db.session.scalar(kept) or ""
    # Nothing is read while the provider is asked.
    db.session.rollback()
    return ref


def _move_cursor(account: str, event_ref: str) -> None:
    with unit_of_work() as session:
        session.merge(ProviderCursor(account=account, event_ref=event_ref, read_at=clock.now()))


def _batches(pokes: Iterable[Poke]) -> Iterator[list[Poke]]:
    rest = iter(pokes)
    while batch := list(islice(rest, BATCH)):
        yield batch
