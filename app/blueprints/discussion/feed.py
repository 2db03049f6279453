"""The door of a planet's feed: its tabs, tags and pages, what is new, what waits, what is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.blueprints import funnel, kept
from app.blueprints.discussion.cards import drawn_cards
from app.blueprints.discussion.present import (
    Shape,
    author_shape,
    card_shape,
    line_shape,
    topic_url,
)
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.planets import landing
from app.discussion.actions.reading import mark_all_read
from app.discussion.queries.cards import load_cards
from app.discussion.queries.feed import (
    FeedView,
    Listed,
    find_first_unread,
    list_feed,
    list_pinned,
)
from app.discussion.queries.pages import Cursor, Cut, Page, parse_cursor
from app.discussion.queries.stream import list_latest_comments, list_scheduled
from app.discussion.queries.tags import TagRow, list_menu_tags
from app.kernel.db import unit_of_work
from app.kernel.errors import NotFound
from app.policy import Action, Actor, can

bp = Blueprint("feed", __name__)
_INSTANT = timedelta(microseconds=1)


@bp.get("/p/<slug>")
@declares("public")
def home(slug: str) -> str:
    """Show the feed to those who read the planet, its landing page to everybody else."""
    planet, actor = enter_planet(slug)
    if not can(actor, Action.PLANET_READ):
        return landing.show_landing(planet, actor)
    funnel.note(planet, actor, "read")
    tags = list_menu_tags(actor)
    tag = _chosen_tag(tags)
    view = FeedView.LATEST if tag else _view()
    page = list_feed(actor, view=view, tag_id=tag.id if tag else None, cut=_cut())
    first = not (request.args.get("before") or request.args.get("after"))
    pinned = list_pinned(actor) if first and view is FeedView.LATEST and not tag else []
    return render_template(
        "discussion/feed.html",
        view=view.value,
        tag=tag,
        tabs=_tab_bar(slug, view, tags, tag),
        cards=[] if view is FeedView.FILES else drawn_cards(slug, actor, page.items),
        files=_files(slug, actor, page) if view is FeedView.FILES else [],
        has_unread=any(entry.unread for entry in page.items),
        pinned=[line_shape(slug, one) for one in pinned],
        newer=_page_url(slug, "after", page.newer),
        older=_page_url(slug, "before", page.older),
    )


def _view() -> FeedView:
    try:
        return FeedView(request.args.get("show", "latest"))
    except ValueError:
        raise NotFound from None


def _chosen_tag(tags: list[TagRow]) -> TagRow | None:
    """Return the tag that the address names; NotFound when the planet has none of that name."""
    key = request.args.get("tag", "")
    if not key:
        return None
    found = next((tag for tag in tags if tag.key == key), None)
    if found is None:
        raise NotFound(key)
    return found


def _tab_bar(slug: str, view: FeedView, tags: list[TagRow], chosen: TagRow | None) -> Markup:
    shown = tuple(tag for tag in tags if tag.in_menu or tag == chosen)
    macros: Any = current_app.jinja_env.get_template("components/tabs.html").module
    return kept.drawn(
        ("feed tabs", slug, view, shown, chosen),
        lambda: macros.tabs(_tabs(slug, view, shown, chosen), gettext("Topics")),
    )


def _tabs(
    slug: str, view: FeedView, tags: tuple[TagRow, ...], chosen: TagRow | None
) -> list[tuple[str, str, bool]]:
    labels = (
        (FeedView.LATEST, gettext("Latest")),
        (FeedView.DIGEST, gettext("Digest")),
        (FeedView.OWNER, gettext("Owner only")),
        (FeedView.QUESTIONS, gettext("Questions")),
    )
    items = [(label, _tab_url(slug, one), one is view and chosen is None) for one, label in labels]
    items += [
        (tag.name, url_for("feed.home", slug=slug, tag=tag.key), tag == chosen) for tag in tags
    ]
    items.append((gettext("Columns"), url_for("series.index", slug=slug), False))
    items.append((gettext("Files"), _tab_url(slug, FeedView.FILES), view is FeedView.FILES))
    return items


def _tab_url(slug: str, view: FeedView) -> str:
    if view is FeedView.LATEST:
        return url_for("feed.home", slug=slug)
    return url_for("feed.home", slug=slug, show=view.value)


def _cut() -> Cut:
    return Cut(
        before=parse_cursor(request.args.get("before", "")),
        after=parse_cursor(request.args.get("after", "")),
    )


def _page_url(slug: str, direction: str, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    kept: dict[str, Any] = {
        name: value for name in ("show", "tag") if (value := request.args.get(name))
    }
    kept[direction] = str(cursor)
    return url_for("feed.home", slug=slug, **kept)


def _files(slug: str, actor: Actor, page: Page[Listed]) -> list[Shape]:
    cards = load_cards([topic.id for topic in page.items], actor.now)
    return [card_shape(slug, cards[topic.id], topic) for topic in page.items]


@bp.get("/p/<slug>/unread")
@declares(Action.PLANET_READ)
def first_unread(slug: str) -> Response:
    """Lead to the page of the feed that ends with the oldest unread topic, and to that topic."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    oldest = find_first_unread(actor)
    if oldest is None:
        flash(gettext("Everything is read."), "ok")
        return see_other("feed.home", slug=slug)
    # Just before it in time, so that the page which begins after that place ends with it.
    place = Cursor(oldest.published_at - _INSTANT, oldest.public_id)
    return redirect(
        url_for("feed.home", slug=slug, after=str(place), _anchor=f"t-{oldest.public_id}")
    )


@bp.post("/p/<slug>/read")
@declares(Action.PLANET_READ)
def read_all(slug: str) -> Response:
    """Count everything up to now as read."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        mark_all_read(actor)
    flash(gettext("Everything is marked as read."), "ok")
    return see_other("feed.home", slug=slug)


@bp.get("/p/<slug>/scheduled")
@declares(Action.TOPIC_POST)
def scheduled(slug: str) -> str:
    """Show the topics that wait for their time."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.TOPIC_POST))
    topics = [
        line_shape(slug, one) | {"author": author_shape(one.author), "public_id": one.public_id}
        for one in list_scheduled(actor)
    ]
    return render_template("discussion/scheduled.html", topics=topics)


@bp.get("/p/<slug>/stream")
@declares(Action.COMMENT_STREAM)
def stream(slug: str) -> str:
    """Show the latest comments of the whole planet to those who look after it."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.COMMENT_STREAM))
    page = list_latest_comments(actor, before=parse_cursor(request.args.get("before", "")))
    comments = [
        {
            "author": author_shape(one.author),
            "at": one.created_at,
            "html": Markup(one.html),  # noqa: S704 - made by kernel.text
            "topic_title": one.topic_title,
            "topic_url": topic_url(slug, one.topic_public_id, one.topic_slug),
            "url": url_for("comments.show", slug=slug, public_id=one.public_id),
        }
        for one in page.entries
    ]
    older = url_for("feed.stream", slug=slug, before=str(page.older)) if page.older else None
    return render_template("discussion/stream.html", comments=comments, older=older)
