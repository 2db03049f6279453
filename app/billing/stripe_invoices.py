"""The paid invoices of a subscription at Stripe, in as few requests as its age allows (R33).

One request lists them, one more the charges behind those that are not settled; typed loosely here so that
the library has one importer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.billing import stripe_facts as facts
from app.billing.gateway import Charge, GatewayError, Invoice, SubscriptionFact
from app.billing.stripe_wishes import PAGE
from app.kernel import clock

CHARGE_PARTS = ("balance_transaction", "refunds")
PARTS = ("data.payments",)
SUBSCRIPTION = "parent.subscription_details.subscription"
# Where so many intents are to be asked about, a list of charges is cheaper.
WORTH_LISTING = 2
# An invoice that was made before is settled, or is not paid any more.
OLDEST = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class InvoiceReader:
    """Reads invoices through Stripe's client. `asking` turns its errors into ours, `fact_of` a charge, in
    full, with its tax into a fact."""

    api: Any
    options: Any
    asking: Callable[[], AbstractContextManager[None]]
    fact_of: Callable[[Any, int], Charge | None]

    def read(self, subscription: Any, settled: Sequence[Invoice]) -> tuple[Invoice, ...]:
        """Return the paid invoices of a subscription, the oldest first; `settled` as they are given."""
        listed = self._list(subscription.id, bounded=bool(settled), parts=PARTS)
        return self._told(subscription, listed, settled)

    def read_whole(self, ref: str, settled: Sequence[Invoice]) -> SubscriptionFact | None:
        """Return a subscription with its invoices, as `read`, in one request less; None where it has none
        that is paid, or that tells of it."""
        parts = (*PARTS, f"data.{SUBSCRIPTION}")
        listed = self._list(ref, bounded=bool(settled), parts=parts)
        found = facts.whole_subscription_of(listed[-1]) if listed else None
        if found is None:
            return None
        return facts.subscription(found, self._told(found, listed, settled))

    def _told(
        self, subscription: Any, listed: Sequence[Any], settled: Sequence[Invoice]
    ) -> tuple[Invoice, ...]:
        kept = {invoice.ref: invoice for invoice in settled}
        fresh = [each for each in listed if each.id not in kept]
        charges = self._charges(facts.ref_of(subscription.customer), fresh)
        refs = {each.id for each in listed}
        before = [invoice for invoice in settled if invoice.ref not in refs]
        told = (kept.get(each.id) or self._invoice(each, charges) for each in listed)
        return (*before, *(invoice for invoice in told if invoice is not None))

    def _list(self, subscription: str, *, bounded: bool, parts: Sequence[str]) -> list[Any]:
        asked: dict[str, Any] = {
            "subscription": subscription,
            "status": "paid",
            "expand": list(parts),
            "limit": PAGE,
        }
        if bounded:
            asked["created"] = {"gte": int((clock.now() - OLDEST).timestamp())}
        with self.asking():
            listed = self.api.invoices.list(asked, self.options)
            return list(reversed(list(listed.auto_paging_iter())))

    def _invoice(self, found: Any, charges: dict[str, Any]) -> Invoice | None:
        """Return an invoice with what it brought in; None for one that pays for no period."""
        period = facts.period_of(found)
        if period is None:
            return None
        intent = facts.intent_of(found)
        charge = charges.get(intent) or self._charge_of(intent)
        return Invoice(
            ref=found.id,
            starts=period[0],
            ends=period[1],
            amount=found.amount_paid,
            currency=found.currency.upper(),
            charge=self.fact_of(charge, facts.tax_of_invoice(found)),
        )

    def _charge_of(self, intent: str) -> Any:
        """Return the charge of one payment intent, in full; None for none."""
        if not intent:
            return None
        parts = [f"latest_charge.{part}" for part in CHARGE_PARTS]
        with self.asking():
            found = self.api.payment_intents.retrieve(intent, {"expand": parts}, self.options)
        return found.latest_charge

    def _charges(self, customer: str, invoices: Sequence[Any]) -> dict[str, Any]:
        """Return charges by payment intent, where that saves requests; what is missing is asked for by
        itself, also with a key that may not list."""
        wanted = {intent for each in invoices if (intent := facts.intent_of(each))}
        if len(wanted) < WORTH_LISTING or not customer:
            return {}
        found: dict[str, Any] = {}
        try:
            with self.asking():
                for charge in self._listed(customer, min(each.created for each in invoices)):
                    intent = facts.ref_of(charge.payment_intent)
                    if intent in wanted and facts.is_paid(charge):
                        found[intent] = charge
                    if len(found) == len(wanted):
                        break
        except GatewayError as error:
            if error.retry:
                raise
        return found

    def _listed(self, customer: str, since: int) -> Iterator[Any]:
        asked = {
            "customer": customer,
            "created": {"gte": since},
            "expand": [f"data.{part}" for part in CHARGE_PARTS],
            "limit": PAGE,
        }
        found: Iterator[Any] = self.api.charges.list(asked, self.options).auto_paging_iter()
        return found
