"""Rows of topics, their drafts and versions, tags and series."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


def _some(name: str, condition: str) -> Index:
    """Return an index for the feed's order over those topics alone that meet the condition."""
    where = text(condition)
    return Index(
        name, "planet_id", "published_at", "id", sqlite_where=where, postgresql_where=where
    )


class Topic(Base):
    """The unit of a feed and of search. `kind`: post or question (later homework, event, poll).

    `author_id` is NULL for an anonymous question. `published_at` in the future is scheduled.
    `*_count` are derived and can be rebuilt. `rev` grows with every visible change of its page.
    `isolated`: written by an isolated person, visible to the writer alone. `html` and `excerpt` are
    derived from `source` at write time by renderer `render_version`.
    """

    __tablename__ = "topics"
    __table_args__ = (
        Index("ix_topics_feed", "planet_id", "published_at", "id"),
        Index("ix_topics_author", "planet_id", "author_id", "published_at"),
        Index("ix_topics_kind", "planet_id", "kind", "published_at"),
        # Partial: the two tabs that show few of many topics. Without statistics SQLite takes the later
        # made of two equally good indexes, and they are made in the order of their names: after _feed.
        _some("ix_topics_in_digest", "digest_at IS NOT NULL"),
        _some("ix_topics_files", "file_count > 0"),
        Index("ix_topics_pinned", "planet_id", "pinned_at"),
        Index(
            "ix_topics_sample",
            "planet_id",
            "public_sample_at",
            sqlite_where=text("public_sample_at IS NOT NULL"),
            postgresql_where=text("public_sample_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    kind: Mapped[str] = mapped_column(String(10))
    author_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(String(200), default="")
    slug: Mapped[str] = mapped_column(String(80), default="")
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    excerpt: Mapped[str] = mapped_column(String(300), default="")
    render_version: Mapped[int] = mapped_column(default=0)
    rev: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    published_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    pinned_at: Mapped[datetime | None]
    digest_at: Mapped[datetime | None]
    public_sample_at: Mapped[datetime | None]
    comments_closed_at: Mapped[datetime | None]
    isolated: Mapped[bool] = mapped_column(default=False)
    like_count: Mapped[int] = mapped_column(default=0)
    comment_count: Mapped[int] = mapped_column(default=0)
    image_count: Mapped[int] = mapped_column(default=0)
    file_count: Mapped[int] = mapped_column(default=0)


class Draft(Base):
    """What somebody is writing: kept on the server, so sign-out or a dead phone loses nothing.

    `purpose`: post, question, answer or edit (the last two with `topic_id`). `tab` names the browser tab that
    saved last and `rev` counts saves; a second tab is told instead of overwriting.
    """

    __tablename__ = "drafts"
    __table_args__ = (Index("ix_drafts_user_id_updated_at", "user_id", "updated_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), index=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    purpose: Mapped[str] = mapped_column(String(10))
    topic_id: Mapped[int | None] = mapped_column(Id, ForeignKey("topics.id"))
    fields: Mapped[dict[str, Any]]
    tab: Mapped[str] = mapped_column(String(40), default="")
    rev: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Revision(Base):
    """A former text of a topic, answer or comment: what it said before the edit at `replaced_at`."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("subject_type", "subject_id", "number"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subject_type: Mapped[str] = mapped_column(String(10))
    subject_id: Mapped[int] = mapped_column(Id)
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(200), default="")
    source: Mapped[str] = mapped_column(Text)
    editor_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    replaced_at: Mapped[datetime]


class Tag(Base):
    """A label of a planet. `position` orders the menu; `in_menu` shows it there."""

    __tablename__ = "tags"
    __table_args__ = (
        UniqueConstraint("planet_id", "key"),
        Index("ix_tags_order", "planet_id", "position", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    name: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    in_menu: Mapped[bool] = mapped_column(default=True)


class TopicTag(Base):
    """That a topic bears a tag. `published_at` repeats the topic's, for keyset pages by tag."""

    __tablename__ = "topic_tags"
    __table_args__ = (Index("ix_topic_tags_feed", "tag_id", "published_at", "topic_id"),)

    topic_id: Mapped[int] = mapped_column(
        Id, ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(
        Id, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True
    )
    published_at: Mapped[datetime]


class Series(Base):
    """A column (专栏): topics in an order of their own."""

    __tablename__ = "series"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    intro: Mapped[str] = mapped_column(String(500), default="")
    cover: Mapped[str] = mapped_column(String(16), default="")
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class SeriesTopic(Base):
    """A topic's place in a column."""

    __tablename__ = "series_topics"
    __table_args__ = (Index("ix_series_topics_order", "series_id", "position"),)

    series_id: Mapped[int] = mapped_column(
        Id, ForeignKey("series.id", ondelete="CASCADE"), primary_key=True
    )
    topic_id: Mapped[int] = mapped_column(
        Id, ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int]
