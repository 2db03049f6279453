"""Rows that remember what was told and where a buyer came along."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id


class Reminder(Base):
    """A mail about the end of a term, sent once: the key holds for one membership, end and day."""

    __tablename__ = "reminders"
    __table_args__ = (UniqueConstraint("membership_id", "ends_at", "days"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    membership_id: Mapped[int] = mapped_column(Id, ForeignKey("memberships.id"))
    ends_at: Mapped[datetime]
    days: Mapped[int]
    sent_at: Mapped[datetime]


class FunnelStep(Base):
    """A visitor's first time at a step of the join page's funnel. `visitor` is a random mark of a
    browser, no person; `step`: view, sample, click, signed_in, checkout, paid, read, question."""

    __tablename__ = "funnel_steps"
    __table_args__ = (
        UniqueConstraint("planet_id", "visitor", "step"),
        Index("ix_funnel_steps_planet_id_at", "planet_id", "at"),
        Index("ix_funnel_steps_user_id_planet_id", "user_id", "planet_id"),
        Index("ix_funnel_steps_at", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    visitor: Mapped[str] = mapped_column(String(24))
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    step: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(String(40), default="")
    at: Mapped[datetime]
