"""From an object of Stripe to the checkout it came from: by references of its API, never metadata (R4)."""

from __future__ import annotations

from app.billing import stripe_facts as facts
from app.billing.stripe_calls import Api, Options


class CheckoutTracer:
    """Finds checkouts; the library's errors go to the caller."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def find_checkout(self, ref: str, options: Options) -> str:
        """Return the checkout that an object belongs to, "" for none."""
        if ref.startswith("cs_"):
            return ref
        intent, subscription = self._traces(ref, options)
        sessions = self._api.checkout.sessions
        if intent:
            found = sessions.list({"payment_intent": intent, "limit": 1}, options)
            if found.data:
                return found.data[0].id
            subscription = self._subscription_paid_by(intent, options)
        if subscription:
            found = sessions.list({"subscription": subscription, "limit": 1}, options)
            if found.data:
                return found.data[0].id
        return ""

    def _traces(self, ref: str, options: Options) -> tuple[str, str]:
        """Return the payment intent and the subscription that an object belongs to, "" for none."""
        match ref.partition("_")[0]:
            case "pi":
                return ref, ""
            case "sub":
                return "", ref
            case "ch" | "py":
                return facts.ref_of(self._api.charges.retrieve(ref, {}, options).payment_intent), ""
            case "re" | "pyr":
                refund = self._api.refunds.retrieve(ref, {}, options)
                return facts.ref_of(refund.payment_intent), ""
            case "dp" | "du":
                dispute = self._api.disputes.retrieve(ref, {}, options)
                return facts.ref_of(dispute.payment_intent), ""
            case "in":
                return "", facts.subscription_of(self._api.invoices.retrieve(ref, {}, options))
            case "inpay":
                payment = self._api.invoice_payments.retrieve(ref, {}, options)
                return self._traces(facts.ref_of(payment.invoice), options)
            case _:
                return "", ""

    def _subscription_paid_by(self, intent: str, options: Options) -> str:
        """Return the subscription whose invoice a payment intent pays, "" for none."""
        payments = self._api.invoice_payments.list(
            {
                "payment": {"type": "payment_intent", "payment_intent": intent},
                "expand": ["data.invoice"],
                "limit": 1,
            },
            options,
        )
        return facts.subscription_of(payments.data[0].invoice) if payments.data else ""
