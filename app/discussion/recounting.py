"""Counting anew what topics and comments carry as counts. Safe while the site runs.

The rules are those of `actions.comments` and `actions.reactions`: what an isolated person wrote
counts for himself alone, a deleted comment counts while something stands below it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update

from app.discussion.actions.touch import touch_topic
from app.discussion.models import Comment, Like, Topic
from app.kernel.db import db, unit_of_work
from app.kernel.progress import signal
from app.media.models import Attachment

# Large: comments have no index of all of a topic's, so each batch walks through them once.
BATCH = 2_000


def recount() -> int:
    """Set every count of topics and comments to what their rows say; returns how many were wrong."""
    wrong, last = 0, 0
    # Ids as a measure: most of them are topics still.
    newest = db.session.scalar(select(func.max(Topic.id))) or 0
    while True:
        ids = _next_topics(last)
        if not ids:
            return wrong
        with unit_of_work():
            # Whoever writes below a topic takes its row first, so nothing is written meanwhile.
            db.session.execute(select(Topic.id).where(Topic.id.in_(ids)).with_for_update())
            wrong += _mend(ids)
        last = ids[-1]
        signal(last, of=newest)


def _next_topics(last: int) -> Sequence[int]:
    ids = db.session.scalars(
        select(Topic.id).where(Topic.id > last).order_by(Topic.id).limit(BATCH)
    ).all()
    db.session.rollback()
    return ids


def _mend(ids: Sequence[int]) -> int:
    """Mend the counts of these topics and of what is written below them."""
    comments, likes, attached = _comments(ids), _likes(ids), _attached(ids)
    stored = db.session.execute(_TOPICS.where(Topic.id.in_(ids)))
    wrong = 0
    for topic_id, *counts in stored:
        below = comments[topic_id]
        said = sum(not row.deleted_at and not row.isolated for row in below)
        pictures, files = (attached[topic_id, purpose] for purpose in ("image", "file"))
        mended = _mend_comments(below, likes)
        wanted = [said, likes["topic", topic_id], pictures, files]
        if counts != wanted:
            _set(Topic, topic_id, dict(zip(_TOPIC_COUNTS, wanted, strict=True)))
            mended += 1
        if mended:
            touch_topic(topic_id)
        wrong += mended
    return wrong


def _mend_comments(comments: Sequence[Any], likes: dict[tuple[str, int], int]) -> int:
    replies = _replies(comments)
    wrong = 0
    for row in comments:
        wanted = (replies[row.id], likes["comment", row.id])
        if (row.reply_count, row.like_count) != wanted:
            values = {"reply_count": wanted[0], "like_count": wanted[1], "rev": Comment.rev + 1}
            _set(Comment, row.id, values)
            wrong += 1
    return wrong


_TOPIC_COUNTS = ("comment_count", "like_count", "image_count", "file_count")
_TOPICS = select(Topic.id, *(getattr(Topic, name) for name in _TOPIC_COUNTS))
_COMMENTS = select(
    Comment.topic_id,
    Comment.id,
    Comment.parent_id,
    Comment.root_id,
    Comment.deleted_at,
    Comment.isolated,
    Comment.reply_count,
    Comment.like_count,
)


def _comments(ids: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in db.session.execute(_COMMENTS.where(Comment.topic_id.in_(ids))):
        found[row.topic_id].append(row)
    return found


def _attached(ids: Sequence[int]) -> dict[tuple[int, str], int]:
    statement = (
        select(Attachment.owner_id, Attachment.purpose, func.count())
        .where(Attachment.owner_type == "topic", Attachment.owner_id.in_(ids))
        .group_by(Attachment.owner_id, Attachment.purpose)
    )
    found: dict[tuple[int, str], int] = defaultdict(int)
    for owner_id, purpose, count in db.session.execute(statement):
        found[owner_id or 0, purpose] = count
    return found


def _likes(ids: Sequence[int]) -> dict[tuple[str, int], int]:
    statement = (
        select(Like.subject_type, Like.subject_id, func.count())
        .where(Like.topic_id.in_(ids), Like.isolated.is_(False))
        .group_by(Like.subject_type, Like.subject_id)
    )
    found: dict[tuple[str, int], int] = defaultdict(int)
    for kind, subject_id, count in db.session.execute(statement):
        found[kind, subject_id] = count
    return found


def _replies(comments: Sequence[Any]) -> dict[int, int]:
    """Return how many replies are shown below each comment: the direct ones, of a root all."""
    rows = {row.id: row for row in comments}
    counts: dict[int, int] = defaultdict(int)
    # Replies are younger than what they answer, so going backwards each is settled before its parent.
    for row in sorted(comments, key=lambda one: one.id, reverse=True):
        if row.deleted_at is not None and counts[row.id] == 0:
            continue
        for above in {row.parent_id, row.root_id} - {None}:
            if rows[above].isolated or not row.isolated:
                counts[above] += 1
    return counts


def _set(table: Any, row_id: int, values: dict[str, Any]) -> None:
    statement = update(table).where(table.id == row_id).values(values)
    db.session.execute(statement.execution_options(synchronize_session=False))
