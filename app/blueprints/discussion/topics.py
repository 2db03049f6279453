"""The door of topics: the page of one, its text, its versions, its marks."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from app.blueprints import funnel
from app.blueprints.discussion.cards import card_of
from app.blueprints.discussion.present import author_shape, topic_url
from app.blueprints.discussion.topic_page import topic_page
from app.blueprints.discussion.words import sentence
from app.blueprints.entrance import (
    current_site,
    declares,
    enter_planet,
    require,
    see_other,
    with_query,
)
from app.discussion.actions import marks
from app.discussion.actions.reading import mark_topic_read
from app.discussion.actions.topics import delete_topic
from app.discussion.diffing import diff_texts
from app.discussion.queries.cards import TopicCard
from app.discussion.queries.feed import FeedEntry
from app.discussion.queries.topic_page import get_entry, get_text, list_versions
from app.kernel.db import unit_of_work, write_if_free
from app.kernel.errors import Invalid, NotFound
from app.kernel.qr import qr_svg
from app.policy import Action, Actor, can

bp = Blueprint("topics", __name__)


@bp.get("/p/<slug>/t/<public_id>", defaults={"title_slug": ""})
@bp.get("/p/<slug>/t/<public_id>/<title_slug>")
@declares(Action.TOPIC_READ)
def show(slug: str, public_id: str, title_slug: str) -> bytes | BaseResponse:
    """Show a topic; an address with an old or wrong readable part leads to the present one."""
    planet, actor = enter_planet(slug)
    entry, card = _load(actor, public_id)
    # Only now: the title in the address must not tell what stands behind a hidden topic.
    readable = card.slug if entry.text_readable else ""
    if title_slug != readable:
        return redirect(with_query(topic_url(slug, public_id, readable)), code=301)
    funnel.note(planet, actor, "sample")
    page = topic_page(planet, actor, entry, card)
    if entry.has_news and actor.inside:
        write_if_free(lambda: mark_topic_read(actor, topic_id=entry.id))
    return page


def _load(actor: Actor, public_id: str) -> tuple[FeedEntry, TopicCard]:
    entry = get_entry(actor, public_id)
    return entry, card_of(entry, actor.now)


@bp.get("/p/<slug>/t/<public_id>.md")
@declares(Action.TOPIC_TEXT_READ)
def source(slug: str, public_id: str) -> Response:
    """Return a topic's Markdown as it was typed, below its title."""
    _planet, actor = enter_planet(slug)
    topic = get_text(actor, public_id)
    head = f"# {topic.title}\n\n" if topic.title else ""
    response = make_response(head + topic.source + "\n")
    response.mimetype = "text/markdown"
    return response


@bp.get("/p/<slug>/t/<public_id>/history")
@declares(Action.TOPIC_HISTORY)
def history(slug: str, public_id: str) -> str:
    """Show what a topic said before each of its edits, and what was changed."""
    _planet, actor = enter_planet(slug)
    topic = get_text(actor, public_id)
    require(can(actor, Action.TOPIC_HISTORY, topic.facts))
    versions = list_versions(topic, actor.now)
    texts = [(version.title, version.source) for version in versions]
    texts.append((topic.title, topic.source))
    changes = [
        {
            "number": version.number,
            "at": version.replaced_at,
            "editor": author_shape(version.editor) | {"url": None},
            "title": diff_texts(before[0], after[0]) if before[0] != after[0] else None,
            "text": diff_texts(before[1], after[1]),
        }
        for version, before, after in zip(versions, texts[:-1], texts[1:], strict=True)
    ]
    return render_template(
        "discussion/history.html",
        changes=changes[::-1],
        url=topic_url(slug, public_id, topic.slug),
    )


@bp.get("/p/<slug>/t/<public_id>/delete")
@declares(Action.TOPIC_DELETE)
def confirm_delete(slug: str, public_id: str) -> str:
    """Ask before a topic is deleted."""
    _planet, actor = enter_planet(slug)
    entry, card = _load(actor, public_id)
    require(can(actor, Action.TOPIC_DELETE, entry.facts))
    return render_template(
        "discussion/delete.html",
        public_id=public_id,
        title=card.title or card.excerpt if entry.text_readable else "",
        leaves_marker=entry.facts.has_replies,
        url=topic_url(slug, public_id, card.slug),
    )


@bp.post("/p/<slug>/t/<public_id>/delete")
@declares(Action.TOPIC_DELETE)
def delete(slug: str, public_id: str) -> BaseResponse:
    """Delete a topic."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        delete_topic(actor, public_id=public_id)
    flash(gettext("The topic is deleted."), "ok")
    return see_other("feed.home", slug=slug)


@bp.post("/p/<slug>/t/<public_id>/marks")
@declares(Action.TOPIC_CLOSE)
def mark(slug: str, public_id: str) -> BaseResponse:
    """Set or clear (`do`) a mark of a topic: pinned, digest, sample or closed."""
    _planet, actor = enter_planet(slug)
    try:
        wanted = marks.TopicMark(request.form.get("mark", ""))
    except ValueError:
        raise NotFound from None
    act = marks.unmark_topic if request.form.get("do") == "clear" else marks.mark_topic
    try:
        with unit_of_work():
            act(actor, public_id=public_id, mark=wanted)
    except Invalid as error:
        flash(sentence(error), "error")
    return see_other("topics.show", slug=slug, public_id=public_id)


@bp.get("/p/<slug>/t/<public_id>/share")
@declares(Action.TOPIC_TEXT_READ)
def share(slug: str, public_id: str) -> str:
    """Show a card to pass on or print: the title, the beginning, and a code that leads here."""
    _planet, actor = enter_planet(slug)
    entry, card = _shareable(actor, public_id)
    return render_template(
        "discussion/share.html",
        topic=card,
        author=author_shape(card.author),
        public_id=public_id,
        path=topic_url(slug, public_id, card.slug),
        address=_address(slug, entry),
    )


@bp.get("/p/<slug>/t/<public_id>/qr.svg")
@declares(Action.TOPIC_TEXT_READ)
def qr(slug: str, public_id: str) -> Response:
    """Return the code that leads to a topic, as an SVG file."""
    _planet, actor = enter_planet(slug)
    entry, _card = _shareable(actor, public_id)
    response = make_response(qr_svg(_address(slug, entry)))
    response.mimetype = "image/svg+xml"
    return response


def _shareable(actor: Actor, public_id: str) -> tuple[FeedEntry, TopicCard]:
    """Return the topic when its words may be read; a private one is not to be passed on."""
    entry, card = _load(actor, public_id)
    if not entry.text_readable or entry.facts.private:
        raise NotFound(public_id)
    return entry, card


def _address(slug: str, entry: FeedEntry) -> str:
    # Without the readable part: a shorter code, and no title in what is passed on.
    return current_site().base_url + topic_url(slug, entry.public_id, "")
