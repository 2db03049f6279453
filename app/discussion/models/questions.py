"""Rows of questions, answers and what happened to a question."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id

_WAITING = "answered_at IS NULL AND declined_at IS NULL AND withdrawn_at IS NULL"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Question(Base):
    """The question part of a topic of kind question.

    `asker_id` is the real asker and leaves this table only for himself and the revealing owner.
    State follows from the times: withdrawn_at, declined_at, answered_at, else open; overdue when
    open after `due_at`. The topic's `published_at` is `asked_at` until it is answered and
    `answered_at` from then on: for the members it is new when it is answered.
    """

    __tablename__ = "questions"
    __table_args__ = (
        Index("ix_questions_inbox", "addressee_id", "planet_id", "answered_at", "due_at"),
        Index("ix_questions_asker", "asker_id", "planet_id", "asked_at"),
        Index("ix_questions_due", "answered_at", "due_at"),
        Index("ix_questions_answered", "planet_id", "answered_at", "topic_id"),
        Index("ix_questions_waiting", "planet_id", "asked_at", "topic_id", **_where(_WAITING)),
    )

    topic_id: Mapped[int] = mapped_column(
        Id, ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    asker_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    addressee_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    anonymous: Mapped[bool] = mapped_column(default=False)
    private: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    overdue_told_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    decline_reason: Mapped[str] = mapped_column(String(500), default="")
    withdrawn_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))


class Answer(Base):
    """The addressee's answer, editable with history; one per question.

    What an isolated addressee writes (`isolated`) is seen by himself alone, answers nothing for the
    others and leaves the place free for the answer of whom the question is handed on to.
    """

    __tablename__ = "answers"
    __table_args__ = (
        Index(
            "uq_answers_topic_id_shown",
            "topic_id",
            unique=True,
            sqlite_where=text("isolated = 0"),
            postgresql_where=text("NOT isolated"),
        ),
        UniqueConstraint("topic_id", "author_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    topic_id: Mapped[int] = mapped_column(Id, ForeignKey("topics.id"))
    author_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), index=True)
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    render_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    isolated: Mapped[bool] = mapped_column(default=False)


class QuestionLogEntry(Base):
    """A line of a question's log: asked, handed_on, answered, declined, accepted, withdrawn,
    revealed. `actor_id` is NULL where an anonymous asker acted."""

    __tablename__ = "question_log"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    topic_id: Mapped[int] = mapped_column(
        Id, ForeignKey("topics.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    event: Mapped[str] = mapped_column(String(20))
    from_user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    to_user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(String(500), default="")
