"""The API of the double: keeps objects and answers the library's requests about them.

Every request is held against the library's typed parameters (`stripe_wire`); a wrong one raises Unfit
and is noted in `faults` too, for code that catches everything.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import stripe
from stripe import params as p
from stripe.params import billing_portal, checkout

from app.kernel import clock
from tests.billing import stripe_shapes as shapes
from tests.billing.stripe_balance import balance_of
from tests.billing.stripe_shapes import Thing
from tests.billing.stripe_wire import Unfit, check, decode

HALF_HOUR, DAY = 1800, 86_400
MINIMUMS = {"usd": 50, "eur": 50, "hkd": 400, "jpy": 50, "cny": 400}
PREFIXES = {
    "checkout.session": "cs_{env}",
    "payment_intent": "pi",
    "charge": "ch",
    "refund": "re",
    "dispute": "du",
    "balance_transaction": "txn",
    "subscription": "sub",
    "invoice": "in",
    "invoice_payment": "inpay",
    "customer": "cus",
    "event": "evt",
    "coupon": "cpn",
    "payout": "po",
}
# Lists inside of objects that are sent only when they are asked for: (type, name) -> (type, link).
INCLUDABLE = {
    ("charge", "refunds"): ("refund", "charge"),
    ("invoice", "payments"): ("invoice_payment", "invoice"),
}
ROUTES: tuple[tuple[str, str, Any, str], ...] = (
    ("post", "/v1/checkout/sessions", checkout.SessionCreateParams, "create_session"),
    ("post", "/v1/coupons", p.CouponCreateParams, "create_coupon"),
    ("get", "/v1/checkout/sessions", checkout.SessionListParams, "list_sessions"),
    ("get", "/v1/checkout/sessions/(cs_.+)", checkout.SessionRetrieveParams, "retrieve"),
    ("post", "/v1/checkout/sessions/(.+)/expire", checkout.SessionExpireParams, "expire_session"),
    ("get", "/v1/payment_intents/(pi_.+)", p.PaymentIntentRetrieveParams, "retrieve"),
    ("get", "/v1/charges", p.ChargeListParams, "list_charges"),
    ("get", "/v1/charges/((?:ch|py)_.+)", p.ChargeRetrieveParams, "retrieve"),
    ("post", "/v1/refunds", p.RefundCreateParams, "create_refund"),
    ("get", "/v1/refunds", p.RefundListParams, "list_refunds"),
    ("get", "/v1/refunds/(re_.+)", p.RefundRetrieveParams, "retrieve"),
    ("get", "/v1/disputes", p.DisputeListParams, "list_disputes"),
    ("get", "/v1/disputes/(du_.+)", p.DisputeRetrieveParams, "retrieve"),
    ("get", "/v1/subscriptions/(sub_.+)", p.SubscriptionRetrieveParams, "retrieve"),
    ("post", "/v1/subscriptions/(sub_.+)", p.SubscriptionUpdateParams, "update_subscription"),
    ("delete", "/v1/subscriptions/(sub_.+)", p.SubscriptionCancelParams, "cancel_subscription"),
    ("get", "/v1/invoices", p.InvoiceListParams, "list_invoices"),
    ("get", "/v1/invoices/(in_.+)", p.InvoiceRetrieveParams, "retrieve"),
    ("get", "/v1/invoice_payments", p.InvoicePaymentListParams, "list_invoice_payments"),
    ("get", "/v1/invoice_payments/(inpay_.+)", p.InvoicePaymentRetrieveParams, "retrieve"),
    ("delete", "/v1/customers/(cus_.+)", p.CustomerDeleteParams, "delete_customer"),
    ("post", "/v1/billing_portal/sessions", billing_portal.SessionCreateParams, "open_portal"),
    ("get", "/v1/events", p.EventListParams, "list_events"),
    ("get", "/v1/events/(evt_.+)", p.EventRetrieveParams, "retrieve"),
    ("get", "/v1/balance", p.BalanceRetrieveParams, "show_balance"),
    ("get", "/v1/payouts", p.PayoutListParams, "list_payouts"),
    ("get", "/v1/webhook_endpoints", p.WebhookEndpointListParams, "list_endpoints"),
)


class Refusal(Exception):
    """What the API answers with an error."""

    def __init__(
        self, status: int, message: str, *, code: str = "", kind: str = "", param: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "type": kind or "invalid_request_error",
            "message": message,
            **({"code": code} if code else {}),
            **({"param": param} if param else {}),
        }


class StripeApi(stripe.HTTPClient):
    """Stripe's API in this process. `environment`: test or live. Times are those of our clock."""

    name = "double"

    def __init__(self, *, key: str = "sk_test_double", environment: str = "test") -> None:
        super().__init__()
        self.key, self.environment = key, environment
        self.things: dict[str, Thing] = {}
        self._kinds: dict[str, list[Thing]] = defaultdict(list)
        self.requests: list[tuple[str, str, Thing]] = []
        self.faults: list[str] = []
        self.endpoints: list[Thing] = []
        self.has_portal = True
        self.refunds_wait = False
        self.clock_runs_ahead = 0
        # Paths that a restricted key may not ask for.
        self.forbidden: set[str] = set()
        self._troubles: list[str] = []
        self._replays: dict[tuple[str, str], tuple[Any, str]] = {}
        self._lock = threading.RLock()

    # Being the network

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Answer a request of the library."""
        with self._lock:
            try:
                return self._answer(method, url, headers or {}, post_data or "")
            except Unfit as fault:
                self.faults.append(str(fault))
                raise

    def close(self) -> None:
        """Nothing to close."""

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0.0

    def trouble(self, kind: str, times: int = 1) -> None:
        """Let the next requests fail: `down` (never arrives), `lost` (is done, the answer is lost),
        `500`. The library tries each up to three times."""
        self._troubles += [kind] * times

    def _answer(
        self, method: str, url: str, headers: Mapping[str, str], body: str
    ) -> tuple[str, int, Mapping[str, str]]:
        trouble = self._troubles.pop(0) if self._troubles else ""
        if trouble == "down":
            raise stripe.APIConnectionError("no way to Stripe", should_retry=True)
        if trouble == "500":
            return '{"error": {"type": "api_error", "message": "sorry"}}', 500, self._headers()
        try:
            status, text = 200, self._run(method, url, headers, body)
        except Refusal as refusal:
            status, text = refusal.status, json.dumps({"error": refusal.body})
        if trouble == "lost":
            raise stripe.APIConnectionError("the answer is lost", should_retry=True)
        return text, status, self._headers()

    def _headers(self) -> dict[str, str]:
        moment = datetime.fromtimestamp(self.now(), UTC)
        return {"Request-Id": "req_double", "Date": format_datetime(moment, usegmt=True)}

    def _run(self, method: str, url: str, headers: Mapping[str, str], body: str) -> str:
        if headers.get("Authorization") != f"Bearer {self.key}":
            raise Refusal(401, "Invalid API Key provided: sk_****", kind="invalid_request_error")
        if headers.get("Stripe-Version") != stripe.api_version:
            raise Unfit(f"another version of the API: {headers.get('Stripe-Version')}")
        path, query = urlsplit(url).path, urlsplit(url).query
        handler, ref, values = self._route(method, path, decode(body or query))
        self.requests.append((method, path, values))
        if path in self.forbidden:
            raise Refusal(403, "The provided key does not have the required permissions")
        account = headers.get("Stripe-Account", "")
        key = headers.get("Idempotency-Key", "") if method == "post" else ""
        if not key:
            return json.dumps(self._perform(handler, ref, values, account))
        asked = (path, values)
        if (account, key) in self._replays:
            before, answer = self._replays[account, key]
            if before != asked:
                told = "Keys for idempotent requests can only be used with the same parameters"
                raise Refusal(400, told, kind="idempotency_error")
            return answer
        answer = json.dumps(self._perform(handler, ref, values, account))
        self._replays[account, key] = (asked, answer)
        return answer

    def _route(self, method: str, path: str, raw: Thing) -> tuple[str, str, Thing]:
        for verb, pattern, shape, handler in ROUTES:
            found = re.fullmatch(pattern, path) if verb == method else None
            if found:
                return handler, found[1] if found.groups() else "", check(raw, shape)
        raise Unfit(f"the double knows no {method} {path}")

    def _perform(self, handler: str, ref: str, values: Thing, account: str) -> Thing:
        expand = values.pop("expand", [])
        method: Callable[..., Thing] = getattr(self, f"_{handler}")
        answer = method(ref, values, account) if ref else method(values, account)
        return self.shown(answer, expand)

    # Keeping and showing

    def keep(self, thing: Thing, account: str = "") -> Thing:
        """Give an object its id and keep it."""
        prefix = PREFIXES[thing["object"]].format(env=self.environment)
        thing["id"] = f"{prefix}_{len(self.things) + 1:08d}"
        thing.setdefault("created", self.now())
        thing["livemode"] = self.environment == "live"
        thing["_account"] = account
        thing["_number"] = len(self.things)
        self.things[thing["id"]] = thing
        self._kinds[thing["object"]].append(thing)
        return thing

    def now(self) -> int:
        """Return the time by Stripe's clock."""
        return int(clock.now().timestamp()) + self.clock_runs_ahead

    def of(self, kind: str, **links: Any) -> list[Thing]:
        """Return the objects of a type with these values, newest first."""
        found = reversed(self._kinds[kind])
        return [t for t in found if all(t.get(k) == v for k, v in links.items())]

    def shown(self, thing: Thing, expand: list[str] | None = None) -> Thing:
        """Return an object as it is sent, with the parts that were asked for."""
        copy = _public(thing)
        for path in expand or []:
            parts = path.split(".")
            if len(parts) > 4:
                raise Refusal(400, "You cannot expand more than 4 levels")
            self._expand(copy, parts, path)
        return copy

    def _expand(self, node: Any, parts: list[str], path: str) -> None:
        if isinstance(node, list):
            for each in node:
                self._expand(each, parts, path)
            return
        if not parts or node is None:
            return
        name, rest = parts[0], parts[1:]
        inside = INCLUDABLE.get((node.get("object", ""), name))
        if inside:
            found = [_public(t) for t in self.of(inside[0], **{inside[1]: node["id"]})]
            node[name] = _list(found[:10], more=len(found) > 10, url=f"/v1/{name}")
        elif name not in node:
            raise Refusal(400, f"This property cannot be expanded ({path}).")
        elif isinstance(node[name], str):
            if node[name] not in self.things:
                raise Refusal(400, f"This property cannot be expanded ({path}).")
            node[name] = _public(self.things[node[name]])
        self._expand(node[name], rest, path)

    def find(self, ref: str, account: str) -> Thing:
        """Return an object of an account."""
        thing = self.things.get(ref)
        if thing is not None and thing["object"] == "event" and self._is_forgotten(thing):
            thing = None
        if thing is None or thing["_account"] != account:
            raise Refusal(404, f"No such object: '{ref}'", code="resource_missing")
        return thing

    def _is_forgotten(self, event: Thing) -> bool:
        return bool(event["created"] <= self.now() - 30 * DAY)

    def emit(self, kind: str, thing: Thing) -> Thing:
        """Keep the event that something happened to an object."""
        event: Thing = {
            "object": "event",
            "type": kind,
            "api_version": stripe.api_version,
            "data": {"object": self.shown(thing)},
            "pending_webhooks": 1,
            "request": None,
            **({"account": thing["_account"]} if thing["_account"] else {}),
        }
        return self.keep(event, thing["_account"])

    # Answering

    def _retrieve(self, ref: str, values: Thing, account: str) -> Thing:
        return self.find(ref, account)

    def _page(self, found: list[Thing], values: Thing, url: str, account: str) -> Thing:
        """Return a page of objects that are given newest first."""
        found = [thing for thing in found if thing["_account"] == account]
        limit = values.get("limit", 10)
        if not 1 <= limit <= 100:
            raise Refusal(400, "This value must be between 1 and 100 (limit)")
        if "starting_after" in values:
            edge = self.find(values["starting_after"], account)["_number"]
            found = [thing for thing in found if thing["_number"] < edge]
        if "ending_before" in values:
            edge = self.find(values["ending_before"], account)["_number"]
            found = [thing for thing in found if thing["_number"] > edge]
            return _list(found[-limit:], more=len(found) > limit, url=url)
        return _list(found[:limit], more=len(found) > limit, url=url)

    def _list_of(self, kind: str, url: str, values: Thing, account: str, *links: str) -> Thing:
        asked = {name: values[name] for name in links if name in values}
        return self._page(self.of(kind, **asked), values, url, account)

    def _list_sessions(self, values: Thing, account: str) -> Thing:
        links = ("payment_intent", "subscription", "customer", "status")
        asked = {name: values[name] for name in links if name in values}
        since = values.get("created", {}).get("gte", 0)
        found = [each for each in self.of("checkout.session", **asked) if each["created"] >= since]
        return self._page(found, values, "/v1/checkout/sessions", account)

    def _list_refunds(self, values: Thing, account: str) -> Thing:
        links = ("charge", "payment_intent")
        return self._list_of("refund", "/v1/refunds", values, account, *links)

    def _list_disputes(self, values: Thing, account: str) -> Thing:
        links = ("charge", "payment_intent")
        return self._list_of("dispute", "/v1/disputes", values, account, *links)

    def _list_charges(self, values: Thing, account: str) -> Thing:
        links = ("customer", "payment_intent")
        asked = {name: values[name] for name in links if name in values}
        return self._page(self._since("charge", values, asked), values, "/v1/charges", account)

    def _since(self, kind: str, values: Thing, asked: Thing) -> list[Thing]:
        since = values.get("created", {}).get("gte", 0)
        return [each for each in self.of(kind, **asked) if each["created"] >= since]

    def _list_invoices(self, values: Thing, account: str) -> Thing:
        links = ("status", "_subscription")
        if "subscription" in values:
            values["_subscription"] = values["subscription"]
        asked = {name: values[name] for name in links if name in values}
        return self._page(self._since("invoice", values, asked), values, "/v1/invoices", account)

    def _list_invoice_payments(self, values: Thing, account: str) -> Thing:
        links = ("invoice", "status", "payment")
        return self._list_of("invoice_payment", "/v1/invoice_payments", values, account, *links)

    def _list_events(self, values: Thing, account: str) -> Thing:
        types = values.get("types", [])
        if len(types) > 20:
            raise Refusal(400, "You may pass up to 20 types")
        kept = [event for event in self.of("event") if not self._is_forgotten(event)]
        found = [e for e in kept if not types or e["type"] in types]
        return self._page(found, values, "/v1/events", account)

    def _list_endpoints(self, values: Thing, account: str) -> Thing:
        return _list(self.endpoints, more=False, url="/v1/webhook_endpoints")

    def _show_balance(self, values: Thing, account: str) -> Thing:
        own = [thing for thing in self.things.values() if thing["_account"] == account]
        return {"object": "balance", "livemode": self.environment == "live", **balance_of(own)}

    def _list_payouts(self, values: Thing, account: str) -> Thing:
        since = values.get("created", {}).get("gte", 0)
        found = [each for each in self.of("payout") if each["created"] >= since]
        return self._page(found, values, "/v1/payouts", account)

    def _create_session(self, values: Thing, account: str) -> Thing:
        price = values["line_items"][0]["price_data"]
        recurring = values["mode"] == "subscription"
        amount, currency, now = price["unit_amount"], price["currency"], self.now()
        if recurring != ("recurring" in price):
            raise Refusal(400, "The price does not fit the mode")
        if recurring and "payment_intent_data" in values:
            raise Refusal(400, "You can not pass `payment_intent_data` in `subscription` mode.")
        if not recurring and "subscription_data" in values:
            raise Refusal(400, "You can not pass `subscription_data` in `payment` mode.")
        if recurring and "customer_creation" in values:
            raise Refusal(400, "`customer_creation` can only be used in `payment` mode.")
        if "wechat_pay" in values.get("allowed_payment_method_types", ()):
            options = values.get("payment_method_options", {}).get("wechat_pay", {})
            if options.get("client") != "web":
                raise Refusal(400, "You must provide `payment_method_options[wechat_pay][client]`.")
        if "customer" in values and {"customer_email", "customer_creation"} & set(values):
            raise Refusal(
                400, "You may only specify one of these parameters: customer, customer_email"
            )
        if values.get("customer", "") not in ("", *self.things):
            raise Refusal(400, "No such customer", code="resource_missing", param="customer")
        if 0 < amount < MINIMUMS.get(currency, 50):
            raise Refusal(
                400, "The Checkout Session's total amount is too small", code="amount_too_small"
            )
        if not HALF_HOUR <= values.get("expires_at", now + DAY) - now <= DAY:
            told = (
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from creation."
            )
            raise Refusal(400, told, param="expires_at")
        coupon = self._coupon_of(values, amount, currency, account)
        amount -= coupon["amount_off"] if coupon else 0
        made = self.keep(shapes.session(values, now=now, amount=amount, currency=currency), account)
        made["_coupon"] = coupon
        made["url"] = f"https://checkout.stripe.com/c/pay/{made['id']}"
        return made

    def _create_coupon(self, values: Thing, account: str) -> Thing:
        if (values["duration"] == "repeating") != ("duration_in_months" in values):
            raise Refusal(400, "`duration_in_months` goes with `repeating`.")
        made: Thing = {"object": "coupon", **values, "valid": True, "times_redeemed": 0}
        return self.keep(made, account)

    def _coupon_of(self, values: Thing, amount: int, currency: str, account: str) -> Thing | None:
        """Return the coupon of a checkout that is to be opened."""
        wanted = values.get("discounts", [])
        if not wanted:
            return None
        if values["mode"] != "subscription" or len(wanted) > 1:
            raise Refusal(400, "The double takes one coupon, on subscriptions.")
        coupon = self.find(wanted[0]["coupon"], account)
        if coupon["currency"] != currency or coupon["amount_off"] > amount:
            raise Refusal(400, "The coupon does not fit the price")
        return coupon

    def _expire_session(self, ref: str, values: Thing, account: str) -> Thing:
        session = self.find(ref, account)
        if session["status"] != "open":
            raise Refusal(400, 'Only Checkout Sessions with a status in ["open"] can be expired.')
        session["status"], session["url"] = "expired", None
        self.emit("checkout.session.expired", session)
        return session

    def _create_refund(self, values: Thing, account: str) -> Thing:
        charge = self.find(values["charge"], account)
        left = charge["amount"] - charge["amount_refunded"]
        amount = values.get("amount", left)
        if not left:
            raise Refusal(400, "Charge has already been refunded.", code="charge_already_refunded")
        if not 0 < amount <= left:
            raise Refusal(
                400, f"Refund amount is greater than unrefunded amount on charge ({left})"
            )
        status = "pending" if self.refunds_wait else "succeeded"
        refund = self.keep(shapes.refund(charge, amount=amount, status=status), account)
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.emit("charge.refunded", charge)
        self.emit("refund.created", refund)
        return refund

    def _update_subscription(self, ref: str, values: Thing, account: str) -> Thing:
        subscription = self.find(ref, account)
        if subscription["status"] == "canceled":
            raise Refusal(400, "A canceled subscription can only update its cancellation_details.")
        if {"cancel_at", "cancel_at_period_end"} <= set(values):
            raise Refusal(400, "Received both cancel_at and cancel_at_period_end parameters.")
        if "cancel_at" in values:
            subscription["cancel_at"] = values["cancel_at"] or None
        if "cancel_at_period_end" in values:
            ends = subscription["items"]["data"][0]["current_period_end"]
            subscription["cancel_at_period_end"] = values["cancel_at_period_end"]
            subscription["cancel_at"] = ends if values["cancel_at_period_end"] else None
        if "pause_collection" in values:
            subscription["pause_collection"] = values["pause_collection"] or None
        if "trial_end" in values:
            self._move_period(subscription, values)
        self.emit("customer.subscription.updated", subscription)
        return subscription

    def _move_period(self, subscription: Thing, values: Thing) -> None:
        """Begin a trial in the midst of a subscription: its next charge comes at its end."""
        now, ends = self.now(), values["trial_end"]
        if ends <= now or values.get("proration_behavior") != "none":
            raise Refusal(400, "Invalid timestamp: must be an integer in the future")
        if subscription["trial_end"] == ends:
            return
        made = shapes.begin_trial(subscription, now=now, ends=ends)
        subscription["latest_invoice"] = self.keep(made, subscription["_account"])["id"]

    def _cancel_subscription(self, ref: str, values: Thing, account: str) -> Thing:
        subscription = self.find(ref, account)
        if subscription["status"] in ("canceled", "incomplete_expired"):
            raise Refusal(404, f"No such subscription: '{ref}'", code="resource_missing")
        subscription.update(status="canceled", canceled_at=self.now(), ended_at=self.now())
        self.emit("customer.subscription.deleted", subscription)
        return subscription

    def _delete_customer(self, ref: str, _values: Thing, account: str) -> Thing:
        gone = self.find(ref, account)
        for subscription in self.of("subscription", customer=ref):
            if subscription["status"] not in ("canceled", "incomplete_expired"):
                self._cancel_subscription(subscription["id"], {}, account)
        # It has no event that we listen to; what was paid stays.
        del self.things[ref]
        self._kinds["customer"].remove(gone)
        return {"object": "customer", "id": ref, "deleted": True}

    def _open_portal(self, values: Thing, account: str) -> Thing:
        if not self.has_portal:
            raise Refusal(400, "No configuration provided for the customer portal")
        self.find(values["customer"], account)
        return {
            "object": "billing_portal.session",
            "id": "bps_1",
            "customer": values["customer"],
            "return_url": values["return_url"],
            "url": "https://billing.stripe.com/p/session/1",
        }


def _public(thing: Thing) -> Thing:
    return deepcopy({name: value for name, value in thing.items() if not name.startswith("_")})


def _list(found: list[Thing], *, more: bool, url: str) -> Thing:
    data = [_public(thing) for thing in found]
    return {"object": "list", "url": url, "has_more": more, "data": data}
