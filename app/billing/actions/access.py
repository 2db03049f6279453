"""Access that was paid for: entitlements are granted, suspended, revoked and cut as money moves."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from app.billing.actions.asking import ask_everything_back
from app.billing.gateway import Charge, CheckoutFact, Invoice, SubscriptionFact
from app.billing.models import Order, Payment, Plan, PlanVersion, Refund
from app.billing.pricing import lasts
from app.billing.states import grace_after, is_lost, is_refunded, suspends
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Refused
from app.memberships.actions.joining import Granted, Terms, grant_entitlement
from app.memberships.models import Entitlement, Membership
from app.memberships.periods import Duration, Period
from app.memberships.settling import settle
from app.policy import Grace


def give_access(order: Order, fact: CheckoutFact) -> None:
    """Make what an order gives agree with what was paid for it and is still ours (R12, R14, R17, R19).

    Somebody who was removed meanwhile gets his money back instead.
    """
    try:
        if fact.subscription is not None:
            member = _give_subscription(order, fact.subscription)
        else:
            member = _give_pass(order, fact.charge)
    except Refused:
        ask_everything_back(order, reason="removed")
        return
    if member is not None:
        settle(member)


def _give_pass(order: Order, charge: Charge | None) -> Membership | None:
    """Grant a pass; returns whose access is to be settled again, None when granting it did that."""
    version = db.session.get_one(PlanVersion, order.plan_version_id)
    since = charge.paid_at if charge else order.created_at
    terms = Terms(
        since=since, environment=order.environment, plan_ref=_plan_ref(order), grace=Grace.PLANET
    )
    period = lasts(version)
    if isinstance(period, Period):
        period = Period(since, period.ends)
    given = _grant(order, "order", order.public_id, period, terms)
    row = given.entitlement
    _judge(row, charge)
    marked = row.revoked_at or row.suspended_at or row.cut_at
    return given.member if marked or not given.fresh else None


def _give_subscription(order: Order, fact: SubscriptionFact) -> Membership | None:
    member = None
    grace = grace_after(fact)
    version = db.session.get_one(PlanVersion, order.plan_version_id)
    for invoice in fact.invoices:
        trial = invoice.amount == 0 and fact.trial_end is not None
        terms = Terms(
            since=invoice.starts,
            environment=order.environment,
            plan_ref=_plan_ref(order),
            grace=grace,
            reads_from=_trial_reads_from(version, invoice) if trial else None,
        )
        period = Period(invoice.starts, invoice.ends)
        given = _grant(order, "invoice", invoice.ref, period, terms)
        member, row = given.member, given.entitlement
        _judge(row, invoice.charge)
        row.grace = grace.value
        # A subscription that is over ends what it paid for at its end (R14).
        if fact.ended_at is not None and fact.ended_at < invoice.ends:
            _cut(row, fact.ended_at)
    return member


def _trial_reads_from(version: PlanVersion, invoice: Invoice) -> datetime | None:
    window = version.trial_window_days
    return invoice.starts - timedelta(days=window) if window else None


def _plan_ref(order: Order) -> str:
    return db.session.scalar(select(Plan.public_id).where(Plan.id == order.plan_id)) or ""


def _grant(order: Order, source: str, ref: str, period: Period | Duration, terms: Terms) -> Granted:
    return grant_entitlement(
        None,
        planet_id=order.planet_id,
        user_id=order.user_id,
        source=source,
        source_ref=ref,
        period=period,
        grant=terms,
    )


def _judge(row: Entitlement, charge: Charge | None) -> None:
    """Suspend, revoke and cut one entitlement as its charge stands; lift what no longer holds."""
    if charge is None:
        return
    moment = clock.now()
    refunds = _refunds(charge)
    stays = bool(refunds) and refunds[-1].ends != "now"
    gone = is_lost(charge.dispute) or (is_refunded(charge) and not stays)
    row.revoked_at = (row.revoked_at or moment) if gone else None
    row.suspended_at = (row.suspended_at or moment) if suspends(charge.dispute) else None
    # In part: what staff gave back may end access then; what the provider gave back keeps it (R17).
    ended = [refund.asked_at for refund in refunds if refund.ends == "now" and _is_ours(refund)]
    if ended and not is_refunded(charge):
        _cut(row, min(ended))
        row.grace = Grace.NONE.value


def _is_ours(refund: Refund) -> bool:
    """Whether it was asked for here and not at the provider itself."""
    return refund.token != refund.provider_ref


def _refunds(charge: Charge) -> list[Refund]:
    """Return the refunds of a charge that count, the oldest first."""
    return list(
        db.session.scalars(
            select(Refund)
            .join(Payment, Payment.id == Refund.payment_id)
            .where(Payment.provider_ref == charge.ref, Refund.state.in_(("pending", "succeeded")))
            .order_by(Refund.asked_at, Refund.id)
        )
    )


def _cut(row: Entitlement, at: datetime) -> None:
    if row.cut_at is None or at < row.cut_at:
        row.cut_at, row.cut_decided_at = at, min(at, clock.now())
