"""Reads the provider's own list of events: what happened while its webhooks did not come (R23).

First it is listened, then orders are asked about, then what was heard is gone through: whatever an order
was asked about after an event was heard covers that event, by no clock but by what came first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import select

from app.billing.actions.webhooks import GATEWAY, handle, keep
from app.billing.gateway import Gateway, GatewayError, Poke, gateways
from app.billing.models import Order, ProviderCursor, WebhookEvent
from app.billing.queries.settled import read_settled
from app.billing.queries.webhooks import order_of, orders_named
from app.billing.stripe_events import goes_back
from app.kernel import clock
from app.kernel.db import db, unit_of_work

BATCH = 100


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
    covered = _Covered(set(synced))
    for account, pokes in heard.pokes.items():
        for batch in _batches(pokes):
            _take_all(batch, covered, caught)
            caught.read += len(batch)
            _move_cursor(account, batch[-1].event_ref)
    return caught


@dataclass
class _Covered:
    """The orders that were asked about since; `anew` also about payments that are long settled."""

    orders: set[int]
    anew: set[int] = field(default_factory=set)

    def has(self, poke: Poke, order_id: int | None) -> bool:
        """Whether a poke about an order has nothing more to say."""
        if order_id is None or order_id not in self.orders:
            return False
        return order_id in self.anew or not goes_back(poke.kind) or not read_settled([order_id])

    def add(self, poke: Poke, order_id: int) -> None:
        """Note that an order was asked about because of a poke."""
        self.orders.add(order_id)
        if goes_back(poke.kind):
            self.anew.add(order_id)


def _take_all(batch: list[Poke], covered: _Covered, caught: Caught) -> None:
    """Act upon the events of a batch that may say something new."""
    gateway = gateways.of(GATEWAY)
    done = _done_in(batch)
    known = _known_in(batch)
    for poke in batch:
        if poke.event_ref in done or covered.has(poke, order_of(poke.refs, known)):
            continue
        if _take(gateway, poke, caught):
            # Now our rows know what belongs to that order.
            known = _known_in(batch)
            if (order_id := order_of(poke.refs, known)) is not None:
                covered.add(poke, order_id)


def _take(gateway: Gateway, poke: Poke, caught: Caught) -> bool:
    """Act upon one event; tells whether the order it is about was brought up to date."""
    if poke.live != (gateway.environment == "live"):
        return False
    event_id = keep(poke)
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


def _known_in(batch: list[Poke]) -> dict[str, int]:
    """Return which orders our own rows know the things by that events are about."""
    return orders_named({ref for poke in batch for ref in poke.refs})


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
