"""Rows of likes, bookmarks and read marks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id


class Like(Base):
    """A like of a topic or a comment (`subject_type`). An isolated person's is not counted."""

    __tablename__ = "likes"
    __table_args__ = (Index("ix_likes_topic", "topic_id", "user_id"),)

    subject_type: Mapped[str] = mapped_column(String(10), primary_key=True)
    subject_id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), primary_key=True, index=True)
    topic_id: Mapped[int] = mapped_column(Id, ForeignKey("topics.id", ondelete="CASCADE"))
    isolated: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Bookmark(Base):
    """A topic kept for oneself, with a note nobody else sees."""

    __tablename__ = "bookmarks"
    __table_args__ = (Index("ix_bookmarks_user_id_created_at", "user_id", "created_at"),)

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(
        Id, ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True
    )
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    note: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]


class ReadMark(Base):
    """How far a person has read a topic: everything up to `read_at`."""

    __tablename__ = "read_marks"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(
        Id, ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True
    )
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    read_at: Mapped[datetime]
