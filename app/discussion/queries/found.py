"""What search shows of topics, answers and comments: those of a list of ids that a reader may open.

A reader of several planets is an actor in each, and each is asked by itself: the condition that a topic is
visible names the planet, so nobody is an actor in another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, bindparam, exists, false, or_, select

from app.discussion.models import Tag, TopicTag
from app.discussion.queries.authors import Author, AuthorJoin
from app.discussion.queries.cards import question_state
from app.discussion.queries.facts import ANSWERS, FACT_COLUMNS, A, read_topic_facts
from app.discussion.queries.kinds import Kind, kind_of, stand_in, values_of
from app.discussion.queries.visible import (
    COMMENTS,
    C,
    T,
    comment_is_visible,
    not_deleted,
    topic_is_visible,
    topics_with_questions,
)
from app.kernel.reading import Ready
from app.policy import Action, Actor, TopicFacts, can

_FACTS = len(FACT_COLUMNS)
_author = AuthorJoin("author")
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
G = Tag.__table__.c
TT = TopicTag.__table__.c
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
    """A topic as results show it. `title`, `slug`, `source`, `images` and `files` are empty where its
    words were withdrawn from the reader, or deleted; `author` is None for an anonymous asker, and of a
    deleted topic. `state`: "" for a post. `readable`: its words are."""

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
    readable: bool


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
    """Return those topics that may be opened, by id; markers of deleted ones, too. `actors`: planet id -> the
    reader there, of the planets that are looked into; one query for each."""
    rows = _rows(_topics, actors, ids)
    return {topic.id: topic for topic in (_read_topic(row, actor) for row, actor in rows)}


def find_answers(actors: Mapping[int, Actor], ids: Collection[int]) -> dict[int, ReadableText]:
    """Return those answers that may be read, by id."""
    rows = _rows(_answers, actors, ids)
    return {text.id: text for text in (_read_text(row, actor) for row, actor in rows)}


def find_comments(actors: Mapping[int, Actor], ids: Collection[int]) -> dict[int, ReadableText]:
    """Return those comments that may be read, by id."""
    rows = _rows(_comments, actors, ids)
    return {text.id: text for text in (_read_text(row, actor) for row, actor in rows)}


def find_shown_tags(actors: Mapping[int, Actor], ids: Collection[int]) -> set[int]:
    """Return those tags that a topic bears which may be opened."""
    return {row[0] for row, _actor in _rows(_shown_tags, actors, ids)}


def _rows(
    ready: Callable[[Kind], Ready], actors: Mapping[int, Actor], ids: Collection[int]
) -> Iterator[tuple[Sequence[Any], Actor]]:
    if not ids:
        return
    for actor in actors.values():
        for row in ready(kind_of(actor)).rows(**values_of(actor), ids=ids):
            yield row, actor


@cache
def _topics(kind: Kind) -> Ready:
    source = _author.onto(topics_with_questions(), T.author_id, T.planet_id)
    return Ready(
        select(*FACT_COLUMNS, *_OWN, *_author.columns)
        .select_from(source)
        .where(T.id.in_(_IDS), topic_is_visible(stand_in(kind)))
    )


@cache
def _answers(kind: Kind) -> Ready:
    reader = stand_in(kind)
    source = ANSWERS.join(topics_with_questions(), T.id == A.topic_id)
    mine = A.author_id == reader.user_id if kind.known else false()
    return Ready(
        select(A.id, A.public_id, A.topic_id, A.source, A.created_at, *_author.columns)
        .select_from(_author.onto(source, A.author_id, T.planet_id))
        .where(A.id.in_(_IDS), or_(A.isolated.is_(False), mine), topic_is_visible(reader))
    )


@cache
def _comments(kind: Kind) -> Ready:
    reader = stand_in(kind)
    source = COMMENTS.join(topics_with_questions(), T.id == C.topic_id)
    readable = (C.deleted_at.is_(None), comment_is_visible(reader), topic_is_visible(reader))
    return Ready(
        select(C.id, C.public_id, C.topic_id, C.source, C.created_at, *_author.columns)
        .select_from(_author.onto(source, C.author_id, C.planet_id))
        .where(C.id.in_(_IDS), *readable)
    )


@cache
def _shown_tags(kind: Kind) -> Ready:
    bearing = (
        select(T.id)
        .select_from(topics_with_questions().join(TopicTag.__table__, TT.topic_id == T.id))
        .where(TT.tag_id == G.id, not_deleted(), topic_is_visible(stand_in(kind)))
        .correlate(Tag.__table__)
    )
    return Ready(select(G.id).where(G.id.in_(_IDS), exists(bearing)))


def _read_topic(row: Sequence[Any], actor: Actor) -> ReadableTopic:
    facts = read_topic_facts(row)
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
        author=None if facts.deleted else _author.read(row[_FACTS + len(_OWN) :], actor.now),
        state=_state(facts),
        digest=digest_at is not None and not facts.deleted,
        images=images if has_words else 0,
        files=files if has_words else 0,
        comments=comments,
        readable=has_words,
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


def _read_text(row: Sequence[Any], actor: Actor) -> ReadableText:
    text_id, public_id, topic_id, source, at = row[:5]
    author = _author.read(row[5:], actor.now)
    return ReadableText(text_id, public_id, topic_id, source, at, author)
