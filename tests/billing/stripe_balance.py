"""What lies on the double's account: counted from all that moved, as Stripe's own balance is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.billing.stripe_shapes import Thing

CAME_BACK = ("failed", "canceled")


def payout(*, amount: int, currency: str) -> Thing:
    """Return money on its way to the bank."""
    return {"object": "payout", "amount": amount, "currency": currency, "status": "in_transit"}


def balance_of(things: Iterable[Thing]) -> Thing:
    """Return the parts of a balance: fresh money is pending, payouts are taken off the rest."""
    by_id = {thing["id"]: thing for thing in things}
    pending: Counter[str] = Counter()
    available: Counter[str] = Counter()
    for thing in by_id.values():
        match thing["object"]:
            case "charge" if thing["balance_transaction"]:
                move = by_id[thing["balance_transaction"]]
                pending[move["currency"]] += move["net"]
            case "refund" if thing["status"] not in CAME_BACK:
                pending[thing["currency"]] -= thing["amount"]
            case "dispute":
                for move in thing["balance_transactions"]:
                    pending[move["currency"]] += move["net"]
            case "payout" if thing["status"] not in CAME_BACK:
                available[thing["currency"]] -= thing["amount"]
    return {"available": _parts(available), "pending": _parts(pending)}


def _parts(sums: Counter[str]) -> list[Thing]:
    return [{"amount": amount, "currency": currency} for currency, amount in sums.items()]
