"""The port to a payment provider: what billing asks of it, and what it hears.

Stripe and the demo speak through it alike. Amounts are integer minor units as the provider has them,
currencies in capitals, times aware UTC. A gateway holds no state of ours and writes none of our rows
but its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol


class GatewayError(Exception):
    """The provider refused or did not answer; nothing of ours has changed. `retry`: worth another try.

    The message is for staff and logs; it holds no secret.
    """

    def __init__(self, message: str, *, retry: bool = True) -> None:
        super().__init__(message)
        self.retry = retry


class BadWebhook(Exception):
    """A webhook that is not to be believed or cannot be read: answered 400, nothing stored (R1, R2)."""


@dataclass(frozen=True, slots=True)
class CheckoutWish:
    """What a buyer is to be asked for. `order_ref` is the idempotency key (R5): the same wish again
    opens the same checkout. `interval`: "" for a pass, month or year for a subscription, of whose first
    payments `off` is taken: `off_duration` once, repeating (for `off_months`), forever (R31)."""

    order_ref: str
    account: str
    title: str
    amount: int
    currency: str
    interval: str
    interval_count: int
    trial_days: int
    expires_at: datetime | None
    success_url: str
    cancel_url: str
    email: str
    customer_ref: str
    language: str
    off: int = 0
    off_duration: str = ""
    off_months: int = 0


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout that was opened: its reference and the page where one pays."""

    ref: str
    url: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefundFact:
    """A refund as the provider knows it. `status`: pending, succeeded, failed, canceled."""

    ref: str
    amount: int
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DisputeFact:
    """A dispute. `status` is the provider's word: needs_response, under_review, warning_…, won, lost.
    `amount` was taken back meanwhile, `fee` is what the dispute cost; `answer_by` is until when
    evidence may be sent, None when none is asked for."""

    ref: str
    amount: int
    status: str
    at: datetime
    fee: int = 0
    answer_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that came in, in absolute values of now. `refunded` counts refunds that did not fail;
    `tax` is the part of `amount` that the provider collected for a tax office; `method` is how it was
    paid: the provider's word, for cards as `card:<brand>:<last four>`."""

    ref: str
    amount: int
    currency: str
    paid_at: datetime
    refunded: int = 0
    fee: int = 0
    tax: int = 0
    method: str = ""
    receipt_url: str = ""
    refunds: tuple[RefundFact, ...] = ()
    dispute: DisputeFact | None = None


@dataclass(frozen=True, slots=True)
class Invoice:
    """A paid invoice of a subscription: its period is that of the subscription's line (R12)."""

    ref: str
    starts: datetime
    ends: datetime
    amount: int
    currency: str
    charge: Charge | None


@dataclass(frozen=True, slots=True)
class SubscriptionFact:
    """A subscription as it is now. `status`: trialing, active, past_due, unpaid, paused, incomplete,
    incomplete_expired, canceled. `held`: it charges nothing, as `hold_charges` has it."""

    ref: str
    status: str
    cancel_at_period_end: bool
    cancel_at: datetime | None
    ended_at: datetime | None
    trial_end: datetime | None
    invoices: tuple[Invoice, ...] = ()
    held: bool = False


@dataclass(frozen=True, slots=True)
class CheckoutFact:
    """All that is true now of a checkout and of what came of it: what `sync` applies.

    `status`: open, complete, expired. `paid`: `payment_status` is paid or no_payment_required.
    `failed`: a delayed payment did not come (R8). `charge` is a pass's; a subscription's stand with
    its invoices.
    """

    ref: str
    status: str
    paid: bool
    failed: bool
    amount: int
    currency: str
    customer_ref: str = ""
    charge: Charge | None = None
    subscription: SubscriptionFact | None = None


@dataclass(frozen=True, slots=True)
class Poke:
    """Something happened to an object: which event, of what kind, and which checkout it is about.

    `related` are references that the object names: what belongs to it, by which our own rows may know it.
    Else the checkout is found by asking the provider (R4).
    """

    event_ref: str
    kind: str
    account: str
    object_ref: str
    live: bool
    created: datetime
    body: str = ""
    related: tuple[str, ...] = ()

    @property
    def refs(self) -> tuple[str, ...]:
        """By what our rows may know it: the object, then what belongs to it."""
        return tuple(ref for ref in (self.object_ref, *self.related) if ref)


