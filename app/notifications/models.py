"""Rows of notices and of mails."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class Notification(Base):
    """Something to tell a person: ids only, the words come from `kind` when it is shown.

    `kind` is a `notices.Kind`. `person_id` is whose act it is about, never an anonymous asker.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "dedupe_key"),
        Index("ix_notifications_user_id_created_at", "user_id", "created_at", "id"),
        Index("ix_notifications_user_id_read_at", "user_id", "read_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"))
    dedupe_key: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(30))
    person_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id", ondelete="SET NULL"))
    planet_id: Mapped[int | None] = mapped_column(Id, ForeignKey("planets.id"), index=True)
    topic_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("topics.id", ondelete="CASCADE"), index=True
    )
    comment_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("comments.id", ondelete="CASCADE"), index=True
    )
    invitation_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("invitations.id", ondelete="CASCADE")
    )
    order_id: Mapped[int | None] = mapped_column(Id, ForeignKey("orders.id", ondelete="CASCADE"))
    reminder_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("reminders.id", ondelete="CASCADE")
    )
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class Mail(Base):
    """A letter sent, waiting or given up; `dedupe_key` makes a repeated cause harmless.

    `letter` (a `letters.Letter` as JSON) may hold a secret link: it is emptied once the mail is sent
    or dropped; a notice's mail holds no words, they are found at sending (`extras.More`). `basis`,
    `basis_id` and `basis_mark` are a `grounds.Ground`: what it hangs on, asked again at each sending. A
    notice that is gone takes its mail with it.
    `dropped_at`: the receiver lost the right to it, the account closed before it was sent, or the server
    says that there is no such mailbox (`refusal`: its words).
    """

    __tablename__ = "mails"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id", ondelete="SET NULL"))
    notification_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("notifications.id", ondelete="SET NULL"), index=True
    )
    to_address: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(10))
    letter: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
    basis: Mapped[str] = mapped_column(String(12))
    basis_id: Mapped[int | None] = mapped_column(Id)
    basis_mark: Mapped[str] = mapped_column(String(64), default="", server_default="")
    sent_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    refusal: Mapped[str] = mapped_column(String(200), default="", server_default="")


class RefusedAddress(Base):
    """An address of which its server said that there is no such mailbox. Gone once a letter is taken."""

    __tablename__ = "refused_addresses"

    address: Mapped[str] = mapped_column(String(254), primary_key=True)
    refused_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(String(200))


class MailPace(Base):
    """A receiving domain that takes mail slowly: one letter each `seconds`, the next at `next_at`."""

    __tablename__ = "mail_paces"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    seconds: Mapped[int]
    next_at: Mapped[datetime]
    refused_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(String(200))
