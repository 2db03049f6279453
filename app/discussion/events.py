"""What happened in the discussion, as told to handlers: ids only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.outbox.events import Event


@dataclass(frozen=True, slots=True)
class TopicPublished(Event):
    """A post or question was written (a scheduled one: handlers wait for `published_at`)."""

    name: ClassVar[str] = "discussion.topic_published"
    topic_id: int


@dataclass(frozen=True, slots=True)
class TopicChanged(Event):
    """Text, tags, marks or visibility of a topic changed."""

    name: ClassVar[str] = "discussion.topic_changed"
    topic_id: int


@dataclass(frozen=True, slots=True)
class TopicDeleted(Event):
    """A topic was deleted (its marker may stay)."""

    name: ClassVar[str] = "discussion.topic_deleted"
    topic_id: int


@dataclass(frozen=True, slots=True)
class TopicsRetagged(Event):
    """A tag of these topics was renamed, merged into another or deleted."""

    name: ClassVar[str] = "discussion.topics_retagged"
    topic_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class QuestionAsked(Event):
    """A question waits for its addressee."""

    name: ClassVar[str] = "discussion.question_asked"
    topic_id: int
    addressee_id: int


@dataclass(frozen=True, slots=True)
class QuestionHandedOn(Event):
    """A question was handed to another addressee."""

    name: ClassVar[str] = "discussion.question_handed_on"
    topic_id: int
    to_user_id: int


@dataclass(frozen=True, slots=True)
class QuestionAnswered(Event):
    """A question has its answer."""

    name: ClassVar[str] = "discussion.question_answered"
    topic_id: int
    answer_id: int


@dataclass(frozen=True, slots=True)
class QuestionDeclined(Event):
    """The addressee declined."""

    name: ClassVar[str] = "discussion.question_declined"
    topic_id: int


@dataclass(frozen=True, slots=True)
class QuestionOverdue(Event):
    """A question passed its due time unanswered; said once."""

    name: ClassVar[str] = "discussion.question_overdue"
    topic_id: int


@dataclass(frozen=True, slots=True)
class QuestionUnnamed(Event):
    """The asker of an answered question became anonymous."""

    name: ClassVar[str] = "discussion.question_unnamed"
    topic_id: int


@dataclass(frozen=True, slots=True)
class QuestionHidingAsked(Event):
    """The asker of an answered question asks for its words to be hidden."""

    name: ClassVar[str] = "discussion.question_hiding_asked"
    topic_id: int


@dataclass(frozen=True, slots=True)
class QuestionHidingDecided(Event):
    """The addressee or staff decided about that."""

    name: ClassVar[str] = "discussion.question_hiding_decided"
    topic_id: int


@dataclass(frozen=True, slots=True)
class AnswerChanged(Event):
    """An answer's text changed."""

    name: ClassVar[str] = "discussion.answer_changed"
    topic_id: int
    answer_id: int


@dataclass(frozen=True, slots=True)
class UnseenAnswerChanged(Event):
    """An answer that its isolated writer alone sees was written, changed or dropped."""

    name: ClassVar[str] = "discussion.unseen_answer_changed"
    topic_id: int
    answer_id: int


@dataclass(frozen=True, slots=True)
class CommentWritten(Event):
    """A comment or a reply was written."""

    name: ClassVar[str] = "discussion.comment_written"
    topic_id: int
    comment_id: int


@dataclass(frozen=True, slots=True)
class CommentChanged(Event):
    """A comment was edited or deleted."""

    name: ClassVar[str] = "discussion.comment_changed"
    topic_id: int
    comment_id: int
