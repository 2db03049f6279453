"""Reading a person's notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, func, or_, select

from app.accounts.queries import Viewer
from app.billing.models import Order
from app.discussion.queries.visible import C, T
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.kernel.reading import Ready
from app.memberships.models import Membership
from app.notifications.kinds import Kind
from app.notifications.models import Notification as N
from app.notifications.sight import Sight, look_at, look_at_all

PAGE_SIZE = 30
# A badge says 99+ from here on, so counting further is work for nothing.
COUNT_TO = 100


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice as its owner sees it. `sight` is None when it is not open to him any more."""

    public_id: str
    created_at: datetime
    read: bool
    sight: Sight | None


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A page of notices, newest first; `newer` and `older` are the ids its neighbours start at."""

    notices: list[NoticeView]
    newer: str | None
    older: str | None


def list_notices(viewer: Viewer, *, before: str = "", after: str = "") -> NoticePage:
    """Return a page of the viewer's notices: those older than `before`, newer than `after`, or the
    newest. An unknown id is as if there were none. Constant number of queries."""
    edge = _find_edge(viewer, before or after)
    backwards = bool(after and edge is not None)
    order = (N.created_at.asc(), N.id.asc()) if backwards else (N.created_at.desc(), N.id.desc())
    statement = select(N).where(N.user_id == viewer.user_id).order_by(*order).limit(PAGE_SIZE + 1)
    if edge is not None:
        statement = statement.where(_beyond(edge, newer=backwards))
    found = list(db.session.scalars(statement))
    more, rows = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if backwards:
        rows.reverse()
    if not rows:
        return NoticePage([], None, None)
    has_newer = more if backwards else edge is not None
    has_older = edge is not None if backwards else more
    return NoticePage(
        _views(viewer, rows),
        newer=rows[0].public_id if has_newer else None,
        older=rows[-1].public_id if has_older else None,
    )


def _find_edge(viewer: Viewer, public_id: str) -> tuple[datetime, int] | None:
    if not public_id:
        return None
    statement = select(N.created_at, N.id).where(
        N.public_id == public_id, N.user_id == viewer.user_id
    )
    row = db.session.execute(statement).one_or_none()
    return (row[0], row[1]) if row else None


def _beyond(edge: tuple[datetime, int], *, newer: bool) -> ColumnElement[bool]:
    moment, row_id = edge
    if newer:
        return or_(N.created_at > moment, and_(N.created_at == moment, N.id > row_id))
    return or_(N.created_at < moment, and_(N.created_at == moment, N.id < row_id))


def _views(viewer: Viewer, rows: Sequence[N]) -> list[NoticeView]:
    sights = look_at_all(viewer.user_id, rows)
    return [
        NoticeView(row.public_id, row.created_at, row.read_at is not None, sight)
        for row, sight in zip(rows, sights, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page shows of that which notices may be about: a topic (row id), comments (public ids), an
    order (public id), or what notices of some kinds in a planet lead to."""

    topic_id: int = 0
    comments: frozenset[str] = frozenset()
    order: str = ""
    planet_id: int = 0
    kinds: tuple[Kind, ...] = ()


def unread_notice(user_id: Any) -> ColumnElement[bool]:
    """Say that a notice waits to be read: nothing waits of what was deleted, nor where one has left.

    The badge hangs on columns alone; what else is not open any more is looked for when notices are
    listed, and does not wait from then on.
    """
    inside = exists().where(
        Membership.planet_id == N.planet_id,
        Membership.user_id == N.user_id,
        Membership.left_at.is_(None),
        Membership.removed_at.is_(None),
    )
    topic = exists().where(T.id == N.topic_id, T.deleted_at.is_(None))
    comment = exists().where(C.id == N.comment_id, C.deleted_at.is_(None))
    return and_(
        N.user_id == user_id,
        N.read_at.is_(None),
        or_(N.topic_id.is_(None), and_(topic, inside)),
        or_(N.comment_id.is_(None), comment),
    )


def noticed_in(seen: Seen) -> ColumnElement[bool]:
    """Say that a notice is about what a page shows."""
    shown: list[ColumnElement[bool]] = []
    if seen.topic_id:
        shown.append(and_(N.topic_id == seen.topic_id, N.comment_id.is_(None)))
    if seen.comments:
        shown.append(N.comment_id.in_(select(C.id).where(C.public_id.in_(seen.comments))))
    if seen.order:
        order = select(Order.id).where(Order.public_id == seen.order).scalar_subquery()
        shown.append(N.order_id == order)
    if seen.kinds:
        shown.append(and_(N.planet_id == seen.planet_id, N.kind.in_(seen.kinds)))
    return or_(false(), *shown)


_UNREAD = Ready(
    select(func.count()).select_from(
        select(N.id).where(unread_notice(bindparam("user_id"))).limit(COUNT_TO).subquery()
    )
)


def count_unread(user_id: int) -> int:
    """Return how many notices wait for a person, at most 100. One query."""
    row = _UNREAD.first(user_id=user_id)
    return int(row[0]) if row else 0


def count_seen(user_id: int, seen: Seen) -> int:
    """Return how many of a person's waiting notices are about what a page shows. One query."""
    waiting = select(func.count()).where(unread_notice(user_id), noticed_in(seen))
    return db.session.scalar(waiting) or 0


def get_notice(viewer: Viewer, public_id: str) -> tuple[N, Sight]:
    """Return one of the viewer's notices and what he may see of it; NotFound when that is nothing."""
    statement = select(N).where(N.public_id == public_id, N.user_id == viewer.user_id)
    row = db.session.scalars(statement).one_or_none()
    sight = look_at(row) if row is not None else None
    if row is None or sight is None:
        raise NotFound(public_id)
    return row, sight
