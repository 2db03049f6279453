"""Comments as a tree that a phone can show: nested to a readable depth, flat below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.discussion.queries.comment_rows import CommentView
from app.discussion.queries.comments import RepliesPage, ThreadPage

READABLE_DEPTH = 3


@dataclass(frozen=True, slots=True)
class CommentNode:
    """A comment in its place. `depth` is 0 to 3; `answers` is the comment replied to where the
    place alone does not tell; `hidden` counts a root's replies that are not on this page, which come
    after the one of public id `last_shown` ("" when none is shown)."""

    view: CommentView
    depth: int
    answers: CommentView | None = None
    replies: list[CommentNode] = field(default_factory=list)
    hidden: int = 0
    last_shown: str = ""


def nest_thread(page: ThreadPage) -> list[CommentNode]:
    """Return the roots of a page with their first replies below them; a stuck root comes first."""
    roots = (page.stuck, *page.roots) if page.stuck else page.roots
    shown: dict[int, list[CommentView]] = {view.id: [] for view in roots}
    for reply in page.replies:
        shown[reply.root_id or 0].append(reply)
    nodes = [
        CommentNode(
            view,
            0,
            hidden=max(0, view.reply_count - len(shown[view.id])),
            last_shown=shown[view.id][-1].public_id if shown[view.id] else "",
        )
        for view in roots
    ]
    _place(nodes, page.replies, {})
    return nodes


def nest_replies(page: RepliesPage) -> CommentNode:
    """Return the root of a page of replies with these below it.

    What answers a comment of another page stands directly below the root and says whom it answers.
    """
    root = CommentNode(page.root, 0)
    _place([root], page.replies, {view.id: view for view in page.parents})
    return root


def _place(
    roots: list[CommentNode], replies: Iterable[CommentView], elsewhere: dict[int, CommentView]
) -> None:
    """Hang replies, which come by time, under what they answer."""
    nodes = {node.view.id: node for node in roots}
    above: dict[int, CommentNode] = {}
    for view in replies:
        parent = nodes.get(view.parent_id or 0)
        if parent is None:
            holder, answers = nodes[view.root_id or 0], elsewhere.get(view.parent_id or 0)
        elif parent.depth >= READABLE_DEPTH:
            holder, answers = above[parent.view.id], parent.view
        else:
            holder, answers = parent, None
        node = CommentNode(view, holder.depth + 1, answers)
        holder.replies.append(node)
        nodes[view.id], above[view.id] = node, holder
