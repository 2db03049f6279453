"""Sync of many orders: the same as one by one, in fewer requests and fewer transactions.

The rules of `sync` hold: a ticket is taken before anything is asked, a fact is applied only when its
ticket is newer than what was applied, and nothing is locked while the provider is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select

from app.billing.actions.sync import apply_newer
from app.billing.gateway import CheckoutFact, GatewayError, Known, gateways
from app.billing.models import Order
from app.billing.queries.settled import read_known
from app.kernel import clock
from app.kernel.db import db, give_way, unit_of_work
from app.kernel.logs import get_logger
from app.kernel.progress import signal
from app.outbox.delivery import describe

# So many orders take their tickets, and so many are brought up to date, in one transaction: other
# writers wait for it.
TOGETHER = 50

T = TypeVar("T")
log = get_logger("payments")


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to apply what is fetched from now on. `since`: the order is as old as this; `known` need
    not be asked."""

    order_id: int
    number: int
    ref: str
    since: datetime
    known: Known


@dataclass
class Synced:
    """Which orders were brought up to date, and what was wrong with the others."""

    orders: set[int] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    def miss(self, order_id: int, error: Exception) -> None:
        """Note that an order could not be brought up to date."""
        if not isinstance(error, GatewayError):
            log.error("an order could not be synced", order=order_id, exc_info=error)
        told = str(error) if isinstance(error, GatewayError) else describe(error)
        self.failures.append(f"order {order_id}: {told}")


def sync_many(order_ids: Sequence[int], *, cause: str) -> Synced:
    """Bring orders to what their providers say now; see `sync`. One that fails stops no other.

    Opens its own units of work, none around a call to a provider.
    """
    synced = Synced()
    for (name, account), tickets in _take_tickets(order_ids).items():
        by_ref = {ticket.ref: ticket for ticket in tickets}
        since = min(ticket.since for ticket in tickets)
        try:
            told_by = gateways.of(name).fetch_many(
                by_ref,
                account=account,
                since=since,
                known={ref: ticket.known for ref, ticket in by_ref.items()},
            )
            for answers in told_by:
                told = [(by_ref[ref], fact) for ref, fact in answers.items()]
                _apply_all(told, synced, cause=cause)
                signal(len(synced.orders), of=len(order_ids))
        except GatewayError as error:
            for ticket in tickets:
                if ticket.order_id not in synced.orders:
                    synced.miss(ticket.order_id, error)
    return synced


def _take_tickets(order_ids: Sequence[int]) -> dict[tuple[str, str], list[Ticket]]:
    """Take a ticket for each order that was opened at a provider, by provider and account."""
    taken: dict[tuple[str, str], list[Ticket]] = defaultdict(list)
    for some in _parts(order_ids):
        with unit_of_work():
            orders = _locked(some)
            known = read_known(orders)
            for order in orders:
                if order.provider_ref is not None:
                    order.ticket += 1
                    order.asked_at = clock.now()
                    ticket = Ticket(
                        order.id,
                        order.ticket,
                        order.provider_ref,
                        order.created_at,
                        known[order.id],
                    )
                    taken[order.gateway, order.account].append(ticket)
    return taken


def _apply_all(
    told: Sequence[tuple[Ticket, CheckoutFact | GatewayError]], synced: Synced, *, cause: str
) -> None:
    found: list[tuple[Ticket, CheckoutFact]] = []
    for ticket, fact in told:
        if isinstance(fact, GatewayError):
            synced.miss(ticket.order_id, fact)
        else:
            found.append((ticket, fact))
    for some in _parts(sorted(found, key=lambda pair: pair[0].order_id)):
        try:
            _apply(some, cause=cause)
        except Exception as error:
            # One of them is wrong, or somebody else holds what is needed: each for itself.
            log.info("orders are synced one by one", orders=len(some), told=describe(error))
            _apply_each(some, synced, cause=cause)
        else:
            synced.orders |= {ticket.order_id for ticket, _fact in some}


def _apply(found: Sequence[tuple[Ticket, CheckoutFact]], *, cause: str) -> None:
    with unit_of_work():
        if len(found) > 1:
            give_way()
        facts = {ticket.order_id: (ticket.number, fact) for ticket, fact in found}
        locked = _locked(list(facts))
        apply_newer([(order, *facts[order.id]) for order in locked], cause=cause)


def _apply_each(
    found: Sequence[tuple[Ticket, CheckoutFact]], synced: Synced, *, cause: str
) -> None:
    for ticket, fact in found:
        try:
            _apply([(ticket, fact)], cause=cause)
        except Exception as error:
            synced.miss(ticket.order_id, error)
        else:
            synced.orders.add(ticket.order_id)


def _locked(order_ids: Sequence[int]) -> list[Order]:
    return list(
        db.session.scalars(
            select(Order)
            .where(Order.id.in_(order_ids))
            .order_by(Order.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _parts(things: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), TOGETHER):
        yield things[start : start + TOGETHER]
