"""The door of a planet's feed: its tabs, tags and pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for

from app.blueprints.discussion.present import Shape, card_shape, topic_url
from app.blueprints.entrance import declares, enter_planet
from app.discussion.queries.cards import load_cards
from app.discussion.queries.feed import FeedEntry, FeedView, list_feed, list_pinned
from app.discussion.queries.pages import Cursor, Cut, Page, parse_cursor
from app.policy import Action, Actor, can

bp = Blueprint("feed", __name__)


@bp.get("/p/<slug>")
@declares("public")
def home(slug: str) -> str:
    """Show the feed to those who read the planet, its landing page to everybody else."""
    actor = enter_planet(slug)[1]
    if not can(actor, Action.PLANET_READ):
        return render_template("planets/landing.html")
    view = _view()
    page = list_feed(actor, view=view, cut=_cut())
    first = page.newer is None and not request.args.get("before")
    pinned = list_pinned(actor) if first and view is FeedView.LATEST else []
    return render_template(
        "discussion/feed.html",
        view=view.value,
        topics=_cards(slug, actor, page),
        pinned=[
            {
                "url": topic_url(slug, one.public_id, one.slug),
                "title": one.title,
                "published_at": one.published_at,
            }
            for one in pinned
        ],
        newer=_page_url(slug, "after", page.newer),
        older=_page_url(slug, "before", page.older),
    )


def _view() -> FeedView:
    try:
        return FeedView(request.args.get("show", "latest"))
    except ValueError:
        return FeedView.LATEST


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


def _cards(slug: str, actor: Actor, page: Page[FeedEntry]) -> list[Shape]:
    cards = load_cards([entry.id for entry in page.items], actor.now)
    return [card_shape(slug, cards[entry.id], entry) for entry in page.items]
