"""Objects of Stripe's API as it sends them, as far as anybody here reads them.

Names that begin with an underscore are the double's own notes and are never sent.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime
from typing import Any

Thing = dict[str, Any]


def after(moment: int, *, months: int) -> int:
    """Return the moment so many calendar months later, at the month's last day at most."""
    then = datetime.fromtimestamp(moment, UTC)
    years, month = divmod(then.month - 1 + months, 12)
    year = then.year + years
    day = min(then.day, monthrange(year, month + 1)[1])
    return int(then.replace(year=year, month=month + 1, day=day).timestamp())


def session(params: Thing, *, now: int, amount: int, currency: str) -> Thing:
    """Return an open checkout."""
    trial = params.get("subscription_data", {}).get("trial_period_days", 0)
    return {
        "object": "checkout.session",
        "mode": params["mode"],
        "status": "open",
        # An open checkout may have nothing to pay: that alone opens no door (R6).
        "payment_status": "no_payment_required" if trial or not amount else "unpaid",
        "amount_subtotal": 0 if trial else amount,
        "amount_total": 0 if trial else amount,
        "currency": currency,
        "client_reference_id": params.get("client_reference_id"),
        "customer": params.get("customer"),
        "customer_email": params.get("customer_email"),
        "customer_creation": params.get("customer_creation"),
        "metadata": params.get("metadata", {}),
        "payment_intent": None,
        "subscription": None,
        "invoice": None,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "expires_at": params.get("expires_at", now + 86_400),
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "success_url": params.get("success_url"),
        "cancel_url": params.get("cancel_url"),
        "locale": params.get("locale"),
        "_params": params,
    }


def intent(*, amount: int, currency: str, customer: str | None, method: str) -> Thing:
    """Return a payment that is not made yet."""
    return {
        "object": "payment_intent",
        "amount": amount,
        "amount_received": 0,
        "currency": currency,
        "customer": customer,
        "latest_charge": None,
        "payment_method_types": [method],
        "status": "requires_payment_method",
        "last_payment_error": None,
        "metadata": {},
    }


def charge(of: Thing, *, status: str) -> Thing:
    """Return a try to get the money of a payment intent."""
    return {
        "object": "charge",
        "amount": of["amount"],
        "amount_captured": of["amount"] if status == "succeeded" else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "currency": of["currency"],
        "customer": of["customer"],
        "disputed": False,
        "metadata": {},
        "paid": status == "succeeded",
        "payment_intent": of["id"],
        "payment_method_details": _method(of["payment_method_types"][0]),
        "receipt_url": "https://pay.stripe.test/receipts/1" if status == "succeeded" else None,
        "refunded": False,
        "status": status,
    }


def _method(kind: str) -> Thing:
    card = {"brand": "visa", "last4": "4242"} if kind == "card" else None
    return {"type": kind, "card": card}


def movement(*, amount: int, currency: str, fee: int, kind: str, source: str) -> Thing:
    """Return a movement of the balance."""
    return {
        "object": "balance_transaction",
        "amount": amount,
        "currency": currency,
        "fee": fee,
        "fee_details": [],
        "net": amount - fee,
        "type": kind,
        "reporting_category": kind,
        "source": source,
        "status": "pending",
    }


def refund(of: Thing, *, amount: int, status: str) -> Thing:
    """Return a refund of a charge."""
    return {
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": of["id"],
        "currency": of["currency"],
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "status": status,
    }


def dispute(of: Thing, *, status: str, movements: list[Thing], due_by: int) -> Thing:
    """Return a dispute of a charge."""
    return {
        "object": "dispute",
        "amount": of["amount"],
        "balance_transactions": movements,
        "charge": of["id"],
        "currency": of["currency"],
        "evidence_details": {"due_by": due_by, "has_evidence": False, "past_due": False},
        "is_charge_refundable": False,
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "reason": "fraudulent",
        "status": status,
    }


def subscription(of: Thing, *, customer: str, now: int) -> Thing:
    """Return the subscription that a checkout begins; its item gets its period with each invoice."""
    params = of["_params"]
    price = params["line_items"][0]["price_data"]
    days = params.get("subscription_data", {}).get("trial_period_days", 0)
    recurring = price["recurring"]
    months = recurring.get("interval_count", 1) * {"month": 1, "year": 12}[recurring["interval"]]
    return {
        "object": "subscription",
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "currency": price["currency"],
        "customer": customer,
        "ended_at": None,
        "items": {"object": "list", "data": [], "has_more": False, "url": "/v1/subscription_items"},
        "latest_invoice": None,
        "metadata": {},
        "pause_collection": None,
        "start_date": now,
        "status": "trialing" if days else "active",
        "trial_end": now + days * 86_400 if days else None,
        "trial_start": now if days else None,
        "_amount": price["unit_amount"],
        "_coupon": of["_coupon"],
        "_taxed": "automatic_tax" in params,
        "_anchor": now + days * 86_400,
        "_months": months,
        "_turns": 0,
    }


def item(starts: int, ends: int) -> Thing:
    """Return the item of a subscription: what a period is written on."""
    return {
        "object": "subscription_item",
        "id": "si_1",
        "current_period_start": starts,
        "current_period_end": ends,
        "quantity": 1,
    }


def begin_trial(of: Thing, *, now: int, ends: int) -> Thing:
    """Put a subscription into a trial in its midst; returns its invoice, of nothing and paid."""
    of.update(status="trialing", trial_start=now, trial_end=ends, _anchor=ends, _turns=0)
    of["items"]["data"] = [item(now, ends)]
    made = invoice(of, starts=now, ends=ends, amount=0, first=False)
    made.update(_subscription=of["id"], status="paid")
    return made


def invoice(of: Thing, *, starts: int, ends: int, amount: int, first: bool) -> Thing:
    """Return an invoice of a subscription. Its own period is the one before: a well-known trap."""
    line = {
        "object": "line_item",
        "id": "il_1",
        "amount": amount,
        "currency": of["currency"],
        "period": {"start": starts, "end": ends},
        "quantity": 1,
        "parent": {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {
                "proration": False,
                "subscription": of["id"],
                "subscription_item": "si_1",
            },
        },
    }
    return {
        "object": "invoice",
        "amount_due": amount,
        "amount_paid": 0,
        "amount_remaining": amount,
        "billing_reason": "subscription_create" if first else "subscription_cycle",
        "currency": of["currency"],
        "customer": of["customer"],
        "lines": {"object": "list", "data": [line], "has_more": False, "url": "/v1/invoices/lines"},
        "metadata": {},
        "parent": {
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": of["id"]},
        },
        "period_start": starts if first else starts - (ends - starts),
        "period_end": starts,
        "status": "open",
        "total": amount,
        "total_taxes": [],
    }


def tax(amount: int) -> Thing:
    """Return what an invoice says of a tax that is part of its total."""
    return {
        "amount": amount,
        "tax_behavior": "inclusive",
        "tax_rate_details": {"tax_rate": "txr_1"},
        "taxability_reason": "standard_rated",
        "taxable_amount": None,
        "type": "tax_rate_details",
    }


def invoice_payment(of: Thing, *, intent: str, status: str) -> Thing:
    """Return what links an invoice with a payment intent."""
    return {
        "object": "invoice_payment",
        "amount_paid": of["amount_due"] if status == "paid" else None,
        "amount_requested": of["amount_due"],
        "currency": of["currency"],
        "invoice": of["id"],
        "is_default": True,
        "payment": {"type": "payment_intent", "payment_intent": intent},
        "status": status,
    }
