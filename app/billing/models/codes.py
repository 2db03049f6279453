"""Rows of access that nobody pays for here and now: codes (stored hashed), offers by address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class CodeBatch(Base):
    """Codes made together. `days` of membership each, of `plan_id`'s seats where one is named.

    `uses` is how often each code may be used, by different people. `order_id`: bought as a gift.
    `seed` is what the codes are derived from, with the house's key; "" as soon as they cannot be
    downloaded again.
    """

    __tablename__ = "code_batches"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), index=True)
    plan_id: Mapped[int | None] = mapped_column(Id, ForeignKey("plans.id"))
    order_id: Mapped[int | None] = mapped_column(Id, ForeignKey("orders.id"), unique=True)
    environment: Mapped[str] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(60))
    prefix: Mapped[str] = mapped_column(String(6), default="")
    months: Mapped[int] = mapped_column(default=0)
    days: Mapped[int] = mapped_column(default=0)
    uses: Mapped[int] = mapped_column(default=1)
    size: Mapped[int] = mapped_column(default=1)
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    downloaded_at: Mapped[datetime | None]
    seed: Mapped[str] = mapped_column(String(32), default="")
    revoked_at: Mapped[datetime | None]


class RedemptionCode(Base):
    """One code: only its hash and its last four characters are kept."""

    __tablename__ = "codes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    batch_id: Mapped[int] = mapped_column(Id, ForeignKey("code_batches.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    tail: Mapped[str] = mapped_column(String(4))
    uses_left: Mapped[int]
    revoked_at: Mapped[datetime | None]


class CodeUse(Base):
    """Who used a code. The key makes it once per person (R24)."""

    __tablename__ = "code_uses"

    code_id: Mapped[int] = mapped_column(Id, ForeignKey("codes.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    used_at: Mapped[datetime]


class CompOffer(Base):
    """Complimentary access that waits for whoever proves to own an address; it says nothing of
    whether an account has it. `days` 0: until `ends_at`, for ever when that is None."""

    __tablename__ = "comp_offers"
    __table_args__ = (Index("ix_comp_offers_planet_id_email", "planet_id", "email"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    email: Mapped[str] = mapped_column(String(254))
    days: Mapped[int] = mapped_column(default=0)
    ends_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    taken_at: Mapped[datetime | None]
    taken_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    revoked_at: Mapped[datetime | None]
