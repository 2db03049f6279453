"""A planet's feed: which topics, in which order, and what each is to this reader.

The rows here carry what differs from reader to reader; what a card shows to everybody comes from
`cards`, so that it can be kept ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    String,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    null,
    select,
    type_coerce,
)

from app.discussion.models import Bookmark, Like, ReadMark, TopicTag
from app.discussion.queries.facts import FACT_COLUMNS, read_topic_facts
from app.discussion.queries.kinds import Kind, kind_of, stand_in, values_of
from app.discussion.queries.pages import NEWEST, Cursor, Cut, Page, Way, cut_out, page_of
from app.discussion.queries.visible import (
    TOPICS,
    Q,
    T,
    not_deleted,
    published,
    text_is_visible,
    topic_is_visible,
    topics_with_questions,
    visible_topics,
)
from app.kernel.db import db
from app.kernel.reading import Ready
from app.memberships.models import Membership
from app.policy import Action, Actor, PlanetRole, TopicFacts, can

PAGE_SIZE = 20
MAX_PINNED = 10
_FACTS = len(FACT_COLUMNS)
_LISTED = 9
ENTRY_COLUMNS = (
    *FACT_COLUMNS,
    T.id,
    T.public_id,
    T.rev,
    T.like_count,
    T.comment_count,
    T.last_activity_at,
)
M = Membership.__table__.c
L = Like.__table__.c
B = Bookmark.__table__.c
R = ReadMark.__table__.c
TT = TopicTag.__table__.c


class FeedView(StrEnum):
    """The tabs of a feed that are not tags."""

    LATEST = "latest"
    DIGEST = "digest"
    OWNER = "owner"
    QUESTIONS = "questions"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A topic in a list and what it is to this reader. `facts` tell the policy the rest.

    `unread`: never opened and published since what counts as read. `has_news`: something was
    written since he opened it last, or he never did.
    """

    facts: TopicFacts
    id: int
    public_id: str
    rev: int
    like_count: int
    comment_count: int
    liked: bool
    bookmarked: bool
    unread: bool
    has_news: bool
    text_readable: bool
    published_at: datetime


class Listed(NamedTuple):
    """A topic's place in a feed, and all that a card of it hangs on beside the page's language.

    Two readers with the same values are shown the same card: so it is the key under which a drawn
    one is kept. `rev` stands for everything that the card shows to everybody.
    """

    id: int
    public_id: str
    rev: int
    like_count: int
    comment_count: int
    liked: bool
    bookmarked: bool
    unread: bool
    text_readable: bool


@dataclass(frozen=True, slots=True)
class PinnedTopic:
    """A pinned topic as one line: the title, or the beginning of the text."""

    public_id: str
    slug: str
    title: str
    published_at: datetime


def reader_columns(actor: Actor) -> tuple[ColumnElement[Any], ...]:
    """Return what one reader's own rows say of a topic: liked, bookmarked, read when, and up to
    when everything counts as read. NULLs for a visitor."""
    if actor.user_id is None:
        return (literal(value=False), literal(value=False), null(), null())
    liked = exists().where(
        L.subject_type == "topic", L.subject_id == T.id, L.user_id == actor.user_id
    )
    kept = exists().where(B.user_id == actor.user_id, B.topic_id == T.id)
    read_at = (
        select(R.read_at)
        .where(R.user_id == actor.user_id, R.topic_id == T.id)
        .correlate(TOPICS)
        .scalar_subquery()
    )
    if actor.membership_id is None:
        # `id IS NULL` would be looked for in all memberships there are.
        return (liked, kept, read_at, null())
    through = select(M.read_through_at).where(M.id == actor.membership_id).scalar_subquery()
    return (liked, kept, read_at, through)


def list_feed(
    actor: Actor, *, view: FeedView = FeedView.LATEST, tag_id: int | None = None, cut: Cut
) -> Page[Listed]:
    """Return a page of what the actor may read, newest first; of one tag when `tag_id` is given."""
    # SQLite bounds an index by one condition alone: beside the cursor's, that the time has come
    # would make it walk from today back to the cursor.
    past = cut.before is not None and cut.before.published_at <= actor.now
    page = _feed(kind_of(actor), view, cut.way, tagged=tag_id is not None, past=past)
    rows = page.rows(**values_of(actor), **cut.values(PAGE_SIZE), tag=tag_id)
    if not rows and cut != NEWEST:
        return list_feed(actor, view=view, tag_id=tag_id, cut=NEWEST)
    return page_of(rows, cut, _read_listed, size=PAGE_SIZE)


def _read_listed(row: Sequence[Any]) -> Listed:
    return Listed._make(row[:_LISTED])


@cache
def _feed(kind: Kind, view: FeedView, way: Way, *, tagged: bool, past: bool) -> Ready:
    reader = stand_in(kind)
    source, keys, extra = _source(reader, view, tagged=tagged)
    if not past:
        extra.append(published(reader))
    statement = (
        select(*_listed_columns(reader), type_coerce(T.published_at, String), T.public_id)
        .select_from(source)
        .where(topic_is_visible(reader), not_deleted(), *extra)
    )
    return Ready(cut_out(statement, way, keys=keys))


