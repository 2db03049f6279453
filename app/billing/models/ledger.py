"""The ledger: double entry, only ever added to. A trigger refuses UPDATE and DELETE."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id


class LedgerTransaction(Base):
    """A booking whose entries sum to 0 per currency. UNIQUE(source, source_ref): once per fact.

    `kind`: payment, fee, refund, refund_failed, dispute, dispute_won, platform_fee, share, …
    """

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        UniqueConstraint("source", "source_ref"),
        Index("ix_ledger_transactions_planet_id_at", "planet_id", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    order_id: Mapped[int | None] = mapped_column(Id, ForeignKey("orders.id"), index=True)
    environment: Mapped[str] = mapped_column(String(4))
    kind: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(20))
    source_ref: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
    booked_at: Mapped[datetime]


class LedgerEntry(Base):
    """One side of a booking: a signed amount in minor units on an account.

    `account`: provider (money at the provider), income, fees, platform, payable:<user id>.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_account", "account"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    transaction_id: Mapped[int] = mapped_column(
        Id, ForeignKey("ledger_transactions.id"), index=True
    )
    account: Mapped[str] = mapped_column(String(40))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
