"""The door of likes and bookmarks: buttons that say the state to be in, lists of one's own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.blueprints.discussion.present import Shape, author_shape, topic_url
from app.blueprints.discussion.words import errors_of
from app.blueprints.entrance import (
    declares,
    enter_planet,
    is_our_path,
    require_viewer,
    safe_next,
    see_other,
    site_actor,
)
from app.blueprints.errors import wants_json
from app.blueprints.origins import own_path
from app.discussion.actions import reactions as actions
from app.discussion.queries.bookmarks import BookmarkRow, list_bookmarks
from app.discussion.queries.facts import get_comment, get_topic
from app.discussion.queries.pages import Cursor, Cut, parse_cursor
from app.discussion.queries.reactions import list_likers, marks_on_topic
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.policy import Action

bp = Blueprint("reactions", __name__)
Page = Response | str | tuple[str, int]


def _on() -> bool:
    """Whether the button asks for the pressed state; asking for it twice is asking once."""
    return request.form.get("on", "1") != "0"


def _answer(back: str, *, pressed: bool, count: int | None = None, anchor: str = "") -> Response:
    """Return JSON for our script, for everybody else the way back to where the button stood."""
    if wants_json():
        body: dict[str, Any] = {"pressed": pressed}
        return jsonify(body if count is None else body | {"count": count})
    came_from = _came_from()
    return redirect(came_from + anchor if came_from else back, code=303)


def _came_from() -> str:
    """Return the path of ours that the button was pressed on, "" when the browser does not say."""
    path = own_path()
    return path if is_our_path(path) else ""


@bp.post("/p/<slug>/t/<public_id>/like")
@declares(Action.LIKE)
def like(slug: str, public_id: str) -> Response:
    """Like a topic, or take the like back."""
    _planet, actor = enter_planet(slug)
    act = actions.like_topic if _on() else actions.unlike_topic
    with unit_of_work():
        topic, facts = get_topic(actor, public_id)
        count = act(actor, topic=topic, facts=facts)
    back = url_for("topics.show", slug=slug, public_id=public_id)
    return _answer(back, pressed=_on(), count=count)


@bp.post("/p/<slug>/c/<public_id>/like")
@declares(Action.LIKE)
def like_comment(slug: str, public_id: str) -> Response:
    """Like a comment, or take the like back."""
    _planet, actor = enter_planet(slug)
    act = actions.like_comment if _on() else actions.unlike_comment
    with unit_of_work():
        comment, facts = get_comment(actor, public_id)
        count = act(actor, comment=comment, facts=facts)
    back = url_for("comments.show", slug=slug, public_id=public_id)
    return _answer(back, pressed=_on(), count=count, anchor=f"#c-{public_id}")


@bp.get("/p/<slug>/t/<public_id>/likers")
@declares(Action.LIKERS_READ)
def likers(slug: str, public_id: str) -> str:
    """Show who liked a topic, where members may see each other."""
    _planet, actor = enter_planet(slug)
    topic, facts = get_topic(actor, public_id)
    people = list_likers(actor, facts, subject=("topic", topic.id))
    back = topic_url(slug, public_id, "")
    return _likers(people, topic.like_count, back)


@bp.get("/p/<slug>/c/<public_id>/likers")
@declares(Action.LIKERS_READ)
def comment_likers(slug: str, public_id: str) -> str:
    """Show who liked a comment, where members may see each other."""
    _planet, actor = enter_planet(slug)
    comment, facts = get_comment(actor, public_id)
    people = list_likers(actor, facts, subject=("comment", comment.id))
    back = url_for("comments.show", slug=slug, public_id=public_id)
    return _likers(people, comment.like_count, back)


def _likers(people: list[Any], count: int, back: str) -> str:
    return render_template(
        "discussion/likers.html",
        people=[author_shape(person) for person in people],
        count=count,
        back=back,
    )


@bp.post("/p/<slug>/t/<public_id>/bookmark")
@declares(Action.BOOKMARK)
def bookmark(slug: str, public_id: str) -> Response:
    """Keep a topic for oneself, or let it go. A note that is there stays until it is let go."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        topic, facts = get_topic(actor, public_id)
        if _on():
            note = marks_on_topic(actor, topic.id).notes.get(topic.id, "")
            actions.keep_bookmark(actor, topic=topic, facts=facts, note=note)
        else:
            actions.drop_bookmark(actor, topic_public_id=public_id)
    back = url_for("topics.show", slug=slug, public_id=public_id)
    return _answer(back, pressed=_on())


