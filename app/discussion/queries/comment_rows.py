"""A comment as pages show it: its columns, how a row is read, and what is listed for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, bindparam, or_, select

from app.discussion.models import Comment
from app.discussion.queries.authors import Author, AuthorJoin
from app.discussion.queries.visible import COMMENTS, C
from app.policy import Actor, TopicFacts


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment as pages show it. A deleted one is a marker: its words and author are not here.

    `id`, `parent_id`, `root_id` and `writer_id` are for the house; pages print `public_id` only.
    `author` and `writer_id` are None for an anonymous asker (`as_asker`).
    """

    id: int
    public_id: str
    parent_id: int | None
    root_id: int | None
    depth: int
    writer_id: int | None
    as_asker: bool
    author: Author | None
    html: str
    rev: int
    created_at: datetime
    edited: bool
    deleted: bool
    stuck: bool
    isolated: bool
    like_count: int
    reply_count: int
    has_image: bool
    quote: str
    quote_public_id: str


_AUTHOR = AuthorJoin("author")
_QUOTED = Comment.__table__.alias("quoted")
_VIEW_COLUMNS = (
    C.id,
    C.public_id,
    C.parent_id,
    C.root_id,
    C.depth,
    C.author_id,
    C.as_asker,
    C.html,
    C.rev,
    C.created_at,
    C.edited_at,
    C.deleted_at,
    C.stuck_at,
    C.isolated,
    C.like_count,
    C.reply_count,
    C.has_image,
    C.quote,
    _QUOTED.c.public_id,
    _QUOTED.c.deleted_at,
)
_WIDTH = len(_VIEW_COLUMNS)


def is_listed(c: Any = C) -> ColumnElement[bool]:
    """Return the condition that a comment of a readable topic is shown to the reader.

    Binds `me` and `asks` (values by `reader_binds`), so that statements are built once for all.
    """
    asks = bindparam("asks", type_=C.as_asker.type)
    mine = or_(c.author_id == bindparam("me"), and_(c.as_asker, asks))
    return and_(or_(c.deleted_at.is_(None), c.reply_count > 0), or_(c.isolated.is_(False), mine))


def reader_binds(actor: Actor, facts: TopicFacts) -> dict[str, Any]:
    """Return the values of what `is_listed` binds: nobody has the row id 0."""
    me = actor.user_id or 0
    return {"me": me, "asks": facts.anonymous and facts.writer_id == me}


def visible_comments(actor: Actor, topic_id: int, facts: TopicFacts) -> Select[tuple[int]]:
    """Return a select of the ids of a readable topic's comments that the actor may read.

    The caller has asked for the topic. Markers of deleted comments are among them.
    """
    statement = select(C.id).where(C.topic_id == topic_id, is_listed())
    return statement.params(reader_binds(actor, facts))


def comment_views() -> Select[Any]:
    """Return the select whose rows `read_comment_view` reads."""
    source: FromClause = COMMENTS.outerjoin(_QUOTED, _QUOTED.c.id == C.quote_id)
    source = _AUTHOR.onto(source, C.author_id, C.planet_id)
    return select(*_VIEW_COLUMNS, *_AUTHOR.columns).select_from(source)


def read_comment_view(row: Any, now: datetime) -> CommentView:
    """Return the comment of a row of `comment_views`. `now` decides whose role still counts."""
    (
        id_,
        public_id,
        parent_id,
        root_id,
        depth,
        writer_id,
        as_asker,
        html,
        rev,
        created_at,
        edited_at,
        deleted_at,
        stuck_at,
        isolated,
        like_count,
        reply_count,
        has_image,
        quote,
        quote_public_id,
        quote_deleted_at,
    ) = row[:_WIDTH]
    gone = deleted_at is not None
    quotes = quote_public_id is not None and quote_deleted_at is None and not gone
    return CommentView(
        id=id_,
        public_id=public_id,
        parent_id=parent_id,
        root_id=root_id,
        depth=depth,
        writer_id=None if gone else writer_id,
        as_asker=as_asker and not gone,
        author=None if gone else _AUTHOR.read(row[_WIDTH:], now),
        html="" if gone else html,
        rev=rev,
        created_at=created_at,
        edited=edited_at is not None and not gone,
        deleted=gone,
        stuck=stuck_at is not None,
        isolated=isolated,
        like_count=like_count,
        reply_count=reply_count,
        has_image=has_image and not gone,
        quote=quote if quotes else "",
        quote_public_id=quote_public_id if quotes else "",
    )
