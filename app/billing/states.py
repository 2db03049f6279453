"""The states of an order (R6), as a pure function of what the provider says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.billing.gateway import Charge, CheckoutFact, DisputeFact, SubscriptionFact
from app.memberships.coverage import Fate
from app.policy import Grace


class OrderState(StrEnum):
    """Where an order stands. Transfers use them too: declined is FAILED, withdrawn EXPIRED."""

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"
    EXPIRED = "expired"
    FAILED = "failed"


# A seat and a coupon are held by these (R8, R9).
HOLDS = (OrderState.OPEN, OrderState.PROCESSING)
CLOSED = (OrderState.EXPIRED, OrderState.FAILED)
SETTLED = tuple(state for state in OrderState if state not in (*HOLDS, *CLOSED))

# Statuses of a subscription after which nothing more comes.
FINAL = ("canceled", "incomplete_expired")
_SUSPENDING = ("needs_response", "under_review")


def suspends(dispute: DisputeFact | None) -> bool:
    """Whether a dispute takes access away for now (R19)."""
    return dispute is not None and dispute.status in _SUSPENDING


def is_with_bank(status: str) -> bool:
    """Whether a payment whose dispute has this status is the bank's: held by it, or taken back."""
    return status in _SUSPENDING or status == "lost"


def is_lost(dispute: DisputeFact | None) -> bool:
    """Whether a dispute was lost (R17, R19)."""
    return dispute is not None and dispute.status == "lost"


def is_refunded(charge: Charge) -> bool:
    """Whether all of a charge went back (R17). Nothing paid is nothing given back."""
    return charge.amount > 0 and charge.refunded >= charge.amount


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A refund that was asked for and did not fail. `ends` as of `models.Refund`; `ours`: asked for here and
    not at the provider itself."""

    ends: str
    at: datetime
    ours: bool = True


def fate_of(amount: int, refunded: int, dispute: str, given: Sequence[GivenBack]) -> Fate:
    """Return what becomes of the access that a payment gave (R17, R19): `refunded` of `amount` went back,
    `given` are the refunds, the oldest first. Pure; billing judges and foretells by it."""
    whole = amount > 0 and refunded >= amount
    stays = bool(given) and given[-1].ends != "now"
    # In part: what staff gave back may end access then; what the provider gave back keeps it.
    ended = [each.at for each in given if each.ends == "now" and each.ours]
    return Fate(
        revoked=dispute == "lost" or (whole and not stays),
        suspended=dispute in _SUSPENDING,
        cut_at=min(ended) if ended and not whole else None,
    )


def charges_of(fact: CheckoutFact) -> list[Charge]:
    """Return every charge of a checkout: a pass's own, a subscription's by invoice."""
    invoices = fact.subscription.invoices if fact.subscription else ()
    found = [fact.charge, *(invoice.charge for invoice in invoices)]
    return [charge for charge in found if charge is not None]


def state_of(fact: CheckoutFact) -> OrderState:
    """Return the state that follows from what is true at the provider now."""
    if fact.status == "open":
        return OrderState.OPEN
    if fact.status == "expired":
        return OrderState.EXPIRED
    if not fact.paid:
        return OrderState.FAILED if fact.failed else OrderState.PROCESSING
    return _after_payment(charges_of(fact))


def _after_payment(charges: Iterable[Charge]) -> OrderState:
    found = list(charges)
    if any(is_lost(charge.dispute) for charge in found):
        return OrderState.CHARGED_BACK
    if any(suspends(charge.dispute) for charge in found):
        return OrderState.DISPUTED
    paying = [charge for charge in found if charge.amount > 0]
    if paying and all(is_refunded(charge) for charge in paying):
        return OrderState.REFUNDED
    if any(charge.refunded > 0 for charge in found):
        return OrderState.PARTIALLY_REFUNDED
    return OrderState.PAID


def renews(subscription: SubscriptionFact) -> bool:
    """Whether a subscription renews by itself (R13)."""
    running = subscription.status in ("active", "trialing", "past_due")
    return running and not subscription.cancel_at_period_end and subscription.cancel_at is None


def grace_after(subscription: SubscriptionFact) -> Grace:
    """Return what a subscriber has after the paid end (R14, R15)."""
    if subscription.status == "past_due":
        return Grace.PLANET
    return Grace.LATE if renews(subscription) else Grace.NONE
