"""The door of comments: write, reply, edit, delete, stick, permalinks, pages of replies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.blueprints.discussion.comment_forms import (
    CommentState,
    comment_page,
    comment_state,
    state_of,
    stored,
)
from app.blueprints.discussion.comment_shapes import (
    acts_shape,
    comment_shape,
    cursor_args,
    cursor_in,
    images_of,
    is_own,
    rights_below,
    writer_name,
)
from app.blueprints.discussion.present import Shape, author_shape, topic_url
from app.blueprints.discussion.words import errors_of, sentence
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.page import show as show_seen
from app.discussion.actions import comments as actions
from app.discussion.diffing import diff_texts
from app.discussion.queries.comment_rows import CommentView
from app.discussion.queries.comment_tree import CommentNode, nest_replies
from app.discussion.queries.comment_windows import Cursor
from app.discussion.queries.comments import comment_view, find_place, replies_page
from app.discussion.queries.facts import (
    CommentRow,
    TopicRow,
    get_comment,
    get_topic,
    get_topic_by_id,
)
from app.discussion.queries.reactions import Marks, marks_on_topic
from app.discussion.queries.revisions import list_revisions
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.ids import new_public_id
from app.notifications.queries import Seen
from app.planets.queries import PlanetView
from app.policy import Action, Actor, TopicFacts, can

bp = Blueprint("comments", __name__)
Page = Response | str | tuple[str, int]


@bp.post("/p/<slug>/t/<public_id>/comments")
@declares(Action.COMMENT_WRITE)
def write(slug: str, public_id: str) -> Page:
    """Write a comment below a topic, or a reply to the comment that `parent` names."""
    planet, actor = enter_planet(slug)
    topic, facts = get_topic(actor, public_id)
    require(can(actor, Action.COMMENT_WRITE, facts))
    state = comment_state(request.form)
    try:
        state = stored(planet, actor, state, request.files.getlist("files"))
        if "remove_attachment" in request.form:
            return comment_page(planet, actor, topic, facts, state)
        return _write(planet, actor, topic.public_id, state)
    except Invalid as error:
        if error.field == "parent":
            # What it answered is gone: what was typed can still be sent as a comment of its own.
            state = replace(state, parent="", quotes=False)
        return comment_page(planet, actor, topic, facts, state, errors_of(error)), 422


def _write(planet: PlanetView, actor: Actor, topic_id: str, state: CommentState) -> Response:
    limit = planet.comment_max_chars
    for key in (state.key, ""):
        new = actions.compose_comment(actor, wish=state.wish, max_chars=limit, key=key)
        try:
            with unit_of_work():
                topic, facts = get_topic(actor, topic_id)
                ref = actions.write_comment(actor, topic=topic, facts=facts, comment=new)
        except Conflict:
            # The browser brought an old form back and somebody wrote something new into it.
            continue
        return see_other("comments.show", slug=planet.slug, public_id=ref.public_id)
    raise Conflict(state.key)


@bp.get("/p/<slug>/c/<public_id>")
@declares(Action.COMMENT_READ)
def show(slug: str, public_id: str) -> Response:
    """Lead to the page on which a comment stands. This address never changes."""
    _planet, actor = enter_planet(slug)
    row, topic, facts = _find(actor, public_id)
    view = comment_view(actor, public_id, facts, topic_id=topic.id)
    place = find_place(actor, view, facts, topic_id=topic.id)
    args: dict[str, Any] = cursor_args(place.cursor)
    anchor = f"#c-{row.public_id}"
    if place.page == "replies":
        url = url_for("comments.replies", slug=slug, public_id=place.root_public_id, **args)
    else:
        readable = topic.slug if can(actor, Action.TOPIC_TEXT_READ, facts) else ""
        url = topic_url(slug, topic.public_id, readable, **args)
    return redirect(url + anchor, code=302)


def _find(actor: Actor, public_id: str) -> tuple[CommentRow, TopicRow, TopicFacts]:
    row = get_comment(actor, public_id)[0]
    topic, facts = get_topic_by_id(actor, row.topic_id)
    return row, topic, facts


@bp.get("/p/<slug>/c/<public_id>/replies")
@declares(Action.COMMENT_READ)
def replies(slug: str, public_id: str) -> str:
    """Show a root and a page of its replies; for our script only the list."""
    planet, actor = enter_planet(slug)
    _row, topic, facts = _find(actor, public_id)
    page = replies_page(actor, public_id, facts, topic_id=topic.id, cursor=cursor_in(request.args))
    root = nest_replies(page)
    drawn_now = (page.root, *page.replies)
    show_seen(Seen(comments=frozenset(one.public_id for one in drawn_now)))
    images = images_of(drawn_now)
    rights, marks = rights_below(actor, facts), marks_on_topic(actor, topic.id)

    def shape(node: CommentNode) -> Shape:
        drawn = comment_shape(slug, node.view, images=images.get(node.view.id, []))
        drawn["depth"] = node.depth
        drawn["reply_to"] = writer_name(node.answers) if node.answers else None
        own = is_own(actor, node.view, facts)
        drawn |= acts_shape(slug, node.view, rights, own=own) | _liked(marks, node.view)
        drawn["below"] = [shape(reply) for reply in node.replies]
        return drawn

    def address(to: Cursor | None) -> str | None:
        args: dict[str, Any] = cursor_args(to)
        return url_for("comments.replies", slug=slug, public_id=public_id, **args) if to else None

    fragment = "X-Fragment" in request.headers
    template = "discussion/_comment_replies.html" if fragment else "discussion/comment_replies.html"
    readable = topic.slug if can(actor, Action.TOPIC_TEXT_READ, facts) else ""
    return render_template(
        template,
        planet=planet,
        root=shape(root),
        earlier=address(page.earlier),
        later=address(page.later),
        topic_url=topic_url(slug, topic.public_id, readable),
    )


def _liked(marks: Marks, view: CommentView) -> Shape:
    subject = ("comment", view.id)
    return {
        "liked": subject in marks.liked,
        "likes": marks.likes(("comment", view.id), view.like_count),
    }


@bp.get("/p/<slug>/c/<public_id>/reply")
@declares(Action.COMMENT_WRITE)
def reply(slug: str, public_id: str) -> str:
    """Show the form of a reply to a comment."""
    planet, actor = enter_planet(slug)
    _row, topic, facts = _find(actor, public_id)
    require(can(actor, Action.COMMENT_WRITE, facts))
    view = comment_view(actor, public_id, facts, topic_id=topic.id)
    if view.deleted:
        raise NotFound(public_id)
    state = CommentState(key=new_public_id(), parent=public_id)
    return comment_page(planet, actor, topic, facts, state)


@bp.get("/p/<slug>/c/<public_id>/edit")
@declares(Action.COMMENT_EDIT)
def edit(slug: str, public_id: str) -> str:
    """Show a comment's text for changing."""
    planet, actor = enter_planet(slug)
    row, own = get_comment(actor, public_id)
    require(can(actor, Action.COMMENT_EDIT, own))
    topic, facts = get_topic_by_id(actor, row.topic_id)
    return comment_page(planet, actor, topic, facts, state_of(row), editing=(row, own))


