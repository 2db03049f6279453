"""Rows of notices and of mails."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class Notification(Base):
    """Something to tell a person. `kind`: question_asked, question_answered, question_declined,
    question_handed_on, question_overdue, comment_replied, invited, join_requested, join_approved …"""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "dedupe_key"),
        Index("ix_notifications_user_id_created_at", "user_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"))
    dedupe_key: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(30))
    planet_id: Mapped[int | None] = mapped_column(Id, ForeignKey("planets.id"))
    topic_id: Mapped[int | None] = mapped_column(Id, ForeignKey("topics.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("comments.id", ondelete="CASCADE")
    )
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]


class Mail(Base):
    """A mail sent or given up: written once, `dedupe_key` makes a repeated delivery harmless."""

    __tablename__ = "mails"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    to_address: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
