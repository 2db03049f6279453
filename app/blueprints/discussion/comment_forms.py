"""The form of a comment: what it sends, and the page that shows it when it stands alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import render_template, request, url_for
from werkzeug.datastructures import FileStorage, MultiDict

from app.blueprints.discussion.comment_shapes import comment_shape
from app.blueprints.discussion.composer_page import upload_shape
from app.blueprints.discussion.forms import attachment_ids, store_files
from app.blueprints.discussion.present import Shape, topic_url
from app.discussion.actions.comments import CommentWish
from app.discussion.queries.comments import comment_view
from app.discussion.queries.facts import CommentRow, TopicRow
from app.kernel.errors import NotFound
from app.media.queries import list_attachments, list_waiting
from app.planets.queries import PlanetView
from app.policy import Action, Actor, CommentFacts, TopicFacts, can
from app.policy.rules import edit_is_silent


@dataclass(frozen=True, slots=True)
class CommentState:
    """What stands in the form. `key` names this form, so that sending it twice writes once."""

    key: str = ""
    text: str = ""
    parent: str = ""
    quotes: bool = False
    images: tuple[str, ...] = ()

    @property
    def wish(self) -> CommentWish:
        """What the room is asked for."""
        return CommentWish(
            text=self.text, parent=self.parent, quotes=self.quotes, images=self.images
        )


def comment_state(form: MultiDict[str, str]) -> CommentState:
    """Return what a comment's form sent."""
    return CommentState(
        key=form.get("key", ""),
        text=form.get("text", ""),
        parent=form.get("parent", ""),
        quotes=bool(form.get("quotes")),
        images=attachment_ids(form),
    )


def state_of(row: CommentRow) -> CommentState:
    """Return the form filled with a comment that is there already."""
    held = list_attachments("comment", [row.id]).get(row.id, []) if row.has_image else []
    return CommentState(
        key=row.public_id, text=row.source, images=tuple(one.public_id for one in held)
    )


def stored(
    planet: PlanetView, actor: Actor, state: CommentState, files: list[FileStorage]
) -> CommentState:
    """Return the form with what it sent without scripts among its pictures. Invalid from the room."""
    sent = store_files(planet, actor, files)
    return replace(state, images=(*state.images, *sent)) if sent else state


def empty_form(planet: PlanetView, public_id: str) -> Shape:
    """Return the form that stands below a topic; its key is put in by the page."""
    return _form(planet, public_id, CommentState(key=""), [], {})


def comment_page(
    planet: PlanetView,
    actor: Actor,
    topic: TopicRow,
    facts: TopicFacts,
    state: CommentState,
    errors: dict[str, str] | None = None,
    *,
    editing: tuple[CommentRow, CommentFacts] | None = None,
) -> str:
    """Return the page with the form alone: to reply, to edit, or because something was wrong."""
    pictures = _pictures(actor, state, editing[0].id if editing else None)
    form = _form(planet, topic.public_id, state, pictures, errors)
    readable = topic.slug if can(actor, Action.TOPIC_TEXT_READ, facts) else ""
    url = topic_url(planet.slug, topic.public_id, readable)
    if editing:
        where: dict[str, Any] = {"slug": planet.slug, "public_id": editing[0].public_id}
        form["url"], url = url_for("comments.save", **where), url_for("comments.show", **where)
    fragment = "X-Fragment" in request.headers
    return render_template(
        "discussion/_comment_form_alone.html" if fragment else "discussion/comment_form.html",
        form=form,
        parent=_parent(planet.slug, actor, topic, facts, state),
        editing=editing is not None,
        leaves_history=editing is not None and not edit_is_silent(actor, editing[1]),
        back=url,
    )


def _form(
    planet: PlanetView,
    public_id: str,
    state: CommentState,
    attachments: list[Shape],
    errors: dict[str, str] | None,
) -> Shape:
    return {
        "url": url_for("comments.write", slug=planet.slug, public_id=public_id),
        "state": state,
        "errors": errors or {},
        "attachments": attachments,
        "max_chars": planet.comment_max_chars,
        "upload_url": url_for("media.upload", slug=planet.slug),
    }


def _pictures(actor: Actor, state: CommentState, comment_id: int | None) -> list[Shape]:
    held = list_attachments("comment", [comment_id]).get(comment_id, []) if comment_id else []
    waiting = list_waiting(actor.user_id or 0, state.images) if state.images else []
    known = {one.public_id: one for one in (*held, *waiting)}
    return [upload_shape(known[one]) for one in state.images if one in known]


def _parent(
    slug: str, actor: Actor, topic: TopicRow, facts: TopicFacts, state: CommentState
) -> Shape | None:
    """Return the comment replied to, to be read above the form; None when there is none (any more)."""
    if not state.parent:
        return None
    try:
        view = comment_view(actor, state.parent, facts, topic_id=topic.id)
    except NotFound:
        return None
    return comment_shape(slug, view, images=[]) | {"acts": "", "replies": 0}