@bp.post("/p/<slug>/c/<public_id>/edit")
@declares(Action.COMMENT_EDIT)
def save(slug: str, public_id: str) -> Page:
    """Save a comment's changed text."""
    planet, actor = enter_planet(slug)
    row, own = get_comment(actor, public_id)
    require(can(actor, Action.COMMENT_EDIT, own))
    topic, facts = get_topic_by_id(actor, row.topic_id)
    state = comment_state(request.form)
    try:
        state = stored(planet, actor, state, request.files.getlist("files"))
        if "remove_attachment" in request.form:
            return comment_page(planet, actor, topic, facts, state, editing=(row, own))
        _save(planet, actor, public_id, state)
    except Invalid as error:
        told = errors_of(error)
        return comment_page(planet, actor, topic, facts, state, told, editing=(row, own)), 422
    return see_other("comments.show", slug=slug, public_id=public_id)


def _save(planet: PlanetView, actor: Actor, public_id: str, state: CommentState) -> None:
    limit = planet.comment_max_chars
    text = actions.compose_comment(actor, wish=state.wish, max_chars=limit, key=public_id)
    with unit_of_work():
        row, facts = get_comment(actor, public_id)
        actions.edit_comment(actor, comment=row, facts=facts, text=text)


@bp.get("/p/<slug>/c/<public_id>/history")
@declares(Action.COMMENT_HISTORY)
def history(slug: str, public_id: str) -> str:
    """Show what a comment said before each of its edits, and what was changed."""
    _planet, actor = enter_planet(slug)
    row, facts = get_comment(actor, public_id)
    require(can(actor, Action.COMMENT_HISTORY, facts))
    return render_template(
        "discussion/history.html",
        changes=changes_of(actor, ("comment", row.id), row.source),
        url=url_for("comments.show", slug=slug, public_id=public_id),
    )


def changes_of(actor: Actor, subject: tuple[str, int], present: str) -> list[Shape]:
    """Return the changes of a text, the latest first, as the page of versions shows them."""
    versions = list_revisions(actor, subject)
    texts = [*(version.source for version in versions), present]
    changes = [
        {
            "number": version.number,
            "at": version.replaced_at,
            "editor": author_shape(version.editor),
            "title": None,
            "text": diff_texts(before, after),
        }
        for version, before, after in zip(versions, texts[:-1], texts[1:], strict=True)
    ]
    return changes[::-1]


@bp.get("/p/<slug>/c/<public_id>/delete")
@declares(Action.COMMENT_DELETE)
def delete(slug: str, public_id: str) -> str:
    """Ask before a comment is deleted."""
    _planet, actor = enter_planet(slug)
    row, facts = get_comment(actor, public_id)
    require(can(actor, Action.COMMENT_DELETE, facts))
    return render_template("discussion/comment_delete.html", comment=row)


@bp.post("/p/<slug>/c/<public_id>/delete")
@declares(Action.COMMENT_DELETE)
def confirm_delete(slug: str, public_id: str) -> Response:
    """Delete a comment."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        row, facts = get_comment(actor, public_id)
        actions.delete_comment(actor, comment=row, facts=facts)
        topic, _facts = get_topic_by_id(actor, row.topic_id)
    flash(gettext("The comment is deleted."), "ok")
    return see_other("topics.show", slug=slug, public_id=topic.public_id)


@bp.post("/p/<slug>/c/<public_id>/stick")
@declares(Action.COMMENT_STICK)
def stick(slug: str, public_id: str) -> Response:
    """Show a root above all others of its topic."""
    return _stick(slug, public_id, actions.stick_comment)


@bp.post("/p/<slug>/c/<public_id>/unstick")
@declares(Action.COMMENT_STICK)
def unstick(slug: str, public_id: str) -> Response:
    """Put a root back to its place."""
    return _stick(slug, public_id, actions.unstick_comment)


def _stick(slug: str, public_id: str, act: Any) -> Response:
    _planet, actor = enter_planet(slug)
    try:
        with unit_of_work():
            row, facts = get_comment(actor, public_id)
            act(actor, comment=row, facts=facts)
    except Invalid as error:
        flash(sentence(error), "error")
    return see_other("comments.show", slug=slug, public_id=public_id)