@bp.get("/p/<slug>/t/<public_id>/note")
@declares(Action.BOOKMARK)
def note(slug: str, public_id: str) -> str:
    """Show the form of a bookmark's note, which nobody else ever sees."""
    _planet, actor = enter_planet(slug)
    require_viewer()
    topic, _facts = get_topic(actor, public_id)
    kept = marks_on_topic(actor, topic.id).notes
    return _note_page(public_id, kept.get(topic.id, ""), {})


@bp.post("/p/<slug>/t/<public_id>/note")
@declares(Action.BOOKMARK)
def save_note(slug: str, public_id: str) -> Page:
    """Keep a topic with a note."""
    _planet, actor = enter_planet(slug)
    typed = request.form.get("note", "")
    try:
        with unit_of_work():
            topic, facts = get_topic(actor, public_id)
            actions.keep_bookmark(actor, topic=topic, facts=facts, note=typed)
    except Invalid as error:
        return _note_page(public_id, typed, errors_of(error)), 422
    flash(gettext("Kept in your bookmarks."), "ok")
    return redirect(safe_next(url_for("reactions.bookmarks")), code=303)


def _note_page(public_id: str, typed: str, errors: dict[str, str]) -> str:
    return render_template(
        "discussion/bookmark_note.html",
        public_id=public_id,
        typed=typed,
        errors=errors,
        next=safe_next(""),
    )


@bp.get("/bookmarks")
@declares(Action.ACCOUNT_USE)
def bookmarks() -> str:
    """Show one's own bookmarks, from all planets."""
    viewer = require_viewer()
    cut = Cut(
        before=parse_cursor(request.args.get("before", "")),
        after=parse_cursor(request.args.get("after", "")),
    )
    page = list_bookmarks(viewer.user_id, cut=cut)
    return render_template(
        "discussion/bookmarks.html",
        bookmarks=[_bookmark_shape(row) for row in page.items],
        newer=_page_url("after", page.newer),
        older=_page_url("before", page.older),
    )


def _page_url(direction: str, cursor: Cursor | None) -> str | None:
    args: dict[str, Any] = {direction: str(cursor)}
    return url_for("reactions.bookmarks", **args) if cursor else None


def _bookmark_shape(row: BookmarkRow) -> Shape:
    where: dict[str, Any] = {"slug": row.planet.slug, "public_id": row.public_id}
    return {
        "url": topic_url(row.planet.slug, row.public_id, row.slug) if row.open else None,
        "title": row.title,
        "kind": row.kind,
        "note": row.note,
        "kept_at": row.kept_at,
        "planet": row.planet.name,
        "planet_url": url_for("feed.home", slug=row.planet.slug),
        "note_url": url_for("reactions.note", **where) if row.open else None,
        "drop_url": url_for("reactions.drop", public_id=row.public_id),
    }


@bp.post("/bookmarks/<public_id>/drop")
@declares(Action.ACCOUNT_USE)
def drop(public_id: str) -> Response:
    """Let a bookmark go, also one whose topic is no longer open."""
    require_viewer()
    with unit_of_work():
        actions.drop_bookmark(site_actor(), topic_public_id=public_id)
    flash(gettext("The bookmark is gone."), "ok")
    return see_other("reactions.bookmarks")
