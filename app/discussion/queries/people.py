"""What one person wrote, as far as another may read it: the only ground on which plain members meet."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Select, case, exists, or_, select

from app.discussion.models import Answer
from app.discussion.queries.feed import ENTRY_COLUMNS, FeedEntry, read_entry, reader_columns
from app.discussion.queries.pages import Cut, Page, read_page
from app.discussion.queries.visible import (
    C,
    T,
    comment_is_visible,
    only_samples,
    published,
    text_is_visible,
    topic_is_visible,
    topics_with_questions,
)
from app.kernel.db import db, unindexed
from app.memberships.rows import planet_of
from app.policy import Actor

ANSWERS = Answer.__table__
A = ANSWERS.c
PAGE_SIZE = 20


def has_readable_words(actor: Actor, user_id: int) -> bool:
    """Whether the actor may read anything that a person wrote under his name in the planet.

    Anonymous questions bear no author, so they are no ground. Deleted words are none either; what was
    written below a deleted topic is read still.
    """
    readable = (topic_is_visible(actor), *_published(actor))
    topics = (
        select(T.id)
        .select_from(topics_with_questions())
        .where(_written_by(actor, user_id), text_is_visible(actor), *readable)
    )
    answers = select(A.id).where(
        A.author_id == user_id,
        or_(A.isolated.is_(False), A.author_id == actor.user_id),
        _topic_of(A.topic_id).where(*readable).exists(),
    )
    comments = (
        select(C.id)
        .where(C.author_id == user_id, C.planet_id == planet_of(actor), C.deleted_at.is_(None))
        .where(_topic_of(C.topic_id).where(comment_is_visible(actor), *readable).exists())
    )
    # Not OR: SQLite would look for all three although the first is there.
    found = select(case((exists(topics), True), (exists(answers), True), else_=exists(comments)))
    return bool(db.session.scalar(found))


def _topic_of(topic_id: ColumnElement[int]) -> Select[tuple[int]]:
    """Return a select of the topic of an answer or comment. As a condition on it, not as a join: a
    join lets the engine begin with the planet's topics and look for the person's words in each."""
    return select(T.id).select_from(topics_with_questions()).where(T.id == topic_id)


def _written_by(actor: Actor, user_id: int) -> ColumnElement[bool]:
    """Return the condition that a topic bears a person's name. Of a reader of samples the engine shall
    look through these, not through all that the person wrote."""
    author: ColumnElement[int | None] = (
        unindexed(T.author_id) if only_samples(actor) else T.author_id
    )
    return author == user_id


def _published(actor: Actor) -> Iterator[ColumnElement[bool]]:
    """Yield the condition that a topic's time has come, where being visible does not say so."""
    if actor.inside:
        yield published(actor)


def list_by_author(actor: Actor, user_id: int, *, cut: Cut) -> Page[FeedEntry]:
    """Return a page of what a person published under his name, as far as the actor may read it."""
    statement = (
        select(*ENTRY_COLUMNS, *reader_columns(actor), T.published_at, T.public_id)
        .select_from(topics_with_questions())
        .where(
            _written_by(actor, user_id),
            topic_is_visible(actor),
            *_published(actor),
            text_is_visible(actor),
        )
    )
    return read_page(statement, cut, lambda row: read_entry(actor, row), size=PAGE_SIZE)
