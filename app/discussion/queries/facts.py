"""Facts for the policy from rows: a topic, a comment or an answer, each in one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from app.discussion.models import Answer
from app.discussion.queries.visible import COMMENTS, C, Q, T, topics_with_questions
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.policy import Action, Actor, AnswerFacts, CommentFacts, TopicFacts, can

ANSWERS = Answer.__table__
A = ANSWERS.c

FACT_COLUMNS = (
    T.planet_id,
    T.kind,
    T.author_id,
    T.published_at,
    T.deleted_at,
    T.isolated,
    T.public_sample_at,
    T.comments_closed_at,
    T.comment_count,
    Q.private,
    Q.addressee_id,
    Q.answered_at,
    Q.declined_at,
    Q.withdrawn_at,
    Q.anonymous,
    Q.asker_id,
)
_WIDTH = len(FACT_COLUMNS)


def read_topic_facts(row: Sequence[Any]) -> TopicFacts:
    """Return the facts of a row whose first columns are FACT_COLUMNS."""
    (
        planet_id,
        kind,
        author_id,
        published_at,
        deleted_at,
        isolated,
        public_sample_at,
        comments_closed_at,
        comment_count,
        private,
        addressee_id,
        answered_at,
        declined_at,
        withdrawn_at,
        anonymous,
        asker_id,
    ) = row[:_WIDTH]
    return TopicFacts(
        planet_id=planet_id,
        kind=kind,
        writer_id=author_id if asker_id is None else asker_id,
        published_at=published_at,
        deleted=deleted_at is not None,
        isolated=isolated,
        public_sample=public_sample_at is not None,
        comments_closed=comments_closed_at is not None,
        private=bool(private),
        addressee_id=addressee_id,
        answered=answered_at is not None,
        declined=declined_at is not None,
        withdrawn=withdrawn_at is not None,
        anonymous=bool(anonymous),
        has_replies=comment_count > 0 or answered_at is not None,
    )


@dataclass(frozen=True, slots=True)
class TopicRow:
    """What actions and small pages need of a topic. `author_id` is None for an anonymous asker."""

    id: int
    public_id: str
    planet_id: int
    kind: str
    author_id: int | None
    title: str
    slug: str
    excerpt: str
    rev: int
    created_at: datetime
    published_at: datetime
    edited_at: datetime | None
    last_activity_at: datetime
    pinned_at: datetime | None
    digest_at: datetime | None
    comment_count: int
    like_count: int
    image_count: int
    file_count: int


_TOPIC_COLUMNS = tuple(T[name] for name in TopicRow.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class CommentRow:
    """What actions and small pages need of a comment. `author_id` is None for a hidden asker."""

    id: int
    public_id: str
    planet_id: int
    topic_id: int
    parent_id: int | None
    root_id: int | None
    depth: int
    author_id: int | None
    as_asker: bool
    source: str
    rev: int
    created_at: datetime
    edited_at: datetime | None
    stuck_at: datetime | None
    like_count: int
    reply_count: int
    has_image: bool


_COMMENT_COLUMNS = tuple(C[name] for name in CommentRow.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What actions and small pages need of an answer."""

    id: int
    public_id: str
    topic_id: int
    author_id: int
    source: str
    created_at: datetime
    edited_at: datetime | None


_ANSWER_COLUMNS = tuple(A[name] for name in AnswerRow.__dataclass_fields__)


def get_topic(actor: Actor, public_id: str) -> tuple[TopicRow, TopicFacts]:
    """Return a topic of the actor's planet and its facts; NotFound when it is hidden from him."""
    found = _find_topic(T.public_id == public_id, *_TOPIC_COLUMNS)
    if found is None or not _within(actor, found[1]):
        raise NotFound(public_id)
    row, facts = found
    if not can(actor, Action.TOPIC_READ, facts):
        raise NotFound(public_id)
    return TopicRow(*row), facts


def get_topic_by_id(actor: Actor, topic_id: int) -> tuple[TopicRow, TopicFacts]:
    """Return the same as `get_topic`, for handlers that know the row's id."""
    found = _find_topic(T.id == topic_id, *_TOPIC_COLUMNS)
    if found is None or not _within(actor, found[1]):
        raise NotFound(str(topic_id))
    row, facts = found
    if not can(actor, Action.TOPIC_READ, facts):
        raise NotFound(str(topic_id))
    return TopicRow(*row), facts


