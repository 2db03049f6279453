"""Rows of comments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


def _where(condition: str, on_sqlite: str = "") -> dict[str, Any]:
    return {"sqlite_where": text(on_sqlite or condition), "postgresql_where": text(condition)}


class Comment(Base):
    """A comment or a reply. `root_id` is the comment at the top of its thread, NULL for a root.

    `author_id` is NULL for an anonymous asker's follow-up (`as_asker`); the real one is the
    question's asker. `reply_count` counts what is shown below: all descendants of a root, the direct
    replies of others; a deleted comment stays as a marker while it is above 0. What an isolated
    person writes is counted only below what he wrote himself.
    """

    __tablename__ = "comments"
    __table_args__ = (
        # Partial: PostgreSQL does not take `root_id IS NULL` as a sorted prefix of an index.
        Index("ix_comments_roots", "topic_id", "created_at", "id", **_where("root_id IS NULL")),
        Index("ix_comments_liked", "topic_id", "like_count", "id", **_where("root_id IS NULL")),
        # At most one comment of a topic is stuck, whoever sticks at the same moment.
        Index("uq_comments_stuck", "topic_id", unique=True, **_where("stuck_at IS NOT NULL")),
        Index(
            "ix_comments_isolated", "topic_id", "author_id", **_where("isolated", "isolated = 1")
        ),
        # Partial too: SQLite would else walk the roots of all topics by its NULLs.
        Index("ix_comments_thread", "root_id", "created_at", "id", **_where("root_id IS NOT NULL")),
        Index("ix_comments_stream", "planet_id", "created_at", "id"),
        Index("ix_comments_author", "author_id", "planet_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    topic_id: Mapped[int] = mapped_column(Id, ForeignKey("topics.id"))
    parent_id: Mapped[int | None] = mapped_column(Id, ForeignKey("comments.id"))
    root_id: Mapped[int | None] = mapped_column(Id, ForeignKey("comments.id"))
    depth: Mapped[int] = mapped_column(default=0)
    author_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    as_asker: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    render_version: Mapped[int] = mapped_column(default=0)
    rev: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    stuck_at: Mapped[datetime | None]
    isolated: Mapped[bool] = mapped_column(default=False)
    quote_id: Mapped[int | None] = mapped_column(Id, ForeignKey("comments.id"))
    quote: Mapped[str] = mapped_column(String(300), default="")
    like_count: Mapped[int] = mapped_column(default=0)
    reply_count: Mapped[int] = mapped_column(default=0)
    has_image: Mapped[bool] = mapped_column(default=False)
