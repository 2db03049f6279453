"""Rows of questions, answers and what happened to a question."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class Question(Base):
    """The question part of a topic of kind question.

    `asker_id` is the real asker and leaves this table only for himself and the revealing owner.
    State follows from the times: withdrawn_at, declined_at, answered_at, else open; overdue when
    open after `due_at`.
    """

    __tablename__ = "questions"
    __table_args__ = (
        Index("ix_questions_inbox", "addressee_id", "planet_id", "answered_at", "due_at"),
        Index("ix_questions_asker", "asker_id", "planet_id", "asked_at"),
        Index("ix_questions_due", "answered_at", "due_at"),
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
    """The addressee's answer; one per question, editable with history."""

    __tablename__ = "answers"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    topic_id: Mapped[int] = mapped_column(Id, ForeignKey("topics.id"), unique=True)
    author_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), index=True)
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    render_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    isolated: Mapped[bool] = mapped_column(default=False)


class QuestionLogEntry(Base):
    """A line of a question's log: asked, handed_on, answered, declined, accepted, withdrawn,
    revealed."""

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