def _listed_columns(reader: Actor) -> tuple[ColumnElement[Any], ...]:
    """Return the columns of `Listed`, for published topics. The conditions come as 0 and 1, which
    are as good as False and True and need no conversion for each row."""
    liked, kept, read_at, through = reader_columns(reader)
    unread: ColumnElement[Any] = false()
    if reader.inside and reader.user_id is not None:
        # As `is_unread`: a test holds the two together.
        others = func.coalesce(Q.asker_id, T.author_id) != reader.user_id
        unread = and_(others, T.published_at > through, read_at.is_(None))
    counts = (T.id, T.public_id, T.rev, T.like_count, T.comment_count)
    told = (liked, kept, unread, text_is_visible(reader))
    return (*counts, *(type_coerce(one, Integer) for one in told))


def _source(
    actor: Actor, view: FeedView, *, tagged: bool
) -> tuple[FromClause, tuple[ColumnElement[Any], ColumnElement[Any]], list[ColumnElement[bool]]]:
    """Return the tables, the indexed columns of the order, and the conditions of a tab."""
    if not tagged:
        return topics_with_questions(), (T.published_at, T.id), _extra(actor, view)
    # From the tag's own index, which repeats the time.
    of_tag = TopicTag.__table__.join(topics_with_questions(), T.id == TT.topic_id)
    return of_tag, (TT.published_at, TT.topic_id), [TT.tag_id == bindparam("tag")]


def _extra(actor: Actor, view: FeedView) -> list[ColumnElement[bool]]:
    if view is FeedView.DIGEST:
        return [T.digest_at.is_not(None)]
    if view is FeedView.QUESTIONS:
        return [T.kind == "question"]
    if view is FeedView.FILES:
        return [T.file_count > 0]
    if view is FeedView.OWNER and actor.planet is not None:
        # One id, not a list: only so is the author's index read in its order.
        owner = (
            select(M.user_id)
            .where(M.planet_id == actor.planet.id, M.role == PlanetRole.OWNER.value)
            .order_by(M.id)
            .limit(1)
            .scalar_subquery()
        )
        return [T.author_id == owner]
    return []


def read_entry(actor: Actor, row: Sequence[Any]) -> FeedEntry:
    """Return the entry of a row that begins with ENTRY_COLUMNS and `reader_columns`."""
    facts = read_topic_facts(row)
    (topic_id, public_id, rev, likes, comments, active_at, liked, kept, read_at, through) = row[
        _FACTS : _FACTS + 10
    ]
    return FeedEntry(
        facts=facts,
        id=topic_id,
        public_id=public_id,
        rev=rev,
        like_count=likes,
        comment_count=comments,
        liked=bool(liked),
        bookmarked=bool(kept),
        has_news=actor.user_id is not None
        and facts.published_at <= actor.now
        and (read_at is None or read_at < active_at),
        unread=is_unread(actor, facts, read_at, through),
        text_readable=bool(can(actor, Action.TOPIC_TEXT_READ, facts)),
        published_at=facts.published_at,
    )


def is_unread(
    actor: Actor, facts: TopicFacts, read_at: datetime | None, through: datetime | None
) -> bool:
    """Tell whether a topic is new to a member: not opened yet, later than what counts as read."""
    if through is None or not actor.inside or facts.writer_id == actor.user_id:
        return False
    return read_at is None and through < facts.published_at <= actor.now


def list_pinned(actor: Actor) -> list[PinnedTopic]:
    """Return the pinned topics the actor may read, the newest pin first."""
    rows = _pinned(kind_of(actor)).rows(**values_of(actor))
    return [
        PinnedTopic(public_id, slug, title or excerpt, at)
        for public_id, slug, title, excerpt, at in rows
    ]


@cache
def _pinned(kind: Kind) -> Ready:
    reader = stand_in(kind)
    statement = (
        visible_topics(reader)
        .where(published(reader), text_is_visible(reader), T.pinned_at.is_not(None))
        .with_only_columns(
            T.public_id, T.slug, T.title, T.excerpt, T.published_at, maintain_column_froms=True
        )
    )
    return Ready(statement.order_by(T.pinned_at.desc()).limit(MAX_PINNED))


def find_first_unread(actor: Actor) -> Cursor | None:
    """Return the place just before the oldest topic that is new to the actor; None when all is read."""
    if actor.membership_id is None or not actor.inside:
        return None
    through = select(M.read_through_at).where(M.id == actor.membership_id).scalar_subquery()
    opened = exists().where(R.user_id == actor.user_id, R.topic_id == T.id)
    statement = (
        visible_topics(actor)
        .where(published(actor), not_deleted(), T.published_at > through, ~opened)
        .where(func.coalesce(Q.asker_id, T.author_id) != actor.user_id)
        .with_only_columns(T.published_at, T.public_id, maintain_column_froms=True)
        .order_by(T.published_at, T.id)
        .limit(1)
    )
    row = db.session.execute(statement).one_or_none()
    return Cursor(row[0], row[1]) if row else None