@dataclass(frozen=True, slots=True)
class PayoutFact:
    """Money that the provider sent to the bank of whoever holds the account. `status`: pending,
    in_transit, paid, failed, canceled; below 0 when it was taken from that bank instead."""

    ref: str
    amount: int
    currency: str
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """What `payments doctor` found: name of the check, whether it is well, what to do."""

    name: str
    well: bool
    told: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What our own rows know of a checkout that changes no more, so that work does not grow with age.

    `begun`: the checkout that began the subscription `subscription`, all of it but that. `settled`:
    invoices of it about which nothing changes any more, the oldest first.
    """

    begun: CheckoutFact | None = None
    subscription: str = ""
    settled: Sequence[Invoice] = ()


UNKNOWN = Known()
NOTHING_KNOWN: Mapping[str, Known] = MappingProxyType({})


class Gateway(Protocol):
    """A payment provider. Every method may raise GatewayError; none may be called while the caller
    holds a unit of work (no database lock is held across a call to a provider)."""

    name: str
    environment: str

    def open_checkout(self, wish: CheckoutWish) -> Checkout:
        """Open a checkout, or return the one that this wish opened before."""
        ...

    def close_checkout(self, ref: str, *, account: str) -> None:
        """Let an open checkout expire now; nothing happens when it is complete or expired."""
        ...

    def fetch(self, ref: str, *, account: str, known: Known = UNKNOWN) -> CheckoutFact:
        """Return all that is true now of the checkout; what is `known` need not be asked (R33)."""
        ...

    def fetch_many(
        self,
        refs: Collection[str],
        *,
        account: str,
        since: datetime,
        known: Mapping[str, Known] = NOTHING_KNOWN,
    ) -> Iterator[dict[str, CheckoutFact | GatewayError]]:
        """Yield what is true now of each checkout, or what was wrong with it, some at a time; none is
        older than `since`. `known` as for `fetch`, by reference. The caller may take its time between:
        what comes next is asked then."""
        ...

    def find_checkout(self, poke: Poke) -> str:
        """Return which checkout an event is about, "" when none that could be ours (R4)."""
        ...

    def refund(self, charge_ref: str, *, account: str, amount: int, token: str) -> RefundFact:
        """Give money back; the same token again is the same refund (R18)."""
        ...

    def end_subscription(self, ref: str, *, account: str, when: str) -> None:
        """Cancel: `now`, or `at_end` of the period that is paid."""
        ...

    def resume_subscription(self, ref: str, *, account: str) -> None:
        """Take a cancellation at the period's end back."""
        ...

    def hold_charges(self, ref: str, *, account: str) -> None:
        """Charge a subscription no more until `release_charges`; again changes nothing."""
        ...

    def release_charges(self, ref: str, *, account: str, next_at: datetime | None) -> None:
        """Charge a subscription again, the next time at `next_at` (None: as its periods go); again
        changes nothing."""
        ...

    def portal_url(self, customer_ref: str, *, account: str, return_url: str) -> str:
        """Return the page where the customer changes his card; "" when the provider has none."""
        ...

    def forget_customer(self, ref: str, *, account: str) -> None:
        """Delete what is kept of a customer beyond the books: name, address, cards. What was paid can be
        given back afterwards as before; subscriptions have to be over, else they end. Who is gone, or
        was never known, stays so."""
        ...

    def read_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Poke:
        """Verify and read a webhook. BadWebhook when anything about it is wrong (R1, R2)."""
        ...

    def events_since(self, cursor: str, *, account: str) -> Iterator[Poke]:
        """Yield events after the one of this reference, oldest first; "" for all the provider keeps."""
        ...

    def page_url(self, ref: str, *, account: str) -> str:
        """Return the provider's own page, for staff, of a charge or a subscription; "" without one."""
        ...

    def payouts_since(self, since: datetime | None, *, account: str) -> Iterator[PayoutFact]:
        """Yield what was sent to the bank since a moment, None for always; nothing when the provider
        holds no money."""
        ...

    def balance(self, *, account: str) -> Mapping[str, int] | None:
        """Return what lies at the provider by currency, on its way included; None when it holds no
        money."""
        ...

    def examine(self, *, now: datetime) -> list[Health]:
        """Return how well key, environment, webhook secret and clock fit together."""
        ...


def fetch_each(
    gateway: Gateway, refs: Iterable[str], *, account: str
) -> Iterator[dict[str, CheckoutFact | GatewayError]]:
    """Fetch one checkout after the other: a gateway's `fetch_many` where nothing else is cheaper."""
    for ref in refs:
        try:
            yield {ref: gateway.fetch(ref, account=account)}
        except GatewayError as error:
            yield {ref: error}


@dataclass
class Gateways:
    """The gateways of an installation, filled by the factory. `default` is where checkouts open."""

    by_name: dict[str, Gateway] = field(default_factory=dict)
    default: str = "demo"
    environment: str = "demo"

    @property
    def by_hand(self) -> bool:
        """Whether there is no provider: one pays by transfer alone, and nothing is charged by itself."""
        return self.default == "transfer"

    def of(self, name: str) -> Gateway:
        """Return a gateway by the name that orders carry; GatewayError when it is not set up."""
        found = self.by_name.get(name)
        if found is None:
            raise GatewayError(f"the payment provider {name!r} is not set up here", retry=False)
        return found


gateways = Gateways()
