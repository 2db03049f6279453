"""Rows of buying: orders, what was paid for them, what was given back, subscriptions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class Order(Base):
    """Somebody wants to buy something. Terms and price are those of the moment it was made.

    `kind`: membership, question, gift. `gateway`: demo, stripe, transfer. `state` follows R6
    (`billing.states`). `provider_ref` is the checkout session, `subscription_ref` its subscription.
    `ticket` numbers the fetches, `applied_ticket` is the newest one applied and `applied_print`
    the fingerprint of what it found. `pricing`: join,
    early, grace, late. `account` is the provider's connected account, "" for the platform's own.
    `wish` is what the provider was asked for, so that a retry is identical (R5). `source` is where
    the buyer came from; `memo` what he wrote with a transfer. `paid_at` is when it was settled, with or
    without money. `refund_until`: the end of the buyer's own right to a refund of its newest payment,
    None before there is one. `parted_at`: when its buyer left, was removed or closed the account (R25).
    `asked_at`: when the provider was last asked about it; `returned_at`: when its buyer came back from
    there for the first time.
    """

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_planet_id_created_at", "planet_id", "created_at"),
        Index("ix_orders_user_id_planet_id", "user_id", "planet_id"),
        Index("ix_orders_plan_id_state", "plan_id", "state"),
        Index("ix_orders_state", "state"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(10), default="membership")
    plan_id: Mapped[int | None] = mapped_column(Id, ForeignKey("plans.id"))
    plan_version_id: Mapped[int | None] = mapped_column(Id, ForeignKey("plan_versions.id"))
    gateway: Mapped[str] = mapped_column(String(8))
    environment: Mapped[str] = mapped_column(String(4))
    account: Mapped[str] = mapped_column(String(40), default="")
    mode: Mapped[str] = mapped_column(String(12), default="pass")
    title: Mapped[str] = mapped_column(String(200))
    amount: Mapped[int]
    list_amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    pricing: Mapped[str] = mapped_column(String(6), default="join")
    trial_days: Mapped[int] = mapped_column(default=0)
    coupon_id: Mapped[int | None] = mapped_column(Id, ForeignKey("coupons.id"))
    coupon: Mapped[str] = mapped_column(String(30), default="")
    source: Mapped[str] = mapped_column(String(40), default="")
    memo: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(20), default="open")
    provider_ref: Mapped[str | None] = mapped_column(String(100), unique=True)
    provider_url: Mapped[str] = mapped_column(Text, default="")
    subscription_ref: Mapped[str | None] = mapped_column(String(100), unique=True)
    wish: Mapped[dict[str, Any]] = mapped_column(default=dict)
    expires_at: Mapped[datetime | None]
    ticket: Mapped[int] = mapped_column(default=0)
    applied_ticket: Mapped[int] = mapped_column(default=0)
    applied_print: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    refund_until: Mapped[datetime | None]
    parted_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]


class Subscription(Base):
    """A provider's subscription behind an order, as of the last sync (R12 to R15).

    `held`: the provider charges nothing, because the planet is paused; `charges_at` is
    where the next charge was moved to after a pause, None when it never was.

    `end_wanted`: "", now or at_end, asked for at `end_asked_at`; the provider is told until it says so
    itself (R25), `end_tries` times so far, the last time in vain because of `end_error`.
    """

    __tablename__ = "subscriptions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("orders.id"), unique=True)
    provider_ref: Mapped[str] = mapped_column(String(100), unique=True)
    status: Mapped[str] = mapped_column(String(20))
    cancel_at: Mapped[datetime | None]
    cancel_at_period_end: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]
    held: Mapped[bool] = mapped_column(default=False)
    charges_at: Mapped[datetime | None]
    end_wanted: Mapped[str] = mapped_column(String(6), default="")
    end_asked_at: Mapped[datetime | None]
    end_tries: Mapped[int] = mapped_column(default=0)
    end_error: Mapped[str] = mapped_column(Text, default="")
    synced_at: Mapped[datetime]


class Payment(Base):
    """A charge, in absolute values, overwritten by each sync. `dispute`: the provider's word or "";
    `dispute_amount` was taken back meanwhile (0: what was not refunded), `dispute_fee` is its cost,
    `dispute_answer_by` until when evidence may be sent.

    `tax` is the part of `amount` that goes to a tax office, `method` how it was paid
    (`gateway.Charge`).

    `entitlement_ref` is (source, ref) of what it paid for, as `source:ref`. `platform_percent` is
    the installation's share, kept by the first booking (None until then). `paid_at` is when the money came
    (R29); `refund_until` the end of the buyer's own right to have it back (R28), None without one.
    """

    __tablename__ = "payments"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("orders.id"), index=True)
    provider_ref: Mapped[str] = mapped_column(String(100), unique=True)
    invoice_ref: Mapped[str] = mapped_column(String(100), default="", index=True)
    receipt_url: Mapped[str] = mapped_column(Text, default="")
    amount: Mapped[int]
    refunded: Mapped[int] = mapped_column(default=0)
    fee: Mapped[int] = mapped_column(default=0)
    tax: Mapped[int] = mapped_column(default=0)
    method: Mapped[str] = mapped_column(String(40), default="")
    currency: Mapped[str] = mapped_column(String(3))
    dispute: Mapped[str] = mapped_column(String(30), default="")
    dispute_ref: Mapped[str] = mapped_column(String(100), default="")
    dispute_amount: Mapped[int] = mapped_column(default=0)
    dispute_fee: Mapped[int] = mapped_column(default=0)
    dispute_at: Mapped[datetime | None]
    dispute_answer_by: Mapped[datetime | None]
    platform_percent: Mapped[int | None]
    entitlement_ref: Mapped[str] = mapped_column(String(110), default="")
    paid_at: Mapped[datetime] = mapped_column(index=True)
    refund_until: Mapped[datetime | None]


class Refund(Base):
    """A refund that was asked for. `token` is the form's one-time key and the idempotency key (R18).

    `ends`: now, at_end, or keep (access stays). `state`: asked, pending, succeeded, failed.
    """

    __tablename__ = "refunds"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("orders.id"), index=True)
    payment_id: Mapped[int] = mapped_column(Id, ForeignKey("payments.id"), index=True)
    token: Mapped[str] = mapped_column(String(64), unique=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    ends: Mapped[str] = mapped_column(String(6), default="now")
    reason: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[str] = mapped_column(String(10), default="asked")
    provider_ref: Mapped[str | None] = mapped_column(String(100), unique=True)
    asked_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    asked_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class OrderChange(Base):
    """What happened to an order: for the timeline, and for what reconciliation changed.

    `cause`: checkout, webhook, return, job, reconcile, staff, buyer. Rows are only added.
    """

    __tablename__ = "order_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("orders.id"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    cause: Mapped[str] = mapped_column(String(10))
    what: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
