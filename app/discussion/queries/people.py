"""What one person wrote, as far as another may read it: the only ground on which plain members meet."""

from __future__ import annotations

from sqlalchemy import exists, or_, select

from app.discussion.models import Answer
from app.discussion.queries.feed import ENTRY_COLUMNS, FeedEntry, read_entry, reader_columns
from app.discussion.queries.pages import Cut, Page, read_page
from app.discussion.queries.visible import (
    COMMENTS,
    C,
    T,
    comment_is_visible,
    not_deleted,
    published,
    text_is_visible,
    topic_is_visible,
    topics_with_questions,
)
from app.kernel.db import db
from app.policy import Actor

ANSWERS = Answer.__table__
A = ANSWERS.c
PAGE_SIZE = 20


def has_readable_words(actor: Actor, user_id: int) -> bool:
    """Whether the actor may read anything that a person wrote under his name in the planet.

    Anonymous questions bear no author, so they are no ground. Deleted words are none either.
    """
    readable = (topic_is_visible(actor), published(actor), text_is_visible(actor))
    topics = (
        select(T.id).select_from(topics_with_questions()).where(T.author_id == user_id, *readable)
    )
    answers = (
        select(A.id)
        .select_from(topics_with_questions().join(ANSWERS, A.topic_id == T.id))
        .where(
            A.author_id == user_id,
            or_(A.isolated.is_(False), A.author_id == actor.user_id),
            topic_is_visible(actor),
            published(actor),
            not_deleted(),
        )
    )
    comments = (
        select(C.id)
        .select_from(topics_with_questions().join(COMMENTS, C.topic_id == T.id))
        .where(
            C.author_id == user_id,
            C.deleted_at.is_(None),
            comment_is_visible(actor),
            topic_is_visible(actor),
            published(actor),
        )
    )
    found = select(or_(exists(topics), exists(answers), exists(comments)))
    return bool(db.session.scalar(found))


def list_by_author(actor: Actor, user_id: int, *, cut: Cut) -> Page[FeedEntry]:
    """Return a page of what a person published under his name, as far as the actor may read it."""
    statement = (
        select(*ENTRY_COLUMNS, *reader_columns(actor), T.published_at, T.public_id)
        .select_from(topics_with_questions())
        .where(
            T.author_id == user_id,
            topic_is_visible(actor),
            published(actor),
            text_is_visible(actor),
        )
    )
    return read_page(statement, cut, lambda row: read_entry(actor, row), size=PAGE_SIZE)
