"""What Stripe's objects say, as facts of the port: pure functions over what was fetched.

The objects are the library's, typed loosely here so that it has one importer. Related ones are ids
unless they were asked for in full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from app.billing.gateway import (
    Charge,
    CheckoutFact,
    DisputeFact,
    Invoice,
    PayoutFact,
    RefundFact,
    SubscriptionFact,
)

# A charge may be disputed again and again: the worst one counts.
GRAVITY = (
    "lost",
    "needs_response",
    "under_review",
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "won",
)
# After a lost dispute comes an appeal: the money is gone while it lasts, nothing is final.
APPEALS = {"appeal_needs_response": "needs_response", "appeal_under_review": "under_review"}
FINAL_REFUNDS = ("succeeded", "failed", "canceled")


def moment(seconds: int | None) -> datetime | None:
    """Return a time of Stripe's as an aware one."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def ref_of(related: Any) -> str:
    """Return the id of a related object, whether it came in full or not; "" for none."""
    if related is None:
        return ""
    return related if isinstance(related, str) else str(related.id)


def is_paid(charge: Any) -> bool:
    """Tell whether a charge, in full, brought money: delayed and failed ones did not."""
    return charge is not None and not isinstance(charge, str) and charge.status == "succeeded"


def checkout(
    session: Any, *, charge: Charge | None, subscription: SubscriptionFact | None
) -> CheckoutFact:
    """Return the fact of a session that holds its payment intent."""
    complete = session.status == "complete"
    unpaid = session.payment_status == "unpaid"
    return CheckoutFact(
        ref=session.id,
        status=session.status,
        paid=session.payment_status in ("paid", "no_payment_required"),
        failed=complete and unpaid and _gave_up(session.payment_intent, subscription),
        amount=session.amount_total or 0,
        currency=(session.currency or "").upper(),
        customer_ref=ref_of(session.customer),
        charge=charge,
        subscription=subscription,
    )


def _gave_up(intent: Any, subscription: SubscriptionFact | None) -> bool:
    """Tell whether a delayed payment did not come (R8)."""
    if subscription is not None:
        return subscription.status == "incomplete_expired"
    return getattr(intent, "status", "") in ("requires_payment_method", "canceled")


def charge(found: Any, *, refunds: Iterable[Any], disputes: Sequence[Any], tax: int) -> Charge:
    """Return the fact of a charge that holds its balance transaction; `tax` is what its checkout or
    invoice says of it."""
    told = tuple(refund(each) for each in refunds)
    return Charge(
        ref=found.id,
        amount=found.amount,
        currency=found.currency.upper(),
        paid_at=_came_at(found),
        refunded=sum(each.amount for each in told if each.status not in ("failed", "canceled")),
        fee=_fee(found, [found.balance_transaction]),
        tax=tax,
        method=_method(found.payment_method_details),
        receipt_url=found.receipt_url or "",
        refunds=told,
        dispute=_worst([dispute(each, found) for each in disputes]),
    )


def _came_at(charge: Any) -> datetime:
    """Return when the money of a charge came (R29): it is created by the attempt, and its balance transaction
    by its success, which for delayed ways to pay comes days later."""
    move = charge.balance_transaction
    known = move is not None and not isinstance(move, str)
    came = max(charge.created, move.created) if known else charge.created
    return datetime.fromtimestamp(came, UTC)


def refund(found: Any) -> RefundFact:
    """Return the fact of a refund; one that waits for somebody is pending."""
    status = found.status if found.status in FINAL_REFUNDS else "pending"
    return RefundFact(found.id, found.amount, status, datetime.fromtimestamp(found.created, UTC))


def dispute(found: Any, of: Any) -> DisputeFact:
    """Return the fact of a dispute of a charge."""
    status = APPEALS.get(found.status, found.status)
    if status not in GRAVITY:
        # A word we do not know yet: the money tells how it went.
        status = "lost" if sum(each.amount for each in found.balance_transactions) < 0 else "won"
    return DisputeFact(
        ref=found.id,
        amount=found.amount,
        status=status,
        at=datetime.fromtimestamp(found.created, UTC),
        fee=_fee(of, found.balance_transactions),
        answer_by=moment(found.evidence_details.due_by if found.evidence_details else None),
    )


