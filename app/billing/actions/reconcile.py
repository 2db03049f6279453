"""Reconciliation: asks the provider about everything that may still change (R23)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select, update

from app.billing.actions.balancing import record_payouts
from app.billing.actions.catching_up import catch_up, listen
from app.billing.actions.checkout import open_page
from app.billing.actions.holding import follow, list_paused_subscriptions
from app.billing.actions.parting import stop_forgotten
from app.billing.actions.refunds import send_refund
from app.billing.actions.role_access import stop_needless
from app.billing.actions.settlements import book_what_is_owed
from app.billing.actions.stillness import close_checkout, list_paused_checkouts, tell_charged
from app.billing.actions.subscriptions import tell_end
from app.billing.actions.sync_many import sync_many
from app.billing.gateway import GatewayError
from app.billing.models import Order, OrderChange, Payment, Refund, Subscription
from app.billing.queries.settled import DISPUTE_HORIZON
from app.billing.states import FINAL, HOLDS, OrderState
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.logs import get_logger

# The page after the checkout and webhooks come first; then we look ourselves.
SOON = timedelta(minutes=2)

log = get_logger("payments")


@dataclass
class Report:
    """What reconciliation did: how many orders it asked about, what changed, what failed."""

    asked: int = 0
    changes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Return the report for people."""
        head = f"{self.asked} orders asked about, {len(self.changes)} changes"
        return [head, *self.changes, *(f"FAILED {line}" for line in self.failures)]


def reconcile() -> Report:
    """Sync every order that is not over: open and processing ones, subscriptions that go on, and
    payments younger than the dispute horizon; and send refunds that were asked for.

    Opens its own units of work. What fails for one order is told in the report and stops nothing else.
    """
    report, last = Report(), _last_change()
    _send_refunds(report)
    # In this order: what an order is asked about afterwards covers the events that were heard before.
    heard = listen()
    synced = _sync_all(_unsettled(), report)
    report.failures += catch_up(heard, synced=synced).failures
    _follow_pauses(report)
    _close_paused(report)
    tell_charged()
    _end_forgotten(report)
    report.changes = _told(after=last)
    # What came of the syncs: doubles that are to be given back.
    _send_refunds(report)
    book_what_is_owed()
    _record_payouts(report)
    return report


def sync_open_orders(limit: int = 100) -> int:
    """Sync orders that wait for a payment, first those that were not asked about for longest: the timed
    job between reconciliations.

    Returns how many were asked about.
    """
    waiting = (
        select(Order.id)
        .where(
            Order.state.in_([state.value for state in HOLDS]),
            Order.gateway != "transfer",
            Order.created_at < clock.now() - SOON,
        )
        .order_by(func.coalesce(Order.asked_at, Order.created_at), Order.id)
        .limit(limit)
    )
    with unit_of_work() as session:
        chosen = list(session.scalars(waiting))
        # Also what cannot be asked about goes to the end of the queue.
        session.execute(update(Order).where(Order.id.in_(chosen)).values(asked_at=clock.now()))
    report = Report()
    _sync_all(chosen, report)
    for line in report.failures:
        log.warning("an order could not be looked after", told=line)
    return report.asked


def list_changes(planet_id: int, *, limit: int = 100) -> list[tuple[Order, OrderChange]]:
    """Return what reconciliation changed in a planet, the newest first."""
    rows = db.session.execute(
        select(Order, OrderChange)
        .join(Order, Order.id == OrderChange.order_id)
        .where(Order.planet_id == planet_id, OrderChange.cause == "reconcile")
        .order_by(OrderChange.id.desc())
        .limit(limit)
    )
    return [(order, change) for order, change in rows]


def _unsettled() -> list[int]:
    waiting = select(Order.id).where(Order.state.in_([state.value for state in HOLDS]))
    going_on = select(Subscription.order_id).where(Subscription.status.not_in(FINAL))
    young = select(Payment.order_id).where(Payment.paid_at > clock.now() - DISPUTE_HORIZON)
    ids = waiting.union(going_on, young).subquery()
    return list(
        db.session.scalars(select(Order.id).where(Order.id.in_(select(ids))).order_by(Order.id))
    )


def _sync_all(order_ids: Sequence[int], report: Report) -> set[int]:
    """Bring orders up to date; returns those for which that went well."""
    report.asked += len(order_ids)
    lost = _open_lost(order_ids, report)
    synced = sync_many([each for each in order_ids if each not in lost], cause="reconcile")
    report.failures += synced.failures
    return synced.orders


def _open_lost(order_ids: Sequence[int], report: Report) -> set[int]:
    """Open again what we died over before we learnt its reference: the same wish opens the same
    checkout. Returns those for which that failed."""
    unknown = set(
        db.session.scalars(
            select(Order.id).where(
                Order.provider_ref.is_(None), Order.state == OrderState.OPEN.value
            )
        )
    )
    failed = set()
    for order_id in unknown.intersection(order_ids):
        try:
            open_page(order_id)
        except GatewayError as error:
            report.failures.append(f"order {order_id}: {error}")
            failed.add(order_id)
    return failed


def _follow_pauses(report: Report) -> None:
    """Hold and release charges where a planet was paused or goes on, and the provider does not know."""
    for order_id in list_paused_subscriptions():
        try:
            follow(order_id, cause="reconcile")
        except GatewayError as error:
            report.failures.append(f"charges of order {order_id}: {error}")


def _close_paused(report: Report) -> None:
    """Close what could still be paid in a planet that is paused."""
    for order_id in list_paused_checkouts():
        try:
            close_checkout(order_id, cause="reconcile")
        except GatewayError as error:
            report.failures.append(f"the checkout of order {order_id}: {error}")


def _record_payouts(report: Report) -> None:
    try:
        record_payouts()
    except GatewayError as error:
        report.failures.append(f"payouts of the provider: {error}")


def _end_forgotten(report: Report) -> None:
    """End what runs on although its buyer is gone or pays for nothing, and tell the provider again
    what it has not confirmed."""
    stop_needless()
    for order_id in stop_forgotten():
        try:
            tell_end(order_id)
        except GatewayError as error:
            report.failures.append(f"the end of the subscription of order {order_id}: {error}")


def _last_change() -> int:
    last = db.session.scalar(select(func.max(OrderChange.id))) or 0
    db.session.rollback()
    return last


def _told(*, after: int) -> list[str]:
    """Say what reconciliation has changed since the change of this id."""
    rows = db.session.execute(
        select(Order.public_id, OrderChange.what, OrderChange.data)
        .join(Order, Order.id == OrderChange.order_id)
        .where(OrderChange.id > after, OrderChange.cause == "reconcile")
        .order_by(OrderChange.id)
    )
    return [
        f"order {public_id}: {what}" + (f" (was {data['before']})" if data.get("before") else "")
        for public_id, what, data in rows
    ]


def _send_refunds(report: Report) -> None:
    asked = list(db.session.scalars(select(Refund.id).where(Refund.state == "asked")))
    for refund_id in asked:
        try:
            send_refund({"refund_id": refund_id})
        except GatewayError as error:
            report.failures.append(f"refund {refund_id}: {error}")
