"""Rows of paid questions: what an addressee asks for, and what was paid for which question."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id


class QuestionPrice(Base):
    """What a question to a member (who takes questions) costs beyond the planet's free quota."""

    __tablename__ = "question_prices"

    membership_id: Mapped[int] = mapped_column(Id, ForeignKey("memberships.id"), primary_key=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    free_per_week: Mapped[int] = mapped_column(default=0)


class PaidQuestion(Base):
    """A question that was paid for. `topic_id` is set when it is asked; `refunded_at` once at most."""

    __tablename__ = "paid_questions"

    order_id: Mapped[int] = mapped_column(Id, ForeignKey("orders.id"), primary_key=True)
    topic_id: Mapped[int | None] = mapped_column(Id, ForeignKey("topics.id"), unique=True)
    addressee_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    asker_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(10), default="")