def get_comment(actor: Actor, public_id: str) -> tuple[CommentRow, CommentFacts]:
    """Return a comment of the actor's planet and its facts; NotFound when it is hidden from him."""
    statement = _comments().add_columns(*_COMMENT_COLUMNS).where(C.public_id == public_id)
    row = db.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound(public_id)
    facts = _read_comment_facts(row)
    if not _within(actor, facts.topic) or not can(actor, Action.COMMENT_READ, facts):
        raise NotFound(public_id)
    return CommentRow(*row[_WIDTH + 4 :]), facts


def get_answer(actor: Actor, public_id: str) -> tuple[AnswerRow, AnswerFacts]:
    """Return an answer in the actor's planet and its facts; NotFound when it is hidden from him."""
    statement = _answers().add_columns(*_ANSWER_COLUMNS).where(A.public_id == public_id)
    row = db.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound(public_id)
    facts = _read_answer_facts(row)
    hidden = facts.isolated and facts.writer_id != actor.user_id
    if not _within(actor, facts.topic) or hidden or not can(actor, Action.TOPIC_READ, facts.topic):
        raise NotFound(public_id)
    return AnswerRow(*row[_WIDTH + 2 :]), facts


def find_owner_facts(
    owner_type: str, owner_id: int
) -> TopicFacts | CommentFacts | AnswerFacts | None:
    """Return the facts of what an attachment belongs to; None when it is gone.

    `owner_type` is topic, comment or answer; ValueError for any other.
    """
    if owner_type == "topic":
        found = _find_topic(T.id == owner_id)
        return found[1] if found else None
    if owner_type == "comment":
        row = db.session.execute(_comments().where(C.id == owner_id)).one_or_none()
        return _read_comment_facts(row) if row else None
    if owner_type == "answer":
        row = db.session.execute(_answers().where(A.id == owner_id)).one_or_none()
        return _read_answer_facts(row) if row else None
    raise ValueError(owner_type)


def text_is_readable(actor: Actor, facts: TopicFacts | CommentFacts | AnswerFacts) -> bool:
    """Return whether the actor may read the words of a topic, comment or answer, and what hangs on
    them (its images and files)."""
    if not _within(actor, facts if isinstance(facts, TopicFacts) else facts.topic):
        return False
    if isinstance(facts, TopicFacts):
        return bool(can(actor, Action.TOPIC_TEXT_READ, facts))
    if isinstance(facts, CommentFacts):
        return bool(can(actor, Action.COMMENT_READ, facts)) and not facts.deleted
    hidden = facts.isolated and facts.writer_id != actor.user_id
    # As on the page of a deleted question: what was answered stays.
    return not hidden and bool(can(actor, Action.TOPIC_READ, facts.topic))


def _find_topic(
    which: ColumnElement[bool], *columns: ColumnElement[Any]
) -> tuple[Sequence[Any], TopicFacts] | None:
    statement = select(*FACT_COLUMNS, *columns).select_from(topics_with_questions()).where(which)
    row = db.session.execute(statement).one_or_none()
    return (row[_WIDTH:], read_topic_facts(row)) if row else None


def _comments() -> Any:
    joined = COMMENTS.join(topics_with_questions(), T.id == C.topic_id)
    own = (C.author_id, C.created_at, C.deleted_at, C.isolated)
    return select(*FACT_COLUMNS, *own).select_from(joined)


def _read_comment_facts(row: Sequence[Any]) -> CommentFacts:
    topic = read_topic_facts(row)
    author_id, created_at, deleted_at, isolated = row[_WIDTH : _WIDTH + 4]
    return CommentFacts(
        topic=topic,
        # Without an author it is the anonymous asker's follow-up.
        writer_id=topic.writer_id if author_id is None else author_id,
        created_at=created_at,
        deleted=deleted_at is not None,
        isolated=isolated,
    )


def _answers() -> Any:
    joined = ANSWERS.join(topics_with_questions(), T.id == A.topic_id)
    return select(*FACT_COLUMNS, A.author_id, A.isolated).select_from(joined)


def _read_answer_facts(row: Sequence[Any]) -> AnswerFacts:
    author_id, isolated = row[_WIDTH : _WIDTH + 2]
    return AnswerFacts(topic=read_topic_facts(row), writer_id=author_id, isolated=isolated)


def _within(actor: Actor, facts: TopicFacts) -> bool:
    return actor.planet is not None and actor.planet.id == facts.planet_id
