"""Rows of search: what changed and is to be indexed, and what people searched for."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class SearchChange(Base):
    """A change that the index must follow. Ids grow in the order of commits (the writer takes a lock for it),
    so "all up to this id" is a whole. `part` and `row_id` name one text; `part` topic means the topic's
    facts and own text, `all` everything of it."""

    __tablename__ = "search_changes"
    # An id is never given twice, also where the last rows were purged.
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    topic_id: Mapped[int] = mapped_column(Id)
    part: Mapped[str] = mapped_column(String(10))
    row_id: Mapped[int] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(index=True)


class SearchMiss(Base):
    """That a search in a planet found nothing, counted by day and without who searched."""

    __tablename__ = "search_misses"
    __table_args__ = (UniqueConstraint("planet_id", "day", "words"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    day: Mapped[date]
    words: Mapped[str] = mapped_column(String(100))
    times: Mapped[int] = mapped_column(default=1)


class PastSearch(Base):
    """What a person searched for, for himself alone; he can delete it."""

    __tablename__ = "past_searches"
    __table_args__ = (
        UniqueConstraint("user_id", "words"),
        Index("ix_past_searches_user_id_at", "user_id", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    words: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]


class SavedSearch(Base):
    """A search a person keeps, with a notice of new hits. `planet_id` None: in all his planets."""

    __tablename__ = "saved_searches"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), index=True)
    planet_id: Mapped[int | None] = mapped_column(Id, ForeignKey("planets.id"))
    query: Mapped[str] = mapped_column(String(300))
    tell: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    looked_at: Mapped[datetime]


class SearchGeneration(Base):
    """A whole index that PostgreSQL keeps (`postgres_engine`; on SQLite these three stay empty): the one in
    use, or one that is being built. `commits` grows with each change of its pages; `suspect` says why
    a reader found it broken, until it has been examined."""

    __tablename__ = "search_generations"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    in_use: Mapped[bool] = mapped_column(default=False)
    commits: Mapped[int] = mapped_column(Id, default=0)
    suspect: Mapped[str] = mapped_column(String(300), default="", server_default="")


class SearchPage(Base):
    """A page of an index: `columns` hold what it knows beside its terms. It never changes; what it is merged
    into replaces it, and it stays a while for searches that are under way."""

    __tablename__ = "search_pages"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    generation: Mapped[str] = mapped_column(String(20), index=True)
    columns: Mapped[bytes] = mapped_column(LargeBinary)
    replaced_at: Mapped[datetime | None]


class SearchBlock(Base):
    """Some of a page's terms, packed: what stands where in it."""

    __tablename__ = "search_blocks"

    page_id: Mapped[int] = mapped_column(
        Id, ForeignKey("search_pages.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    block: Mapped[bytes] = mapped_column(LargeBinary)
