"""What happened in billing, as told to handlers: ids only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.outbox.events import Event


@dataclass(frozen=True, slots=True)
class WebhookReceived(Event):
    """The provider told of something; the handler asks what is true now."""

    name: ClassVar[str] = "billing.webhook_received"
    event_id: int


@dataclass(frozen=True, slots=True)
class RefundAsked(Event):
    """A refund stands in its row; the handler asks the provider for it."""

    name: ClassVar[str] = "billing.refund_asked"
    refund_id: int


@dataclass(frozen=True, slots=True)
class SubscriptionEndAsked(Event):
    """A subscription is to end; the handler tells the provider. `when`: now, at_end."""

    name: ClassVar[str] = "billing.subscription_end_asked"
    order_id: int
    when: str


@dataclass(frozen=True, slots=True)
class SubscriptionNeedless(Event):
    """A subscription ends because its buyer has a role that costs nothing: they are told."""

    name: ClassVar[str] = "billing.subscription_needless"
    order_id: int


@dataclass(frozen=True, slots=True)
class CheckoutCloseAsked(Event):
    """The buyer of an open order is gone, or needs it no more: its checkout is to be closed at the
    provider."""

    name: ClassVar[str] = "billing.checkout_close_asked"
    order_id: int


@dataclass(frozen=True, slots=True)
class CustomerForgetAsked(Event):
    """Somebody whose account closed is nobody's customer any more: the provider is to delete what it keeps
    of them."""

    name: ClassVar[str] = "billing.customer_forget_asked"
    customer_id: int


@dataclass(frozen=True, slots=True)
class PauseFelt(Event):
    """A planet was paused or goes on: the charges of a subscription are to follow it."""

    name: ClassVar[str] = "billing.pause_felt"
    order_id: int


@dataclass(frozen=True, slots=True)
class PauseMeetsCheckout(Event):
    """A planet was paused while an order is open: its checkout is to be closed at the provider."""

    name: ClassVar[str] = "billing.pause_meets_checkout"
    order_id: int


@dataclass(frozen=True, slots=True)
class OrderSettled(Event):
    """An order came into another state: paid, refunded, disputed, failed …"""

    name: ClassVar[str] = "billing.order_settled"
    order_id: int
    state: str


@dataclass(frozen=True, slots=True)
class TransferStated(Event):
    """A buyer says that he has transferred: staff look into the bank."""

    name: ClassVar[str] = "billing.transfer_stated"
    order_id: int


@dataclass(frozen=True, slots=True)
class AccessOffered(Event):
    """Complimentary access waits for whoever owns an address: a mail goes there."""

    name: ClassVar[str] = "billing.access_offered"
    offer_id: int


@dataclass(frozen=True, slots=True)
class SeatFreed(Event):
    """A seat of a plan may be free again: who waits is told."""

    name: ClassVar[str] = "billing.seat_freed"
    plan_id: int


@dataclass(frozen=True, slots=True)
class SeatOffered(Event):
    """Somebody who waited for a seat of a sold-out plan is to hear that one is free."""

    name: ClassVar[str] = "billing.seat_offered"
    wish_id: int


@dataclass(frozen=True, slots=True)
class ReceiptAsked(Event):
    """A buyer's receipt is to be sent again. `token` names this wish: twice is once."""

    name: ClassVar[str] = "billing.receipt_asked"
    order_id: int
    token: str


@dataclass(frozen=True, slots=True)
class PaymentArrived(Event):
    """Money came in that was not known before: the buyer is told, with the receipt."""

    name: ClassVar[str] = "billing.payment_arrived"
    payment_id: int


@dataclass(frozen=True, slots=True)
class RefundSettled(Event):
    """The provider gave money back, or could not."""

    name: ClassVar[str] = "billing.refund_settled"
    refund_id: int


@dataclass(frozen=True, slots=True)
class DisputeMoved(Event):
    """A payment's dispute was opened, asks for something else, or is over."""

    name: ClassVar[str] = "billing.dispute_moved"
    payment_id: int


@dataclass(frozen=True, slots=True)
class ChargeFailed(Event):
    """A subscription's charge failed; the provider tries again for some days."""

    name: ClassVar[str] = "billing.charge_failed"
    order_id: int


@dataclass(frozen=True, slots=True)
class TermReminded(Event):
    """A member is to hear that his time ends soon, or has ended."""

    name: ClassVar[str] = "billing.term_reminded"
    reminder_id: int
