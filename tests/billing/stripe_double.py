"""A double of Stripe, with what buyers, their banks and staff on Stripe's own pages do.

    double = StripeDouble()
    gateway = double.gateway()
    checkout = gateway.open_checkout(wish)
    double.pay(checkout.ref)
    for event in double.events():
        body, headers = double.webhook(event)

The real library runs above it. `double.faults` must be empty at the end of a test.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from app.billing.stripe_events import EVENTS
from app.billing.stripe_gateway import StripeGateway
from tests.billing import stripe_shapes as shapes
from tests.billing.stripe_api import StripeApi
from tests.billing.stripe_balance import payout
from tests.billing.stripe_shapes import Thing

SECRET = "whsec_double_0123456789"
WEBHOOK_URL = "http://planet.test/webhooks/stripe"
DISPUTE_FEE = 1500


class StripeDouble(StripeApi):
    """Stripe, its customers and their banks.

    `settles_in`: the currency of the account's balance with how many of its minor units one of the
    charge's is; None for that of each charge. `fees_come_late`: charges have no balance transaction
    until `settle_fees`. `tax_percent`: of the net price, where tax is asked for; part of the price.
    """

    secret = SECRET

    def __init__(self, *, key: str = "sk_test_double", environment: str = "test") -> None:
        super().__init__(key=key, environment=environment)
        self.settles_in: tuple[str, float] | None = None
        self.fees_come_late = False
        self.tax_percent = 0
        self.endpoints = [{
            "object": "webhook_endpoint",
            "id": "we_1",
            "url": WEBHOOK_URL,
            "status": "enabled",
            "enabled_events": list(EVENTS),
        }]  # fmt: skip
        self._told = 0

    def gateway(self, *secrets: str, automatic_tax: bool = False) -> StripeGateway:
        """Return the real gateway, with this double for a network."""
        return StripeGateway(
            self.key,
            secrets or (self.secret,),
            environment=self.environment,
            webhook_url=WEBHOOK_URL,
            automatic_tax=automatic_tax,
            http_client=self,
        )

    # Webhooks

    def events(self) -> list[Thing]:
        """Return the events since the last call, oldest first."""
        kept = list(reversed(self.of("event")))
        fresh = kept[self._told :]
        self._told = len(kept)
        return fresh

    def webhook(
        self, event: Thing, *, secret: str = "", signed_at: int | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Return the body and the headers by which an event is told."""
        body = json.dumps(self.shown(event), indent=2).encode()
        moment = self.now() if signed_at is None else signed_at
        return body, {"Stripe-Signature": sign(body, secret or self.secret, moment)}

    # The buyer

    def pay(self, session_ref: str, *, method: str = "card") -> Thing:
        """Pay a checkout, or begin its subscription; returns the session."""
        session = self._open(session_ref, method)
        self._customer(session)
        if session["mode"] == "subscription":
            self._subscribe(session)
        elif session["amount_total"]:
            intent = self._intent(session, method)
            self._succeed(intent)
        return self._complete(session, paid=True)

    def delay(self, session_ref: str, *, method: str = "card") -> Thing:
        """Complete a checkout by a method whose money comes later, if it comes (R8)."""
        session = self._open(session_ref, method)
        self._customer(session)
        intent = self._intent(session, method)
        intent["status"] = "processing"
        self._try(intent, "pending")
        return self._complete(session, paid=False)

    def decline(self, session_ref: str) -> Thing:
        """Try to pay with a card that is refused: the checkout stays open."""
        session = self._open(session_ref, "card")
        self._try(self._intent(session, "card"), "failed")
        return session

    def arrive(self, session_ref: str) -> Thing:
        """Let a delayed payment come."""
        session = self.things[session_ref]
        self._succeed(self.things[session["payment_intent"]])
        session["payment_status"] = "paid"
        self.emit("checkout.session.async_payment_succeeded", session)
        return session

    def fail(self, session_ref: str) -> Thing:
        """Let a delayed payment not come."""
        session = self.things[session_ref]
        intent = self.things[session["payment_intent"]]
        intent["status"] = "requires_payment_method"
        self.things[intent["latest_charge"]].update(status="failed", paid=False)
        self.emit("payment_intent.payment_failed", intent)
        self.emit("checkout.session.async_payment_failed", session)
        return session

    def expire(self, session_ref: str) -> Thing:
        """Let the time of an open checkout run out."""
        return self._expire_session(session_ref, {}, self.things[session_ref]["_account"])

    # The subscriber

    def renew(self, subscription_ref: str) -> Thing:
        """Begin the next period and have it paid, or void while nothing is collected; returns the
        invoice."""
        subscription = self.things[subscription_ref]
        invoice = self._bill(subscription)
        if subscription["pause_collection"]:
            invoice["status"] = "void"
            self.emit("invoice.voided", invoice)
            return invoice
        return self._pay_invoice(invoice)

    def fail_renewal(self, subscription_ref: str) -> Thing:
        """Begin the next period without its money: past due. The item's period moves all the same."""
        subscription = self.things[subscription_ref]
        invoice = self._bill(subscription)
        intent = self._intent_of_invoice(invoice, "open")
        self._try(intent, "failed")
        self.emit("invoice.payment_failed", invoice)
        self.become(subscription_ref, "past_due")
        return invoice

    def recover(self, subscription_ref: str) -> Thing:
        """Pay what is due after all."""
        invoice = self.of("invoice", _subscription=subscription_ref, status="open")[0]
        for payment in self.of("invoice_payment", invoice=invoice["id"], status="open"):
            payment["status"] = "canceled"
        return self._pay_invoice(invoice)

    def become(self, subscription_ref: str, status: str) -> Thing:
        """Let a subscription change its status as Stripe's rules of retrying say."""
        subscription = self.things[subscription_ref]
        subscription["status"] = status
        self.emit("customer.subscription.updated", subscription)
        return subscription

    def cancel_in_portal(self, subscription_ref: str) -> Thing:
        """Cancel on Stripe's page: it sets a date, not `cancel_at_period_end` (R13)."""
        subscription = self.things[subscription_ref]
        subscription["cancel_at"] = subscription["items"]["data"][0]["current_period_end"]
        self.emit("customer.subscription.updated", subscription)
        return subscription

    def resume_in_portal(self, subscription_ref: str) -> Thing:
        """Take that back."""
        subscription = self.things[subscription_ref]
        subscription.update(cancel_at=None, cancel_at_period_end=False)
        self.emit("customer.subscription.updated", subscription)
        return subscription

    def end(self, subscription_ref: str) -> Thing:
        """Let a subscription end now."""
        account = self.things[subscription_ref]["_account"]
        return self._cancel_subscription(subscription_ref, {}, account)

    # The bank, and staff on Stripe's pages

    def refund_by_hand(self, charge_ref: str, amount: int) -> Thing:
        """Refund on Stripe's own page."""
        account = self.things[charge_ref]["_account"]
        return self._create_refund({"charge": charge_ref, "amount": amount}, account)

    def settle_refund(self, refund_ref: str) -> Thing:
        """Let a refund that waited succeed."""
        refund = self.things[refund_ref]
        refund["status"] = "succeeded"
        self.emit("refund.updated", refund)
        return refund

    def fail_refund(self, refund_ref: str) -> Thing:
        """Let a refund come back: the charge counts as not refunded again (R17)."""
        refund = self.things[refund_ref]
        charge = self.things[refund["charge"]]
        refund["status"] = "failed"
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        self.emit("refund.failed", refund)
        return refund

    def dispute(self, charge_ref: str, *, status: str = "needs_response") -> Thing:
        """Let the payer's bank dispute a charge; a `warning_…` takes no money."""
        charge = self.things[charge_ref]
        moves = [] if status.startswith("warning_") else [self._move(charge, -charge["amount"])]
        charge["disputed"] = True
        due_by = self.now() + 7 * 86_400
        shape = shapes.dispute(charge, status=status, movements=moves, due_by=due_by)
        made = self.keep(shape, charge["_account"])
        self.emit("charge.dispute.created", made)
        return made

    def move_dispute(self, dispute_ref: str, status: str) -> Thing:
        """Let a dispute go on: under_review, won, lost …"""
        dispute = self.things[dispute_ref]
        dispute["status"] = status
        if status == "won":
            back = self._move(self.things[dispute["charge"]], dispute["amount"], fee=0)
            dispute["balance_transactions"].append(back)
        closed = status in ("won", "lost", "warning_closed")
        self.emit(f"charge.dispute.{'closed' if closed else 'updated'}", dispute)
        return dispute

    def pay_out(self, amount: int, currency: str) -> Thing:
        """Send money to the bank of whoever holds the account."""
        return self.keep(payout(amount=amount, currency=currency))

    def settle_fees(self) -> None:
        """Write the balance transactions of charges that have none yet."""
        for charge in self.of("charge", status="succeeded", balance_transaction=None):
            self._settle(charge)
            self.emit("charge.updated", charge)

    # How it comes about

    def _open(self, ref: str, method: str) -> Thing:
        session = self.things[ref]
        assert session["status"] == "open", f"{ref} is {session['status']}"
        assert session["expires_at"] > self.now(), f"{ref} has run out"
        assert method in session["allowed_payment_method_types"], f"no {method} here"
        return session

    def _complete(self, session: Thing, *, paid: bool) -> Thing:
        session.update(status="complete", url=None)
        if "automatic_tax" in session["_params"]:
            session["total_details"]["amount_tax"] = self._tax(session["amount_total"])
        if paid and session["payment_status"] == "unpaid":
            session["payment_status"] = "paid"
        self.emit("checkout.session.completed", session)
        return session

    def _customer(self, session: Thing) -> None:
        wanted = session["mode"] == "subscription" or session["customer_creation"] == "always"
        if wanted and session["customer"] is None:
            customer = {"object": "customer", "email": session["customer_email"]}
            session["customer"] = self.keep(customer, session["_account"])["id"]

    def _intent(self, session: Thing, method: str) -> Thing:
        if session["payment_intent"]:
            return self.things[session["payment_intent"]]
        made = shapes.intent(
            amount=session["amount_total"],
            currency=session["currency"],
            customer=session["customer"],
            method=method,
        )
        session["payment_intent"] = self.keep(made, session["_account"])["id"]
        return made

    def _try(self, intent: Thing, status: str) -> Thing:
        charge = self.keep(shapes.charge(intent, status=status), intent["_account"])
        intent["latest_charge"] = charge["id"]
        self.emit(f"charge.{status}", charge)
        return charge

    def _succeed(self, intent: Thing) -> Thing:
        waiting = self.things.get(intent["latest_charge"] or "")
        if waiting and waiting["status"] == "pending":
            waiting.update(shapes.charge(intent, status="succeeded"))
            charge = waiting
        else:
            charge = self._try(intent, "succeeded")
        intent.update(status="succeeded", amount_received=intent["amount"])
        if not self.fees_come_late:
            self._settle(charge)
        self.emit("payment_intent.succeeded", intent)
        return charge

    def _settle(self, charge: Thing) -> None:
        move = self._move(charge, charge["amount"], fee=charge["amount"] * 29 // 1000 + 30)
        charge["balance_transaction"] = self.keep(move, charge["_account"])["id"]

    def _move(self, charge: Thing, amount: int, *, fee: int = DISPUTE_FEE) -> Thing:
        currency, rate = self.settles_in or (charge["currency"], 1)
        return shapes.movement(
            amount=int(amount * rate),
            currency=currency,
            fee=int(fee * rate),
            kind="charge" if amount > 0 else "adjustment",
            source=charge["id"],
        )

    def _subscribe(self, session: Thing) -> None:
        made = shapes.subscription(session, customer=session["customer"], now=self.now())
        subscription = self.keep(made, session["_account"])
        session["subscription"] = subscription["id"]
        invoice = self._bill(subscription)
        session["invoice"] = invoice["id"]
        self.emit("customer.subscription.created", subscription)
        self._pay_invoice(invoice)

    def _bill(self, subscription: Thing) -> Thing:
        """Begin the next period of a subscription; returns its invoice, open."""
        assert subscription["ended_at"] is None
        starts, ends, amount = self._next_period(subscription)
        first = not subscription["items"]["data"]
        subscription["items"]["data"] = [shapes.item(starts, ends)]
        made = shapes.invoice(subscription, starts=starts, ends=ends, amount=amount, first=first)
        made["_subscription"] = subscription["id"]
        made["total_taxes"] = [shapes.tax(self._tax(amount))] if subscription["_taxed"] else []
        subscription["latest_invoice"] = self.keep(made, subscription["_account"])["id"]
        return made

    def _tax(self, total: int) -> int:
        """Return the tax in a total that contains it."""
        return total * self.tax_percent // (100 + self.tax_percent)

    def _next_period(self, subscription: Thing) -> tuple[int, int, int]:
        """Return the next period and what it costs; a trial comes first and costs nothing."""
        anchor, months = subscription["_anchor"], subscription["_months"]
        if subscription["trial_start"] and not subscription["items"]["data"]:
            return subscription["trial_start"], subscription["trial_end"], 0
        turns = subscription["_turns"]
        subscription["_turns"] += 1
        starts = shapes.after(anchor, months=turns * months)
        due = subscription["_amount"] - self._off(subscription, starts)
        return starts, shapes.after(anchor, months=(turns + 1) * months), due

    def _off(self, subscription: Thing, starts: int) -> int:
        """Return what a subscription's coupon takes off the period that begins then."""
        coupon = subscription["_coupon"]
        if coupon is None:
            return 0
        begun = subscription["start_date"]
        holds = {
            "once": coupon["times_redeemed"] == 0,
            "repeating": starts < shapes.after(begun, months=coupon.get("duration_in_months", 0)),
            "forever": True,
        }
        coupon["times_redeemed"] += 1
        return int(coupon["amount_off"]) if holds[coupon["duration"]] else 0

    def _intent_of_invoice(self, invoice: Thing, status: str) -> Thing:
        made = shapes.intent(
            amount=invoice["amount_due"],
            currency=invoice["currency"],
            customer=invoice["customer"],
            method="card",
        )
        intent = self.keep(made, invoice["_account"])
        link = shapes.invoice_payment(invoice, intent=intent["id"], status=status)
        self.keep(link, invoice["_account"])
        return intent

    def _pay_invoice(self, invoice: Thing) -> Thing:
        if invoice["amount_due"]:
            self._succeed(self._intent_of_invoice(invoice, "paid"))
        invoice.update(status="paid", amount_paid=invoice["amount_due"], amount_remaining=0)
        self.emit("invoice.paid", invoice)
        subscription = self.things[invoice["_subscription"]]
        if invoice["amount_due"] and subscription["status"] != "active":
            self.become(subscription["id"], "active")
        return invoice


def sign(body: bytes, secret: str, moment: int) -> str:
    """Return the header that signs a body, by the scheme that Stripe documents."""
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={mac.hexdigest()},v0={'0' * 64}"
