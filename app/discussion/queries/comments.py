"""Reading comments: pages of a thread, pages of one comment's replies, where a permalink leads.

A page costs the same however long the thread is: 20 roots and the first 3 replies of each come in
one statement, further replies on demand. What a page holds is the same for every reader of the
topic, save what isolated people wrote: they alone see it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    select,
    true,
    tuple_,
    union_all,
)

from app.discussion.queries.comment_rows import (
    CommentView,
    comment_views,
    is_listed,
    read_comment_view,
    reader_binds,
)
from app.discussion.queries.comment_windows import Cursor, Kind, Order, Window
from app.discussion.queries.visible import COMMENTS, C
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.kernel.reading import Ready
from app.policy import Actor, TopicFacts

ROOTS_PER_PAGE = 20
FIRST_REPLIES = 3
REPLIES_PER_PAGE = 50
REPLIES_BEFORE_FOCUS = 10


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """A page of a topic's comments: `roots` in order, the first `replies` of each, all by time.

    `stuck` is the root shown above all others on the first page. `earlier` and `later` are cursors
    of the neighbouring pages. `total` counts what this reader can see in the whole thread.
    """

    order: Order
    stuck: CommentView | None
    roots: tuple[CommentView, ...]
    replies: tuple[CommentView, ...]
    earlier: Cursor | None
    later: Cursor | None
    total: int


@dataclass(frozen=True, slots=True)
class RepliesPage:
    """A page of the replies below one root, by time. `parents` stand on other pages."""

    root: CommentView
    replies: tuple[CommentView, ...]
    parents: tuple[CommentView, ...]
    earlier: Cursor | None
    later: Cursor | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a comment is found: on a page of the thread, or of its root's replies."""

    page: Literal["thread", "replies"]
    root_public_id: str
    cursor: Cursor | None


# --- a page of the thread ------------------------------------------------------------------------


def thread_page(
    actor: Actor,
    topic_id: int,
    facts: TopicFacts,
    *,
    total: int,
    order: Order = "time",
    cursor: Cursor | None = None,
) -> ThreadPage:
    """Return one page of a readable topic's comments. `total` is the topic's `comment_count`.

    One query for the first page, one more for a page by cursor, one more for an isolated reader.
    A cursor that is no comment of this topic is none: chat apps add parameters of their own.
    """
    window = Window(order, cursor.kind if cursor else None, ROOTS_PER_PAGE)
    binds = {**reader_binds(actor, facts), "topic": topic_id}
    if cursor is not None:
        place = _key_of(cursor, window, topic_id)
        if place is None:
            return thread_page(actor, topic_id, facts, total=total, order=order)
        binds.update(place)
    rows = _thread_statement(order, window.kind, _lateral()).rows(**binds)
    views = [read_comment_view(row, actor.now) for row in rows]
    if actor.isolated:
        total, views = _with_own(total, views, binds)
    stuck = next((v for v in views if v.stuck), None)
    roots, earlier, later = window.cut(
        [v for v in views if v.root_id is None and not v.stuck], cursor
    )
    shown = {v.id for v in roots} | ({stuck.id} if stuck else set())
    replies = sorted((v for v in views if v.root_id in shown), key=_by_time)
    return ThreadPage(order, stuck, tuple(roots), tuple(replies), earlier, later, total)


@cache
def _thread_statement(order: Order, kind: Kind | None, lateral: bool) -> Ready:
    roots = COMMENTS.alias("roots")
    top = (roots.c.topic_id == bindparam("topic"), roots.c.root_id.is_(None), is_listed(roots.c))
    window = Window(order, kind, ROOTS_PER_PAGE)
    parts = [window.ids(roots, *top, roots.c.stuck_at.is_(None))]
    if kind is None:
        parts.append(select(roots.c.id).where(*top, roots.c.stuck_at.is_not(None)))
    ids = union_all(*parts).cte("page")
    wanted = union_all(select(ids.c.id), _first_replies(ids, lateral)).subquery()
    return Ready(comment_views().where(C.id.in_(select(wanted.c.id))))


def _first_replies(roots: Any, lateral: bool) -> Select[tuple[int]]:
    """Return the ids of the first replies of each root, without reading the others.

    PostgreSQL does it by LATERAL; SQLite has none, but asks a correlated IN once per root.
    """
    below = COMMENTS.alias("below")
    first = (
        select(below.c.id)
        .where(below.c.root_id == roots.c.id, is_listed(below.c))
        .order_by(below.c.created_at, below.c.id)
        .limit(FIRST_REPLIES)
    )
    if lateral:
        each = first.lateral("first")
        return select(each.c.id).select_from(roots.join(each, true()))
    reply = COMMENTS.alias("reply")
    return select(reply.c.id).select_from(roots.join(reply, reply.c.id.in_(first)))


def _lateral() -> bool:
    return db.engine.dialect.name == "postgresql"


def _by_time(view: CommentView) -> tuple[Any, int]:
    return (view.created_at, view.id)


def _key_of(cursor: Cursor, window: Window, topic_id: int) -> dict[str, Any] | None:
    """Return the binds for the cursor's place; None when it is no comment of the topic."""
    binds = {"public_id": cursor.public_id, "topic": topic_id}
    row = db.session.execute(_key_statement(window.keys), binds).one_or_none()
    if row is None:
        return None
    return {f"key_{name}": value for name, value in zip(window.keys, row, strict=True)}


@cache
def _key_statement(keys: tuple[str, str]) -> Select[Any]:
    named = and_(C.public_id == bindparam("public_id"), C.topic_id == bindparam("topic"))
    return select(*(C[key] for key in keys)).where(named)


# --- what an isolated reader sees more -----------------------------------------------------------


