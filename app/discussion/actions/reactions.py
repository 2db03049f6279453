"""Verbs on likes and bookmarks. Each says the state to be in, so doing it twice is doing it once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from app.discussion.actions.touch import touch_topic
from app.discussion.models import Bookmark, Comment, Like, Topic
from app.discussion.queries.facts import CommentRow, TopicRow
from app.discussion.queries.reactions import Subject
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Invalid, NotFound, Refused
from app.kernel.text import tidy
from app.policy import Action, Actor, CommentFacts, Reason, TopicFacts, require

MAX_NOTE = 500


def like_topic(actor: Actor, *, topic: TopicRow, facts: TopicFacts) -> int:
    """Like a topic; returns the count of likes as the actor sees it."""
    require(actor, Action.LIKE, facts)
    return _like(actor, ("topic", topic.id), topic.id)


def unlike_topic(actor: Actor, *, topic: TopicRow, facts: TopicFacts) -> int:
    """Take a like back; returns the count of likes as the actor sees it."""
    require(actor, Action.LIKE, facts)
    return _unlike(actor, ("topic", topic.id), topic.id)


def like_comment(actor: Actor, *, comment: CommentRow, facts: CommentFacts) -> int:
    """Like a comment; returns the count of likes as the actor sees it."""
    require(actor, Action.LIKE, facts)
    return _like(actor, ("comment", comment.id), comment.topic_id)


def unlike_comment(actor: Actor, *, comment: CommentRow, facts: CommentFacts) -> int:
    """Take a like back; returns the count of likes as the actor sees it."""
    require(actor, Action.LIKE, facts)
    return _unlike(actor, ("comment", comment.id), comment.topic_id)


def keep_bookmark(actor: Actor, *, topic: TopicRow, facts: TopicFacts, note: str) -> None:
    """Keep a topic for oneself, or change the note that nobody else sees (at most 500 characters)."""
    require(actor, Action.BOOKMARK, facts)
    note = tidy(note)
    if len(note) > MAX_NOTE:
        raise Invalid("note", "too_long", limit=MAX_NOTE, length=len(note))
    user_id = _person(actor)
    if _set_note(user_id, topic.id, note):
        return
    row = Bookmark(
        user_id=user_id,
        topic_id=topic.id,
        planet_id=topic.planet_id,
        note=note,
        created_at=clock.now(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        # Kept in the same moment by another tab.
        _set_note(user_id, topic.id, note)


def drop_bookmark(actor: Actor, *, topic_public_id: str) -> None:
    """Let a bookmark go, also one of a topic that is no longer open to its keeper."""
    require(actor, Action.ACCOUNT_USE)
    which = Topic.public_id == topic_public_id
    topic_ids = Topic.__table__.select().with_only_columns(Topic.id).where(which)
    db.session.execute(
        delete(Bookmark)
        .where(Bookmark.user_id == _person(actor), Bookmark.topic_id.in_(topic_ids))
        .execution_options(synchronize_session=False)
    )


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise Refused(Reason.SIGN_IN)
    return actor.user_id


def _set_note(user_id: int, topic_id: int, note: str) -> bool:
    done = db.session.execute(
        update(Bookmark)
        .where(Bookmark.user_id == user_id, Bookmark.topic_id == topic_id)
        .values(note=note)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _like(actor: Actor, subject: Subject, topic_id: int) -> int:
    """Add the row, and count it if there was none: the primary key decides between two clicks."""
    kind, subject_id = subject
    row = Like(
        subject_type=kind,
        subject_id=subject_id,
        user_id=_person(actor),
        topic_id=topic_id,
        isolated=actor.isolated,
        created_at=clock.now(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        return _count(subject, topic_id, 0) + _is_uncounted(actor, subject)
    return _count(subject, topic_id, 0 if row.isolated else 1) + row.isolated


def _unlike(actor: Actor, subject: Subject, topic_id: int) -> int:
    kind, subject_id = subject
    gone = db.session.execute(
        delete(Like)
        .where(
            Like.subject_type == kind,
            Like.subject_id == subject_id,
            Like.user_id == _person(actor),
        )
        .returning(Like.isolated)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    return _count(subject, topic_id, -1 if gone is False else 0)


def _is_uncounted(actor: Actor, subject: Subject) -> bool:
    row = db.session.get(Like, (*subject, actor.user_id))
    return row is not None and row.isolated


def _count(subject: Subject, topic_id: int, by: int) -> int:
    """Change the count and return it; the topic's row is taken first, as everywhere."""
    kind, subject_id = subject
    if by:
        touch_topic(topic_id)
    table: Any = Topic if kind == "topic" else Comment
    values: dict[str, Any] = {"like_count": table.like_count + by}
    if by and kind == "comment":
        values["rev"] = table.rev + 1
    statement = update(table).where(table.id == subject_id).values(values)
    count = db.session.execute(
        statement.returning(table.like_count).execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if count is None:
        raise NotFound(str(subject_id))
    return int(count)
