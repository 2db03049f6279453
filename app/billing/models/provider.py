"""Rows about the provider: the installation's environment, customers, webhooks, the demo's checkouts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id


class Installation(Base):
    """The one row that says for ever what kind of money this database deals in: demo, test, live."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    environment: Mapped[str] = mapped_column(String(4))
    chosen_at: Mapped[datetime]


class Customer(Base):
    """A person as the provider knows them. `forget_asked_at`: when the provider was to be told that their
    account is closed."""

    __tablename__ = "customers"
    __table_args__ = (UniqueConstraint("user_id", "environment", "account"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    environment: Mapped[str] = mapped_column(String(4))
    account: Mapped[str] = mapped_column(String(40), default="")
    provider_ref: Mapped[str] = mapped_column(String(100), unique=True)
    forget_asked_at: Mapped[datetime | None]


class WebhookEvent(Base):
    """A verified poke, stored once. `state`: new, done, failed. Bodies are kept for 90 days. `related`:
    references of other things of the provider's that its object names."""

    __tablename__ = "webhook_events"
    __table_args__ = (Index("ix_webhook_events_state_received_at", "state", "received_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    provider_ref: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(80))
    account: Mapped[str] = mapped_column(String(40), default="")
    object_ref: Mapped[str] = mapped_column(String(100), default="")
    related: Mapped[list[Any]] = mapped_column(default=list)
    planet_id: Mapped[int | None] = mapped_column(Id, ForeignKey("planets.id"))
    state: Mapped[str] = mapped_column(String(6), default="new")
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class ProviderCursor(Base):
    """How far the provider's list of events was read, per account."""

    __tablename__ = "provider_cursors"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    event_ref: Mapped[str] = mapped_column(String(100), default="")
    read_at: Mapped[datetime]


class ProviderPayout(Base):
    """Money that the provider sent to the bank of whoever keeps the installation, as of the last look.

    `status` is the provider's word; what failed or was canceled came back. `at` is when it left.
    """

    __tablename__ = "provider_payouts"

    ref: Mapped[str] = mapped_column(String(100), primary_key=True)
    gateway: Mapped[str] = mapped_column(String(8))
    account: Mapped[str] = mapped_column(String(40), default="")
    environment: Mapped[str] = mapped_column(String(4))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]


class DemoCheckout(Base):
    """The demo gateway's own memory of a checkout: what a real provider would keep."""

    __tablename__ = "demo_checkouts"

    ref: Mapped[str] = mapped_column(String(40), primary_key=True)
    order_ref: Mapped[str] = mapped_column(String(16), unique=True)
    state: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Transfer(Base):
    """A payment by hand: what the gateway `transfer` knows of it. `state`: open, stated, paid,
    declined, closed. `refunds` are facts that staff gave, oldest first."""

    __tablename__ = "transfers"

    ref: Mapped[str] = mapped_column(String(40), primary_key=True)
    order_ref: Mapped[str] = mapped_column(String(16), unique=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(8), default="open")
    refunds: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(String(300), default="")
