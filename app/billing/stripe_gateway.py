"""Stripe behind the port: the only place that speaks to it.

Facts come from its API by id and never from metadata (R4). Its objects may be long lists or ids of
others; what is read here is what the pinned version of its API sends (docs/adr/0008-stripe.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import stripe
from stripe.params import EventListParams, PayoutListParams
from stripe.params.checkout import SessionCreateParams, SessionListParams

from app.billing import stripe_customers as customers
from app.billing import stripe_events as events
from app.billing import stripe_facts as facts
from app.billing import stripe_health as health
from app.billing import stripe_wishes as wishes
from app.billing.fetching import Answers, Page, fetch_listed
from app.billing.gateway import (
    NOTHING_KNOWN,
    UNKNOWN,
    BadWebhook,
    Charge,
    Checkout,
    CheckoutFact,
    CheckoutWish,
    GatewayError,
    Health,
    Known,
    PayoutFact,
    Poke,
    RefundFact,
)
from app.billing.stripe_calls import Options
from app.billing.stripe_calls import asking as _asking
from app.billing.stripe_calls import options_of as _options
from app.billing.stripe_invoices import CHARGE_PARTS, InvoiceReader
from app.billing.stripe_patience import PatientClient
from app.billing.stripe_subscriptions import SubscriptionDeeds
from app.billing.stripe_tracing import CheckoutTracer
from app.kernel import clock

RETRIES = 2
SHORTEST = timedelta(minutes=30)
# What a checkout is fetched with; in a list it may not lie deeper.
SESSION_PARTS = (
    *(f"payment_intent.latest_charge.{part}" for part in CHARGE_PARTS),
    "subscription",
)
PAGE = wishes.PAGE
CLOCKS_DIFFER = timedelta(hours=1)


class StripeGateway:
    """Stripe as a `Gateway`. `webhook_url` is where its events come in, for `examine` alone.

    `http_client` replaces the network in tests.
    """

    name = "stripe"

    def __init__(
        self,
        key: str,
        secrets: tuple[str, ...],
        *,
        environment: str,
        webhook_url: str,
        automatic_tax: bool = False,
        calls_at_once: int = 2,
        http_client: stripe.HTTPClient | None = None,
    ) -> None:
        # It would write a file into the home directory and measure us.
        stripe.enable_telemetry = False
        self.environment = environment
        self._secrets = secrets
        self._webhook_url = webhook_url
        self._automatic_tax = automatic_tax
        self._api = stripe.StripeClient(
            key,
            max_network_retries=RETRIES,
            http_client=http_client or PatientClient(at_once=calls_at_once),
        ).v1
        self._tracer = CheckoutTracer(self._api)
        self._subscriptions = SubscriptionDeeds(self._api)

    # Buying

    def open_checkout(self, wish: CheckoutWish) -> Checkout:
        """Open a checkout; the same wish again is answered with the same one (R5)."""
        with _asking():
            try:
                session = self._begin(wish, wish.order_ref)
            except stripe.InvalidRequestError as error:
                if error.param != "customer" or error.code != "resource_missing":
                    raise
                # Deleted at Stripe: it makes another one. The first key may keep the refusal.
                session = self._begin(replace(wish, customer_ref=""), f"{wish.order_ref}-anew")
        return Checkout(session.id, session.url or "", facts.moment(session.expires_at))

    def _begin(self, wish: CheckoutWish, key: str) -> stripe.checkout.Session:
        asked = cast(SessionCreateParams, wishes.checkout(wish, automatic_tax=self._automatic_tax))
        sessions = self._api.checkout.sessions
        if wish.off:
            off = cast(Any, wishes.coupon(wish))
            made = self._api.coupons.create(off, _options(wish.account, f"{wish.order_ref}-coupon"))
            asked["discounts"] = [{"coupon": made.id}]
        try:
            return sessions.create(asked, _options(wish.account, key))
        except stripe.InvalidRequestError as error:
            if error.param != "expires_at":
                raise
            # The time was counted from the click, and Stripe was out of reach meanwhile. Nothing
            # was opened under this key, else that would have been the answer.
            asked["expires_at"] = wishes.seconds(clock.now() + SHORTEST)
            return sessions.create(asked, _options(wish.account))

    def close_checkout(self, ref: str, *, account: str) -> None:
        """Let an open checkout expire now; one that is over stays as it is."""
        with _asking():
            try:
                self._api.checkout.sessions.expire(ref, {}, _options(account))
            except stripe.InvalidRequestError:
                session = self._api.checkout.sessions.retrieve(ref, {}, _options(account))
                if session.status == "open":
                    raise

    # What is true now

    def fetch(self, ref: str, *, account: str, known: Known = UNKNOWN) -> CheckoutFact:
        """Return all that is true now of the checkout."""
        options = _options(account)
        with _asking():
            if known.begun is not None:
                told = self._invoices(options).read_whole(known.subscription, known.settled)
                if told is not None:
                    return replace(known.begun, subscription=told)
            session = self._api.checkout.sessions.retrieve(
                ref, {"expand": list(SESSION_PARTS)}, options
            )
            return self._fact(session, options, known)

    def fetch_many(
        self,
        refs: Collection[str],
        *,
        account: str,
        since: datetime,
        known: Mapping[str, Known] = NOTHING_KNOWN,
    ) -> Iterator[Answers]:
        """Yield what the API says under this account of each reference that we know (R4)."""
        options = _options(account)
        return fetch_listed(
            refs,
            partial(self._page, since=since - CLOCKS_DIFFER, options=options, known=known),
            lambda ref: self.fetch(ref, account=account, known=known.get(ref, UNKNOWN)),
        )

    def _page(
        self,
        last: str,
        sought: Collection[str],
        *,
        since: datetime,
        options: Options,
        known: Mapping[str, Known],
    ) -> Page:
        asked = cast(SessionListParams, wishes.page(last, since=since, parts=SESSION_PARTS))
        with _asking():
            page = self._api.checkout.sessions.list(asked, options)
        answers = {
            session.id: self._fact_or_error(session, options, known.get(session.id, UNKNOWN))
            for session in page.data
            if session.id in sought
        }
        return Page(answers, page.data[-1].id if page.has_more else "")

    def _fact_or_error(
        self, session: stripe.checkout.Session, options: Options, known: Known
    ) -> CheckoutFact | GatewayError:
        try:
            with _asking():
                return self._fact(session, options, known)
        except GatewayError as error:
            return error

    def _fact(
        self, session: stripe.checkout.Session, options: Options, known: Known
    ) -> CheckoutFact:
        """Return the fact of a session that came with its parts."""
        found, subscription = session.subscription, None
        if isinstance(found, stripe.Subscription):
            invoices = self._invoices(options).read(found, known.settled)
            subscription = facts.subscription(found, invoices)
        return facts.checkout(
            session,
            charge=self._charge(
                session.payment_intent, options, tax=facts.tax_of_checkout(session)
            ),
            subscription=subscription,
        )

    def _invoices(self, options: Options) -> InvoiceReader:
        return InvoiceReader(
            self._api, options, _asking, lambda charge, tax: self._paid(charge, options, tax=tax)
        )

    def _charge(self, intent: object, options: Options, *, tax: int) -> Charge | None:
        """Return what a payment intent, in full, brought in; `tax` is the part of a tax office."""
        if not isinstance(intent, stripe.PaymentIntent):
            return None
        return self._paid(intent.latest_charge, options, tax=tax)

    def _paid(self, charge: object, options: Options, *, tax: int) -> Charge | None:
        """Return what a charge, in full, brought in; None when it brought nothing."""
        if not isinstance(charge, stripe.Charge) or not facts.is_paid(charge):
            return None
        refunds = charge.refunds
        if refunds is None or refunds.has_more:
            refunds = self._api.refunds.list({"charge": charge.id, "limit": PAGE}, options)
        disputes: list[stripe.Dispute] = []
        if charge.disputed:
            listed = self._api.disputes.list({"charge": charge.id, "limit": PAGE}, options)
            disputes = list(listed.auto_paging_iter())
        return facts.charge(charge, refunds=refunds.auto_paging_iter(), disputes=disputes, tax=tax)

    def find_checkout(self, poke: Poke) -> str:
        """Return which checkout an event is about, "" when none that could be ours (R4)."""
        with _asking():
            try:
                return self._tracer.find_checkout(poke.object_ref, _options(poke.account))
            except (stripe.InvalidRequestError, stripe.PermissionError) as error:
                # Gone, or of an account that we no longer serve.
                if error.http_status in (403, 404):
                    return ""
                raise

    # Changing what is there

    def refund(self, charge_ref: str, *, account: str, amount: int, token: str) -> RefundFact:
        """Give money back; the same token again is the same refund (R18)."""
        with _asking():
            refund = self._api.refunds.create(
                {"charge": charge_ref, "amount": amount}, _options(account, token)
            )
        return facts.refund(refund)

    def end_subscription(self, ref: str, *, account: str, when: str) -> None:
        """Cancel: `now`, or `at_end` of the period that is paid. One that has ended stays so."""
        with _asking():
            self._subscriptions.end(ref, _options(account), when=when)

    def resume_subscription(self, ref: str, *, account: str) -> None:
        """Take a cancellation back, whichever of the two ways it was made (R13)."""
        with _asking():
            self._subscriptions.resume(ref, _options(account))

    def hold_charges(self, ref: str, *, account: str) -> None:
        """Charge no more until `release_charges`: invoices that fall due meanwhile are void."""
        with _asking():
            self._subscriptions.hold(ref, _options(account))

    def release_charges(self, ref: str, *, account: str, next_at: datetime | None) -> None:
        """Charge again, next at a moment where one is given."""
        with _asking():
            self._subscriptions.release(ref, _options(account), next_at=next_at)

    def portal_url(self, customer_ref: str, *, account: str, return_url: str) -> str:
        """Return the page where the customer changes his card; "" for somebody Stripe does not know."""
        if not customer_ref:
            return ""
        with _asking():
            session = self._api.billing_portal.sessions.create(
                {"customer": customer_ref, "return_url": return_url}, _options(account)
            )
        return session.url

    def forget_customer(self, ref: str, *, account: str) -> None:
        """Delete a customer; Stripe keeps the payments."""
        with _asking():
            customers.forget(self._api, ref, _options(account))

    # Events

    def read_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Poke:
        """Verify and read a webhook. BadWebhook when anything about it is wrong (R1, R2)."""
        poke = events.verified(body, headers, now=now, is_signed=self._is_signed)
        if poke.live != (self.environment == "live"):
            raise BadWebhook("an event of another environment")
        return poke

    def _is_signed(self, text: str, signature: str) -> bool:
        for secret in self._secrets:
            with suppress(stripe.SignatureVerificationError):
                if stripe.WebhookSignature.verify_header(text, signature, secret, tolerance=None):
                    return True
        return False

    def events_since(self, cursor: str, *, account: str) -> Iterator[Poke]:
        """Yield events after the one of this reference, oldest first; "" for all that Stripe keeps.

        It keeps them for 30 days; a cursor older than that is as good as none.
        """
        options = _options(account)
        asked = {"types": list(events.EVENTS), "limit": PAGE}
        with _asking():
            newer = self._after(cursor, asked, options) if cursor else None
            if newer is not None:
                # From the cursor on, page by page, each turned round by the library.
                for event in newer.auto_paging_iter():
                    yield events.poke_of(event, account)
                return
            every = self._api.events.list(cast(EventListParams, asked), options)
            kept = [events.poke_of(event, account) for event in every.auto_paging_iter()]
        yield from reversed(kept)

    def _after(
        self, cursor: str, asked: dict[str, object], options: Options
    ) -> stripe.ListObject[stripe.Event] | None:
        """Return the events after the cursor; None when Stripe has forgotten it."""
        try:
            return self._api.events.list(
                cast(EventListParams, asked | {"ending_before": cursor}), options
            )
        except stripe.InvalidRequestError as error:
            if error.http_status == 404 or error.code == "resource_missing":
                return None
            raise

    def page_url(self, ref: str, *, account: str) -> str:
        """Return the dashboard's page of a charge or a subscription."""
        return facts.page_of(ref, account=account, environment=self.environment)

    # The money that lies there

    def payouts_since(self, since: datetime | None, *, account: str) -> Iterator[PayoutFact]:
        """Yield payouts to the bank that were made since a moment, the newest first."""
        asked: PayoutListParams = {"limit": PAGE}
        if since is not None:
            asked["created"] = {"gte": wishes.seconds(since)}
        with _asking():
            for payout in self._api.payouts.list(asked, _options(account)).auto_paging_iter():
                yield facts.payout(payout)

    def balance(self, *, account: str) -> Mapping[str, int]:
        """Return what lies at Stripe by currency, available and pending."""
        with _asking():
            return facts.balance(self._api.balance.retrieve({}, _options(account)))

    # Is it well?

    def examine(self, *, now: datetime) -> list[Health]:
        """Return how well key, environment, webhook secret and clock fit together."""
        unsigned = [] if self._secrets else [health.unsigned(self._webhook_url)]
        try:
            with _asking():
                balance = self._api.balance.retrieve({}, {})
        except GatewayError as error:
            return [health.no_answer(error), *unsigned]
        answer = balance.last_response
        try:
            with _asking():
                found = list(self._api.webhook_endpoints.list({"limit": PAGE}).auto_paging_iter())
            endpoint = health.endpoint(self._webhook_url, found, secrets=len(self._secrets))
        except GatewayError as error:
            endpoint = health.unlisted(self._webhook_url, error)
        return [
            Health("key", True, "Stripe answers this key"),
            health.environment(self.environment, live=balance.livemode),
            health.clock(answer.headers if answer else {}, now),
            endpoint,
            *unsigned,
        ]
