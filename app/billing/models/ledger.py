"""The ledger: double entry, only ever added to. A trigger refuses UPDATE and DELETE."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class LedgerTransaction(Base):
    """A booking whose entries sum to 0 per currency. UNIQUE(source, source_ref): once per fact.

    `kind`: payment, fee, refund, refund_failed, adjustment, dispute, dispute_won, dispute_lost,
    dispute_fee, tax, platform_fee, share, payout, settlement, owed (said later, of what was booked
    before the installation owed its owners).
    """

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        UniqueConstraint("source", "source_ref"),
        Index("ix_ledger_transactions_planet_id_at", "planet_id", "at"),
        Index("ix_ledger_transactions_planet_id_id", "planet_id", "id"),
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

    A debit is above 0. `account`: provider (money at the provider), bank (transfers), income, fees,
    disputes (taken back while one is open), tax (owed to a tax office), platform, payable:<user id>,
    paid_out (by the owner himself, of what was payable), owed (to the planet's owner by the
    installation), earned (what `owed` comes from), site (paid by the installation's own bank).
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


class IncomeShare(Base):
    """A person's part of what a plan, or questions put to him (`plan_id` None), bring in: whole
    percent of what was not given back. Never changed, only ended: what was paid meanwhile keeps it.
    """

    __tablename__ = "income_shares"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), index=True)
    plan_id: Mapped[int | None] = mapped_column(Id, ForeignKey("plans.id"))
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    percent: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]
