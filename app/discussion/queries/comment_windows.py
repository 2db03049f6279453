"""Keyset windows of comments: pages that neither repeat nor miss, forwards and backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, Select, bindparam, select, tuple_, union_all

from app.discussion.queries.comment_rows import CommentView
from app.discussion.queries.visible import C

Order = Literal["time", "likes"]
Kind = Literal["after", "before", "from"]
CURSOR_KINDS: tuple[Kind, ...] = ("after", "before", "from")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after, before or at (`from`) the comment of this public id."""

    kind: Kind
    public_id: str


Cut = tuple[list[CommentView], Cursor | None, Cursor | None]


@dataclass(frozen=True, slots=True)
class Window:
    """A keyset window: `size` rows from the cursor on, and `lookback` before it for `from`."""

    order: Order
    kind: Kind | None
    size: int
    lookback: int = 0

    @property
    def keys(self) -> tuple[str, str]:
        """The columns that order the window, both rising by time and both falling by likes."""
        return ("created_at", "id") if self.order == "time" else ("like_count", "id")

    def ids(self, table: FromClause, *conditions: ColumnElement[bool]) -> Select[tuple[int]]:
        """Return the ids in the window, one more than wanted at each end that may go on."""
        key = tuple_(*(table.c[name] for name in self.keys))
        cursor = tuple_(*(bindparam(f"key_{n}", type_=C[n].type) for n in self.keys))
        rising = self.order == "time"
        onward, backward = (key > cursor, key < cursor) if rising else (key < cursor, key > cursor)

        def part(*extra: ColumnElement[bool], back: bool, limit: int) -> Select[tuple[int]]:
            downwards = back != (self.order == "likes")
            by = [table.c[n].desc() if downwards else table.c[n].asc() for n in self.keys]
            rows = select(table.c.id).where(*conditions, *extra).order_by(*by).limit(limit)
            return select(rows.subquery().c.id)

        if self.kind is None:
            return part(back=False, limit=self.size + 1)
        if self.kind == "after":
            return part(onward, back=False, limit=self.size + 1)
        if self.kind == "before":
            return part(backward, back=True, limit=self.size + 1)
        at_or_on = key >= cursor if rising else key <= cursor
        before = part(backward, back=True, limit=self.lookback + 1)
        rest = part(at_or_on, back=False, limit=self.size + 1)
        return select(union_all(before, rest).subquery().c.id)

    def place(self, view: CommentView) -> tuple[Any, int]:
        """Return what sorts the views of this window."""
        if self.order == "likes":
            return (-view.like_count, -view.id)
        return (view.created_at, view.id)

    def cut(self, views: list[CommentView], cursor: Cursor | None) -> Cut:
        """Return of the fetched views those of the page, in order, and its neighbours' cursors."""
        views = sorted(views, key=self.place)
        if self.kind == "before":
            kept, earlier, later = views[-self.size :], len(views) > self.size, True
        elif self.kind == "from" and cursor is not None:
            at = next((i for i, v in enumerate(views) if v.public_id == cursor.public_id), 0)
            start = max(0, at - self.lookback)
            kept = views[start : at + self.size]
            earlier, later = start > 0, len(views) - at > self.size
        else:
            kept, earlier, later = views[: self.size], self.kind == "after", len(views) > self.size
        if not kept:
            return [], None, None
        first, last = Cursor("before", kept[0].public_id), Cursor("after", kept[-1].public_id)
        return kept, first if earlier else None, last if later else None
