"""Access that was paid for: entitlements are granted, suspended, revoked and cut as money moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from app.billing.actions.late import Lateness, give_back_late, known_late, read_lateness
from app.billing.gateway import Charge, CheckoutFact, Invoice, SubscriptionFact
from app.billing.models import Order, Payment, Plan, PlanVersion, Refund
from app.billing.pricing import lasts
from app.billing.states import GivenBack, fate_of, grace_after
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Refused
from app.memberships.actions.granting import Terms, Wish, find_causes, grant_all
from app.memberships.models import Entitlement, Membership
from app.memberships.periods import Duration, Period
from app.memberships.rows import make_rows
from app.memberships.settling import settle_all
from app.policy import Grace


@dataclass(frozen=True, slots=True)
class _Right:
    """What an order gives for one payment: the wish, and what it stands on now. `grace` and `ended_at`
    are of the subscription behind it."""

    wish: Wish
    charge: Charge | None
    grace: Grace | None = None
    ended_at: datetime | None = None

    @property
    def came_at(self) -> datetime:
        """When its money came; where it cost nothing, when it began."""
        since = self.wish.terms.since
        assert since is not None
        return self.charge.paid_at if self.charge else since


def give_access(paid: Sequence[tuple[Order, CheckoutFact]]) -> None:
    """Make what orders give agree with what was paid for them and is still ours (R12, R14, R17, R19).

    What came too late, because its buyer is gone or because it was to end, goes back instead (R26).
    """
    sold = _read_sold([order for order, _fact in paid])
    rights = [
        (order, right)
        for order, fact in paid
        for right in _rights(order, fact, *sold[order.plan_version_id])
    ]
    if not rights:
        return
    # Nobody goes or comes while it is decided.
    make_rows({right.wish.whose for _order, right in rights})
    timely, late = _sift(rights)
    given = grant_all(None, [right.wish for _order, right in timely]) if timely else []
    refunds = _read_refunds([right.charge for _order, right in timely if right.charge])
    unsettled: dict[int, Membership] = {}
    for (order, right), each in zip(timely, given, strict=True):
        if isinstance(each, Refused):
            late.append((order, right.charge.ref if right.charge else ""))
        else:
            row = each.entitlement
            _mark(row, right, refunds)
            # What was granted just now is settled, unless there was something to mark.
            if not each.fresh or row.revoked_at or row.suspended_at or row.cut_at:
                unsettled[each.member.id] = each.member
    give_back_late(late)
    if unsettled:
        settle_all(unsettled.values())


def _sift(
    rights: Sequence[tuple[Order, _Right]],
) -> tuple[list[tuple[Order, _Right]], list[tuple[Order, str]]]:
    """Part what is to be granted from what came too late, the latter by its charge, "" for none."""
    granted = find_causes([right.wish.cause for _order, right in rights])
    given_back = known_late([right.charge.ref for _order, right in rights if right.charge])
    when = read_lateness(order for order, _right in rights)
    timely: list[tuple[Order, _Right]] = []
    late: list[tuple[Order, str]] = []
    for order, right in rights:
        ref = right.charge.ref if right.charge else ""
        if ref in given_back:
            late.append((order, ref))
        elif right.wish.cause in granted:
            timely.append((order, right))
        elif when[order.id].is_late(right.came_at):
            late.append((order, ref))
        else:
            timely.append((order, _waiting(right, when[order.id])))
    return timely, late


def _waiting(right: _Right, lateness: Lateness) -> _Right:
    """Return a right that waits for its buyer where they have left since they ordered it."""
    return replace(right, wish=replace(right.wish, waits=True)) if lateness.waits else right


def _read_sold(orders: Sequence[Order]) -> dict[int | None, tuple[PlanVersion, str]]:
    """Return the terms that were sold, and the public ids of their plans."""
    sold = (
        select(PlanVersion, Plan.public_id)
        .join(Plan, Plan.id == PlanVersion.plan_id)
        .where(PlanVersion.id.in_({order.plan_version_id for order in orders}))
    )
    return {version.id: (version, ref) for version, ref in db.session.execute(sold)}


def _rights(order: Order, fact: CheckoutFact, version: PlanVersion, plan_ref: str) -> list[_Right]:
    if fact.subscription is None:
        return [_pass_right(order, version, fact.charge, plan_ref)]
    return [
        _invoice_right(order, version, fact.subscription, invoice, plan_ref)
        for invoice in fact.subscription.invoices
    ]


def _pass_right(order: Order, version: PlanVersion, charge: Charge | None, plan_ref: str) -> _Right:
    since = charge.paid_at if charge else order.created_at
    terms = Terms(since=since, environment=order.environment, plan_ref=plan_ref, grace=Grace.PLANET)
    period = lasts(version)
    if isinstance(period, Period):
        period = Period(since, period.ends)
    return _Right(_wish(order, "order", order.public_id, period, terms), charge)


def _invoice_right(
    order: Order, version: PlanVersion, fact: SubscriptionFact, invoice: Invoice, plan_ref: str
) -> _Right:
    grace = grace_after(fact)
    trial = invoice.amount == 0 and fact.trial_end is not None
    terms = Terms(
        since=invoice.starts,
        environment=order.environment,
        plan_ref=plan_ref,
        grace=grace,
        reads_from=_trial_reads_from(version, invoice) if trial else None,
        # The provider moves a charge behind a pause by a trial, too: that one gives nothing new.
        trial=trial and order.trial_days > 0,
    )
    wish = _wish(order, "invoice", invoice.ref, Period(invoice.starts, invoice.ends), terms)
    # A subscription that is over ends what it paid for at its end (R14).
    over = fact.ended_at is not None and fact.ended_at < invoice.ends
    return _Right(wish, invoice.charge, grace, fact.ended_at if over else None)


def _trial_reads_from(version: PlanVersion, invoice: Invoice) -> datetime | None:
    window = version.trial_window_days
    return invoice.starts - timedelta(days=window) if window else None


def _wish(order: Order, source: str, ref: str, period: Period | Duration, terms: Terms) -> Wish:
    return Wish(order.planet_id, order.user_id, source, ref, period, terms=terms)


def _mark(row: Entitlement, right: _Right, refunds: dict[str, list[Refund]]) -> None:
    """Make one entitlement agree with its charge and with the subscription behind it."""
    if right.charge is not None:
        _judge(row, right.charge, refunds[right.charge.ref])
    if right.grace is not None:
        row.grace = right.grace.value
    if right.ended_at is not None:
        _cut(row, right.ended_at)


def _judge(row: Entitlement, charge: Charge, refunds: Sequence[Refund]) -> None:
    """Suspend, revoke and cut one entitlement as its charge stands; lift what no longer holds."""
    moment = clock.now()
    given = [given_back(refund) for refund in refunds if refund.state != "failed"]
    dispute = charge.dispute.status if charge.dispute else ""
    fate = fate_of(charge.amount, charge.refunded, dispute, given)
    row.revoked_at = (row.revoked_at or moment) if fate.revoked else None
    row.suspended_at = (row.suspended_at or moment) if fate.suspended else None
    if row.cut_at in {refund.asked_at for refund in refunds if refund.state == "failed"}:
        # A refund that failed restores what it had cut (R17).
        row.cut_at = row.cut_decided_at = None
        row.grace = Grace.PLANET.value
    if fate.cut_at is not None:
        _cut(row, fate.cut_at)
        row.grace = Grace.NONE.value


def given_back(refund: Refund) -> GivenBack:
    """Return a refund as what follows from it is judged."""
    return GivenBack(refund.ends, refund.asked_at, ours=refund.token != refund.provider_ref)


def _read_refunds(charges: Sequence[Charge]) -> dict[str, list[Refund]]:
    """Return the refunds that the provider heard of by their charge's reference, the oldest first."""
    refunds: dict[str, list[Refund]] = defaultdict(list)
    for ref, refund in db.session.execute(
        select(Payment.provider_ref, Refund)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(
            Payment.provider_ref.in_([charge.ref for charge in charges]),
            Refund.state.in_(("pending", "succeeded", "failed")),
        )
        .order_by(Refund.asked_at, Refund.id)
    ):
        refunds[ref].append(refund)
    return refunds


def _cut(row: Entitlement, at: datetime) -> None:
    if row.cut_at is None or at < row.cut_at:
        row.cut_at, row.cut_decided_at = at, min(at, clock.now())