def _worst(disputes: list[DisputeFact]) -> DisputeFact | None:
    return min(disputes, key=lambda each: GRAVITY.index(each.status), default=None)


def _fee(of: Any, movements: Iterable[Any]) -> int:
    """Return what movements of the balance cost, in the currency of the charge, floored (R21).

    The account may be kept in another currency: the charge's own movement tells the rate. Right after
    a payment there is no movement yet; `charge.updated` tells when there is.
    """
    fee: int = sum(each.fee for each in movements if each is not None and not isinstance(each, str))
    own = of.balance_transaction
    if not fee or isinstance(own, str) or own is None or own.currency == of.currency:
        return fee
    return int(fee * of.amount // own.amount)


def tax_of_checkout(session: Any) -> int:
    """Return the tax in what a session costs, whether it was added to the price or is part of it."""
    return (session.total_details.amount_tax or 0) if session.total_details else 0


def tax_of_invoice(invoice: Any) -> int:
    """Return the tax in what an invoice costs."""
    return sum(each.amount for each in invoice.total_taxes or ())


def subscription(found: Any, invoices: tuple[Invoice, ...]) -> SubscriptionFact:
    """Return the fact of a subscription."""
    return SubscriptionFact(
        ref=found.id,
        status=found.status,
        cancel_at_period_end=bool(found.cancel_at_period_end),
        cancel_at=moment(found.cancel_at),
        ended_at=moment(found.ended_at),
        trial_end=moment(found.trial_end),
        invoices=invoices,
        held=found.pause_collection is not None,
    )


def _method(details: Any) -> str:
    """Return how a charge was paid, as the port says it."""
    if details is None:
        return ""
    card = details.card if details.type == "card" else None
    return f"card:{card.brand or ''}:{card.last4 or ''}" if card else str(details.type)[:40]


def page_of(ref: str, *, account: str, environment: str) -> str:
    """Return the address of an object in Stripe's dashboard."""
    place = "subscriptions" if ref.startswith("sub_") else "payments"
    parts = [account, "" if environment == "live" else "test", place, ref]
    return "/".join(["https://dashboard.stripe.com", *(part for part in parts if part)])


def payout(found: Any) -> PayoutFact:
    """Return the fact of a payout."""
    return PayoutFact(
        ref=found.id,
        amount=found.amount,
        currency=found.currency.upper(),
        status=found.status,
        at=datetime.fromtimestamp(found.created, UTC),
    )


def balance(found: Any) -> dict[str, int]:
    """Return what lies at Stripe by currency, whether it can be paid out yet or not."""
    sums: Counter[str] = Counter()
    for part in (*found.available, *found.pending):
        sums[part.currency.upper()] += part.amount
    return dict(sums)


def period_of(invoice: Any) -> tuple[datetime, datetime] | None:
    """Return the period that an invoice pays for: that of its subscription line (R12).

    None when it has none, as an invoice that only makes up for a change.
    """
    lines = [line for line in invoice.lines.data if _is_regular(line)]
    if not lines:
        return None
    last = max(lines, key=lambda line: line.period.end)
    return (
        datetime.fromtimestamp(last.period.start, UTC),
        datetime.fromtimestamp(last.period.end, UTC),
    )


def whole_subscription_of(invoice: Any) -> Any:
    """Return the subscription that an invoice is of, where it came in full; None else."""
    parent = invoice.parent
    if parent is None or parent.type != "subscription_details":
        return None
    found = parent.subscription_details.subscription
    return None if isinstance(found, str) else found


def intent_of(invoice: Any) -> str:
    """Return which payment intent paid an invoice that holds its payments; "" where nothing was to pay."""
    for payment in invoice.payments.data if invoice.payments else ():
        intent = ref_of(payment.payment.payment_intent) if payment.status == "paid" else ""
        if intent:
            return intent
    return ""


def _is_regular(line: Any) -> bool:
    parent = line.parent
    if parent is None or parent.type != "subscription_item_details":
        return False
    return not parent.subscription_item_details.proration


def subscription_of(invoice: Any) -> str:
    """Return which subscription an invoice is of, "" for none."""
    parent = invoice.parent
    if parent is None or parent.type != "subscription_details":
        return ""
    return ref_of(parent.subscription_details.subscription)
