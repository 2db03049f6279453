"""Settling with owners whose money the installation takes: what it owes them, and paying it (R32).

The money moves outside of here, from the installation's own bank; the ledger says that it did.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select

from app.billing.actions.codes import clean_reason
from app.billing.gateway import gateways
from app.billing.house import house
from app.billing.ledger import Cause, Line, book, book_orders, is_booked
from app.billing.models import LedgerEntry, LedgerTransaction, Order
from app.billing.owed import EARNED, HELD, OWED, SITE
from app.billing.queries.ledger import PAYABLE
from app.billing.queries.settlement import sum_owed
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.planets.queries import get_row

BATCH = 200


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the installation paid to a planet's owner. `token` names the payment: twice is once."""

    amount: int
    currency: str
    reason: str
    token: str


def settle(planet_id: int, settlement: Settlement) -> bool:
    """Book that the installation paid an owner; False when this payment is booked already.

    In the caller's unit of work, by whoever keeps the installation. Conflict("off") where it owes its
    owners nothing; Invalid("reason" or "amount", …): no more is paid than is owed.
    """
    if not house.settles_owners:
        raise Conflict("off")
    reason = clean_reason(settlement.reason)
    # One after the other: two together must not come to more than is owed.
    planet = get_row(planet_id)
    cause = Cause(
        planet_id=planet.id,
        order_id=None,
        environment=gateways.environment,
        kind="settlement",
        source="settlement",
        ref=f"{planet.id}-{settlement.token}",
        at=clock.now(),
    )
    if is_booked(cause):
        return False
    if not 0 < settlement.amount <= sum_owed(planet.id, settlement.currency):
        raise Invalid("amount", "payout_most")
    amounts = {OWED: settlement.amount, SITE: -settlement.amount}
    if (
        book(cause, [Line(name, each, settlement.currency) for name, each in amounts.items()])
        is None
    ):
        return False
    record(
        "owner.settle",
        actor_id=None,
        planet_id=planet.id,
        subject=("planet", planet.id),
        reason=reason,
        amount=settlement.amount,
        currency=settlement.currency,
    )
    return True


def book_what_is_owed() -> int:
    """Say of everything booked what it changes of what owners are owed, where nothing said it yet: of
    the time before the installation owed them. Returns how many bookings were added.

    Opens its own units of work.
    """
    if not house.settles_owners:
        return 0
    added = 0
    orders = _list_unsaid_orders()
    db.session.rollback()
    for first in range(0, len(orders), BATCH):
        with unit_of_work() as session:
            wanted = select(Order).where(Order.id.in_(orders[first : first + BATCH]))
            added += len(book_orders(session.scalars(wanted).all()))
    with unit_of_work():
        return added + _say_of_payouts()


def _list_unsaid_orders() -> list[int]:
    held = LedgerEntry.account.in_(HELD) | LedgerEntry.account.startswith(PAYABLE)
    sides = case((held, LedgerEntry.amount), (LedgerEntry.account == EARNED, -LedgerEntry.amount))
    rows = db.session.scalars(
        select(LedgerTransaction.order_id)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(LedgerTransaction.order_id.is_not(None))
        .group_by(LedgerTransaction.order_id)
        .having(func.sum(sides) != 0)
        .order_by(LedgerTransaction.order_id)
    )
    return [order_id for order_id in rows if order_id is not None]


def _say_of_payouts() -> int:
    """Owe owners what they paid themselves to those who have shares."""
    said = select(LedgerEntry.transaction_id).where(LedgerEntry.account == EARNED)
    rows = db.session.execute(
        select(LedgerTransaction, LedgerEntry.amount, LedgerEntry.currency)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(
            LedgerTransaction.kind == "payout",
            LedgerTransaction.id.not_in(said),
            LedgerEntry.account.startswith(PAYABLE),
        )
    ).all()
    known = set(
        db.session.scalars(
            select(LedgerTransaction.source_ref).where(LedgerTransaction.source == "owed")
        )
    )
    added = 0
    for payout, amount, currency in rows:
        if payout.source_ref not in known:
            cause = Cause(
                planet_id=payout.planet_id,
                order_id=None,
                environment=payout.environment,
                kind="owed",
                source="owed",
                ref=payout.source_ref,
                at=payout.at,
            )
            lines = [Line(EARNED, amount, currency), Line(OWED, -amount, currency)]
            added += book(cause, lines) is not None
    return added
