"""Rows of attachments. Their bytes lie in the storage under `storage_key`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class Attachment(Base):
    """An uploaded image or file.

    `owner_type` is topic, answer, comment, user, planet or series; `owner_id` its row id, or None
    while the upload waits in a composer or a draft. `purpose` is image, file, avatar or cover.
    Sizes are bytes of the stored object, width and height pixels.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_owner", "owner_type", "owner_id", "position"),
        Index("ix_attachments_orphans", "owner_id", "created_at"),
        Index("ix_attachments_uploader", "uploader_id", "size"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int | None] = mapped_column(Id, ForeignKey("planets.id"), index=True)
    uploader_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    owner_type: Mapped[str] = mapped_column(String(10), default="")
    owner_id: Mapped[int | None] = mapped_column(Id)
    purpose: Mapped[str] = mapped_column(String(10))
    position: Mapped[int] = mapped_column(default=0)
    filename: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(120))
    thumbnail_key: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime]


class MediaFault(Base):
    """An attachment whose bytes are not as its row says, found at `seen_at`. `kind` is missing, unreadable,
    size or content. The row goes as soon as the bytes are right again."""

    __tablename__ = "media_faults"

    attachment_id: Mapped[int] = mapped_column(
        Id, ForeignKey("attachments.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(10))
    seen_at: Mapped[datetime]


class MediaRound(Base):
    """How far the worker's round through all attachments has come: `upto` is the last id looked at, and
    `whole_at` when the last round ended. There is one row."""

    __tablename__ = "media_rounds"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    upto: Mapped[int] = mapped_column(Id, default=0)
    whole_at: Mapped[datetime | None]
