"""From comments to the shapes that templates take, and what a reader may do with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for
from flask_babel import gettext, ngettext
from markupsafe import Markup

from app.blueprints.discussion.present import Shape, author_shape, image_shape
from app.discussion.queries.comment_rows import CommentView
from app.discussion.queries.comment_tree import CommentNode
from app.discussion.queries.comment_windows import CURSOR_KINDS, Cursor
from app.kernel.ids import is_public_id
from app.media.queries import AttachmentView, list_attachments
from app.policy import Action, Actor, CommentFacts, TopicFacts, can


@dataclass(frozen=True, slots=True)
class ThreadRights:
    """What a reader may do below a topic: with any comment, with his own, with those of others.

    The policy is asked once a page: of comments that can be seen nothing else decides, save for
    editing whether he alone sees it (`edit_unheard`).
    """

    like: bool
    reply: bool
    edit_own: bool
    edit_unheard: bool
    delete_own: bool
    delete_any: bool
    stick: bool
    history_any: bool


def rights_below(actor: Actor, facts: TopicFacts) -> ThreadRights:
    """Return what the actor may do with the comments of a topic he reads."""
    own = CommentFacts(topic=facts, writer_id=actor.user_id or 0, created_at=actor.now)
    other = CommentFacts(topic=facts, writer_id=None, created_at=actor.now)
    return ThreadRights(
        like=bool(can(actor, Action.LIKE, other)),
        reply=bool(can(actor, Action.COMMENT_WRITE, facts)),
        edit_own=bool(can(actor, Action.COMMENT_EDIT, own)),
        edit_unheard=bool(can(actor, Action.COMMENT_EDIT, replace(own, isolated=True))),
        delete_own=bool(can(actor, Action.COMMENT_DELETE, own)),
        delete_any=bool(can(actor, Action.COMMENT_DELETE, other)),
        stick=bool(can(actor, Action.COMMENT_STICK, other)),
        history_any=bool(can(actor, Action.COMMENT_HISTORY, other)),
    )


def is_own(actor: Actor, view: CommentView, facts: TopicFacts) -> bool:
    """Tell whether the reader wrote the comment, also as an anonymous asker."""
    if actor.user_id is None or view.deleted:
        return False
    if view.writer_id is None:
        return view.as_asker and facts.writer_id == actor.user_id
    return view.writer_id == actor.user_id


def images_of(views: Iterable[CommentView]) -> dict[int, list[AttachmentView]]:
    """Return the pictures of these comments by row id; no query when there are none."""
    wanted = [view.id for view in views if view.has_image]
    return list_attachments("comment", wanted) if wanted else {}


def writer_name(view: CommentView) -> str:
    """Return what to call a comment's writer where only a name stands."""
    if view.deleted:
        return str(gettext("a deleted comment"))
    return view.author.name if view.author else str(gettext("Asker"))


def comment_shape(slug: str, view: CommentView, *, images: list[AttachmentView]) -> Shape:
    """Return what every reader sees of a comment; likes and acts are added by the caller."""
    author = author_shape(view.author)
    if view.author is None:
        author["name"] = gettext("Asker")
    return {
        "id": f"c-{view.public_id}",
        "url": url_for("comments.show", slug=slug, public_id=view.public_id),
        "author": author,
        "asker": view.as_asker and view.author is not None,
        "at": view.created_at,
        "edited": view.edited,
        "html": Markup(view.html),  # noqa: S704 - made by kernel.text
        "depth": 0,
        "deleted": view.deleted,
        "stuck": view.stuck,
        "reply_to": None,
        "quote": _quote(slug, view),
        "image": image_shape(images[0]) if images else None,
        "replies": view.reply_count,
        "more": None,
    }


def _quote(slug: str, view: CommentView) -> Shape | None:
    if not view.quote:
        return None
    url = url_for("comments.show", slug=slug, public_id=view.quote_public_id)
    return {"url": url, "name": gettext("Quote"), "text": view.quote}


def acts_shape(slug: str, view: CommentView, rights: ThreadRights, *, own: bool) -> Shape:
    """Return what `comment_acts` takes, but for `liked`; `own` is whose comment it is."""
    where: dict[str, Any] = {"slug": slug, "public_id": view.public_id}
    return {
        "id": f"c-{view.public_id}",
        "likes": view.like_count,
        "like_url": url_for("reactions.like_comment", **where) if rights.like else None,
        "reply_url": url_for("comments.reply", **where) if rights.reply else None,
        "menu": _menu(where, view, rights, own=own),
    }


def _menu(
    where: dict[str, Any], view: CommentView, rights: ThreadRights, *, own: bool
) -> list[Shape]:
    """Return the lines of a comment's menu."""
    lines = []
    if own and (rights.edit_unheard if view.isolated else rights.edit_own):
        lines.append(_line(gettext("Edit"), url_for("comments.edit", **where), "pen-line"))
    if view.edited and (own or rights.history_any):
        lines.append(_line(gettext("Versions"), url_for("comments.history", **where), "history"))
    if rights.stick and view.root_id is None:
        label = gettext("No longer on top") if view.stuck else gettext("Put on top")
        endpoint = "comments.unstick" if view.stuck else "comments.stick"
        lines.append(_line(label, url_for(endpoint, **where), "pin") | {"post": True})
    if rights.delete_any or (own and rights.delete_own):
        lines.append(_line(gettext("Delete"), url_for("comments.delete", **where), "trash-2"))
    return lines


def _line(label: str, url: str, icon: str) -> Shape:
    return {
        "label": label,
        "url": url,
        "icon": icon,
        "post": False,
        "danger": icon == "trash-2",
        "confirm": None,
        "fields": {},
    }


def more_shape(slug: str, node: CommentNode) -> Shape | None:
    """Return the link to a root's replies that are not on the page, None when all are."""
    if node.hidden <= 0:
        return None
    last = node.last_shown
    cursor: dict[str, Any] = {"after": last} if last else {}
    return {
        "url": url_for("comments.replies", slug=slug, public_id=node.view.public_id, **cursor),
        "label": ngettext("%(num)s more reply", "%(num)s more replies", node.hidden),
    }


def cursor_args(cursor: Cursor | None) -> dict[str, str]:
    """Return a cursor as the query parameter of an address."""
    return {cursor.kind: cursor.public_id} if cursor else {}


def cursor_in(args: Mapping[str, str]) -> Cursor | None:
    """Return the cursor that an address carries; None for a word that chat apps put in its place
    (`from=groupmessage`)."""
    for kind in CURSOR_KINDS:
        if is_public_id(args.get(kind, "")):
            return Cursor(kind, args[kind])
    return None
