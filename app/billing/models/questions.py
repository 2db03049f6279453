"""Rows of paid questions: what an addressee asks for, and what was paid for which question."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id


class QuestionPrice(Base):
    """What a question to a member (who takes questions) costs beyond what is free: `free_per_week` to
    him from one asker, as long as the planet's own quota lasts. Without a row nothing is sold."""

    __tablename__ = "question_prices"

    membership_id: Mapped[int] = mapped_column(Id, ForeignKey("memberships.id"), primary_key=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    free_per_week: Mapped[int] = mapped_column(default=0)


class PaidQuestion(Base):
    """A question behind an order, from the click to its settling, which happens once (`settled_at`).

    `words` is what the asker wrote when he went to pay; `key` the draft's id, which becomes the
    topic's. `topic_id` and `due_at` are set when it is asked. `addressee_id` is whom it was bought
    for, and once it is answered who answered: his is the share. `outcome`: answered; given back as
    declined, withdrawn, deleted, late, not_asked; returned (the money went back by another way).
    """

    __tablename__ = "paid_questions"
    __table_args__ = (
        Index("ix_paid_questions_key", "key"),
        Index("ix_paid_questions_settled_at_due_at", "settled_at", "due_at"),
    )

    order_id: Mapped[int] = mapped_column(Id, ForeignKey("orders.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(16))
    topic_id: Mapped[int | None] = mapped_column(Id, ForeignKey("topics.id"), unique=True)
    addressee_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    asker_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    words: Mapped[dict[str, Any]] = mapped_column(default=dict)
    due_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(10), default="")