@cache
def _own_statement() -> Select[Any]:
    alive = func.sum(case((C.deleted_at.is_(None), 1), else_=0))
    # What is isolated and still listed for a reader is his own.
    mine = and_(C.topic_id == bindparam("topic"), C.isolated, is_listed())
    return select(C.root_id, func.count(), alive).where(mine).group_by(C.root_id)


def _with_own(
    total: int, views: list[CommentView], binds: dict[str, Any]
) -> tuple[int, list[CommentView]]:
    """Add to the counts what the isolated reader wrote himself: the stored ones leave it out."""
    own = {
        root: (shown, alive) for root, shown, alive in db.session.execute(_own_statement(), binds)
    }
    counted = [
        v if v.isolated or v.id not in own else replace(v, reply_count=v.reply_count + own[v.id][0])
        for v in views
    ]
    return total + sum(alive for _shown, alive in own.values()), counted


def isolated_writers(topic_id: int, facts: TopicFacts) -> frozenset[int]:
    """Return who has comments in a topic that he alone sees: user ids, for the house only."""
    mine = and_(C.topic_id == topic_id, C.isolated)
    rows = db.session.execute(select(C.author_id).where(mine).distinct())
    # Without an author it is the anonymous asker's.
    found = (facts.writer_id if row[0] is None else row[0] for row in rows)
    return frozenset(one for one in found if one is not None)


# --- a page of replies ---------------------------------------------------------------------------


def replies_page(
    actor: Actor, root: str, facts: TopicFacts, *, topic_id: int, cursor: Cursor | None = None
) -> RepliesPage:
    """Return one page of the replies below the root with this public id, in a readable topic.

    At most four queries. NotFound when the root is not shown; a cursor that is no comment of this topic
    is none.
    """
    window = Window("time", cursor.kind if cursor else None, REPLIES_PER_PAGE, REPLIES_BEFORE_FOCUS)
    binds = {**reader_binds(actor, facts), "topic": topic_id}
    top = comment_view(actor, root, facts, topic_id=topic_id)
    if top.root_id is not None:
        raise NotFound(root)
    binds["root"] = top.id
    if cursor is not None:
        place = _key_of(cursor, window, topic_id)
        if place is None:
            return replies_page(actor, root, facts, topic_id=topic_id)
        binds.update(place)
    views = _read_all(actor, _replies_statement(window.kind), binds)
    kept, earlier, later = window.cut(views, cursor)
    missing = {v.parent_id for v in kept} - {v.id for v in kept} - {top.id}
    binds["ids"] = list(missing)
    parents = _read_all(actor, _some_statement(), binds) if missing else []
    return RepliesPage(top, tuple(kept), tuple(parents), earlier, later)


@cache
def _replies_statement(kind: Kind | None) -> Select[Any]:
    reply = COMMENTS.alias("reply")
    window = Window("time", kind, REPLIES_PER_PAGE, REPLIES_BEFORE_FOCUS)
    ids = window.ids(reply, reply.c.root_id == bindparam("root"), is_listed(reply.c))
    return comment_views().where(C.id.in_(ids))


def comment_view(actor: Actor, public_id: str, facts: TopicFacts, *, topic_id: int) -> CommentView:
    """Return one comment of a readable topic as pages show it; NotFound when it is not shown."""
    binds = {**reader_binds(actor, facts), "topic": topic_id, "public_id": public_id}
    found = _read_all(actor, _one_statement(), binds)
    if not found:
        raise NotFound(public_id)
    return found[0]


@cache
def _one_statement() -> Select[Any]:
    named = and_(C.public_id == bindparam("public_id"), C.topic_id == bindparam("topic"))
    return comment_views().where(named, is_listed())


@cache
def _some_statement() -> Select[Any]:
    wanted = and_(C.id.in_(bindparam("ids", expanding=True)), C.topic_id == bindparam("topic"))
    return comment_views().where(wanted, is_listed())


def _read_all(actor: Actor, statement: Select[Any], binds: dict[str, Any]) -> list[CommentView]:
    rows = db.session.execute(statement, binds)
    return [read_comment_view(row, actor.now) for row in rows]


# --- permalinks ----------------------------------------------------------------------------------


def find_place(actor: Actor, view: CommentView, facts: TopicFacts, *, topic_id: int) -> Place:
    """Return on which page this comment of a readable topic is found, in order of time."""
    binds = {**reader_binds(actor, facts), "topic": topic_id}
    root = view
    if view.root_id is not None:
        found = _read_all(actor, _some_statement(), {**binds, "ids": [view.root_id]})
        if not found:
            raise NotFound(view.public_id)
        root = found[0]
        if _before(view, C.root_id == root.id, limit=FIRST_REPLIES, binds=binds) == FIRST_REPLIES:
            return Place("replies", root.public_id, Cursor("from", view.public_id))
    tops = and_(C.topic_id == topic_id, C.root_id.is_(None), C.stuck_at.is_(None))
    if root.stuck or _before(root, tops, limit=ROOTS_PER_PAGE, binds=binds) < ROOTS_PER_PAGE:
        return Place("thread", root.public_id, None)
    return Place("thread", root.public_id, Cursor("from", root.public_id))


def _before(
    view: CommentView, among: ColumnElement[bool], *, limit: int, binds: dict[str, Any]
) -> int:
    """Count the shown comments `among` which the view is, that come before it; stops at `limit`."""
    key = tuple_(C.created_at, C.id) < tuple_(
        bindparam("at", view.created_at, type_=C.created_at.type), bindparam("id", view.id)
    )
    rows = select(C.id).where(among, key, is_listed()).limit(limit).subquery()
    return db.session.scalar(select(func.count()).select_from(rows), binds) or 0
