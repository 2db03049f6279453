"""What search shows of topics, answers and comments: those of a list of ids that a reader may open.

A reader of several planets is an actor in each; all of them are asked in one statement.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, or_, select

from app.discussion.queries.authors import Author, AuthorJoin
from app.discussion.queries.cards import question_state
from app.discussion.queries.facts import ANSWERS, FACT_COLUMNS, A, read_topic_facts
from app.discussion.queries.visible import (
    COMMENTS,
    C,
    T,
    comment_is_visible,
    not_deleted,
    topic_is_visible,
    topics_with_questions,
)
from app.kernel.db import db
from app.policy import Action, Actor, TopicFacts, can

_FACTS = len(FACT_COLUMNS)
_author = AuthorJoin("author")
_OWN = (
    T.id,
    T.public_id,
    T.slug,
    T.title,
    T.source,
    T.digest_at,
    T.image_count,
    T.file_count,
    T.comment_count,
)


@dataclass(frozen=True, slots=True)
class ReadableTopic:
    """A topic as results show it. `title`, `slug` and `source` are empty where its words were withdrawn
    from the reader; `author` is None for an anonymous asker. `state` is "" for a post."""

    id: int
    public_id: str
    slug: str
    title: str
    source: str
    facts: TopicFacts
    author: Author | None
    state: str
    digest: bool
    images: int
    files: int
    comments: int


@dataclass(frozen=True, slots=True)
class ReadableText:
    """An answer or a comment as results show it. `author` is None for an anonymous asker."""

    id: int
    public_id: str
    topic_id: int
    source: str
    at: datetime
    author: Author | None


def find_topics(actors: Mapping[int, Actor], ids: Collection[int]) -> dict[int, ReadableTopic]:
    """Return those topics that may be opened, by id. `actors`: planet id -> the reader there."""
    if not ids or not actors:
        return {}
    source = _author.onto(topics_with_questions(), T.author_id, T.planet_id)
    statement = (
        select(*FACT_COLUMNS, *_OWN, *_author.columns)
        .select_from(source)
        .where(T.id.in_(ids), _open_to(actors))
    )
    rows = db.session.execute(statement)
    return {topic.id: topic for topic in (_read_topic(row, actors) for row in rows)}


def find_answers(actors: Mapping[int, Actor], ids: Collection[int]) -> dict[int, ReadableText]:
    """Return those answers that may be read, by id."""
    if not ids or not actors:
        return {}
    source = _author.onto(
        ANSWERS.join(topics_with_questions(), T.id == A.topic_id), A.author_id, T.planet_id
    )
    mine = A.author_id == _reader(actors).user_id
    statement = (
        select(A.id, A.public_id, A.topic_id, A.source, A.created_at, *_author.columns)
        .select_from(source)
        .where(A.id.in_(ids), or_(A.isolated.is_(False), mine), _open_to(actors))
    )
    return _read_texts(statement, actors)


def find_comments(actors: Mapping[int, Actor], ids: Collection[int]) -> dict[int, ReadableText]:
    """Return those comments that may be read, by id."""
    if not ids or not actors:
        return {}
    source = _author.onto(
        COMMENTS.join(topics_with_questions(), T.id == C.topic_id), C.author_id, C.planet_id
    )
    readable = (C.deleted_at.is_(None), comment_is_visible(_reader(actors)), _open_to(actors))
    statement = (
        select(C.id, C.public_id, C.topic_id, C.source, C.created_at, *_author.columns)
        .select_from(source)
        .where(C.id.in_(ids), *readable)
    )
    return _read_texts(statement, actors)


def _open_to(actors: Mapping[int, Actor]) -> ColumnElement[bool]:
    """Each condition names its planet, so nobody is an actor in another."""
    readable = (topic_is_visible(actor) for actor in actors.values())
    return not_deleted() & or_(false(), *readable)


def _reader(actors: Mapping[int, Actor]) -> Actor:
    return next(iter(actors.values()))


def _read_topic(row: Any, actors: Mapping[int, Actor]) -> ReadableTopic:
    facts = read_topic_facts(row)
    actor = actors[facts.planet_id]
    topic_id, public_id, slug, title, source, digest_at, images, files, comments = row[
        _FACTS : _FACTS + len(_OWN)
    ]
    has_words = bool(can(actor, Action.TOPIC_TEXT_READ, facts))
    return ReadableTopic(
        id=topic_id,
        public_id=public_id,
        slug=slug if has_words else "",
        title=title if has_words else "",
        source=source if has_words else "",
        facts=facts,
        author=_author.read(row[_FACTS + len(_OWN) :], actor.now),
        state=_state(facts),
        digest=digest_at is not None,
        images=images,
        files=files,
        comments=comments,
    )


def _state(facts: TopicFacts) -> str:
    if facts.kind != "question":
        return ""
    at = facts.published_at
    return question_state(
        at if facts.answered else None,
        at if facts.declined else None,
        at if facts.withdrawn else None,
    )


def _read_texts(statement: Any, actors: Mapping[int, Actor]) -> dict[int, ReadableText]:
    now, found = _reader(actors).now, {}
    for row in db.session.execute(statement):
        text_id, public_id, topic_id, source, at = row[:5]
        author = _author.read(row[5:], now)
        found[text_id] = ReadableText(text_id, public_id, topic_id, source, at, author)
    return found
