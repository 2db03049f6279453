"""Reads the provider's own list of events: what happened while its webhooks did not come (R23).

First it is listened, then orders are asked about, then what was heard is gone through: whatever an order
was asked about after an event was heard covers that event, by no clock but by what came first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import select

from app.billing.actions.webhooks import GATEWAY, handle, receive
from app.billing.gateway import Gateway, GatewayError, Poke, gateways
from app.billing.models import Order, Payment, ProviderCursor, Refund, WebhookEvent
from app.kernel import clock
from app.kernel.db import db, unit_of_work

BATCH = 100
# By what our rows know things of the provider, and whose they are; the last two have no index.
_NAMES = (
    (Order.provider_ref, Order.id),
    (Order.subscription_ref, Order.id),
    (Payment.provider_ref, Payment.order_id),
    (Refund.provider_ref, Refund.order_id),
    (Payment.invoice_ref, Payment.order_id),
    (Payment.dispute_ref, Payment.order_id),
)


@dataclass
class Heard:
    """The events of each account since its cursor, oldest first, and what failed."""

    pokes: dict[str, list[Poke]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@dataclass
class Caught:
    """How many events were gone through, how many were acted upon, and what failed."""

    read: int = 0
    handled: int = 0
    failures: list[str] = field(default_factory=list)


def listen() -> Heard:
    """Read the events since the last time, of each account that orders name; writes nothing."""
    heard = Heard()
    gateway = gateways.by_name.get(GATEWAY)
    if gateway is None:
        return heard
    for account in _accounts():
        pokes = heard.pokes.setdefault(account, [])
        try:
            pokes += gateway.events_since(_cursor(account), account=account)
        except GatewayError as error:
            heard.failures.append(f"events of {account or 'the account'}: {error}")
    return heard


def catch_up(heard: Heard, *, synced: Iterable[int] = ()) -> Caught:
    """Act upon what was heard; says what came of it.

    Orders in `synced` were asked about after listening: their events have nothing more to say, and each
    other order is asked about once. An event that fails stays open like a webhook that did; the cursor
    moves on. Opens its own units of work.
    """
    caught = Caught(failures=list(heard.failures))
    covered = set(synced)
    for account, pokes in heard.pokes.items():
        for batch in _batches(pokes):
            _take_all(batch, covered, caught)
            caught.read += len(batch)
            _move_cursor(account, batch[-1].event_ref)
    return caught


def _take_all(batch: list[Poke], covered: set[int], caught: Caught) -> None:
    """Act upon the events of a batch that may say something new."""
    gateway = gateways.of(GATEWAY)
    done = _done_in(batch)
    orders = _orders_of(batch)
    for poke in batch:
        if poke.event_ref in done or orders.get(poke.object_ref) in covered:
            continue
        if _take(gateway, poke, caught):
            # Now our rows know what belongs to that order.
            orders = _orders_of(batch)
            if poke.object_ref in orders:
                covered.add(orders[poke.object_ref])


def _take(gateway: Gateway, poke: Poke, caught: Caught) -> bool:
    """Act upon one event; tells whether the order it is about was brought up to date."""
    if poke.live != (gateway.environment == "live"):
        return False
    event_id = receive(poke)
    if event_id is None:
        return False
    caught.handled += 1
    if handle(event_id, cause="reconcile"):
        return True
    caught.failures.append(f"event {poke.event_ref} ({poke.kind})")
    return False


def _done_in(batch: list[Poke]) -> set[str]:
    """Return which events of a batch webhooks brought."""
    refs = [poke.event_ref for poke in batch]
    brought = select(WebhookEvent.provider_ref).where(
        WebhookEvent.provider_ref.in_(refs), WebhookEvent.state == "done"
    )
    return set(db.session.scalars(brought))


def _orders_of(batch: list[Poke]) -> dict[str, int]:
    """Return which orders our own rows know the things by that events are about."""
    known: dict[str, int] = {}
    for name, owner in _NAMES:
        rest = {poke.object_ref for poke in batch} - known.keys()
        if rest:
            rows = db.session.execute(select(name, owner).where(name.in_(rest)))
            known.update({ref: order_id for ref, order_id in rows if ref is not None})
    # Nothing is read while the provider is asked.
    db.session.rollback()
    return known


def _accounts() -> list[str]:
    named = db.session.scalars(select(Order.account).where(Order.gateway == GATEWAY).distinct())
    return sorted({"", *named})


def _cursor(account: str) -> str:
    kept = select(ProviderCursor.event_ref).where(ProviderCursor.account == account)
    ref = db.session.scalar(kept) or ""
    db.session.rollback()
    return ref


def _move_cursor(account: str, event_ref: str) -> None:
    with unit_of_work() as session:
        session.merge(ProviderCursor(account=account, event_ref=event_ref, read_at=clock.now()))


def _batches(pokes: Iterable[Poke]) -> Iterator[list[Poke]]:
    rest = iter(pokes)
    while batch := list(islice(rest, BATCH)):
        yield batch
