"""The door of a planet's feed: its tabs, tags and pages, what is new, what waits, what is said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.blueprints import funnel, kept
from app.blueprints.discussion.cards import drawn_cards, planet_card
from app.blueprints.discussion.present import (
    Shape,
    author_shape,
    card_shape,
    line_shape,
    topic_url,
)
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.frame import macros, planet_page
from app.blueprints.navigation import frame_links
from app.blueprints.planets import landing
from app.discussion.actions.reading import mark_all_read
from app.discussion.queries.cards import load_cards
from app.discussion.queries.feed import (
    FeedView,
    Listed,
    PinnedTopic,
    find_first_unread,
    list_feed,
    list_pinned,
)
from app.discussion.queries.pages import Cursor, Cut, Page, parse_cursor
from app.discussion.queries.stream import list_latest_comments, list_scheduled
from app.discussion.queries.tags import MENU, TagRow, find_tag, list_menu_tags
from app.kernel.db import unit_of_work
from app.kernel.errors import NotFound
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can

bp = Blueprint("feed", __name__)
_INSTANT = timedelta(microseconds=1)


@bp.get("/p/<slug>")
@declares("public")
def home(slug: str) -> str | bytes:
    """Show the feed to those who read the planet, its landing page to everybody else."""
    planet, actor = enter_planet(slug)
    if not can(actor, Action.PLANET_READ):
        return landing.show_landing(planet, actor)
    funnel.note(planet, actor, "read")
    tags = list_menu_tags(actor)
    args = request.args.to_dict()
    tag = _chosen_tag(actor, tags, args.get("tag"))
    view = FeedView.LATEST if tag else _view(args.get("show"))
    cut = Cut(
        before=parse_cursor(args.get("before", "")), after=parse_cursor(args.get("after", ""))
    )
    page = list_feed(actor, view=view, tag_id=tag.id if tag else None, cut=cut)
    first = not (args.get("before") or args.get("after"))
    pinned = list_pinned(actor) if first and view is FeedView.LATEST and not tag else []
    offer = frame_links()
    if view is FeedView.FILES or not page.items:
        listed = [_unusual(slug, actor, view, tag, page, offer.by_name).encode()]
    else:
        listed = drawn_cards(slug, actor, page.items)
    start, end = _around(planet, args, view, tags, tag, page, pinned)
    return planet_page(
        offer,
        title=f"#{tag.name} · {planet.name}" if tag else planet.name,
        active="planet",
        content=(start, *listed, end),
        side=planet_card(planet, offer.by_name, "planet"),
    )


def _unusual(
    slug: str,
    actor: Actor,
    view: FeedView,
    tag: TagRow | None,
    page: Page[Listed],
    links: dict[str, str],
) -> str:
    """Return what stands in place of cards: files, or why there is nothing."""
    return render_template(
        "discussion/_feed_other.html",
        view=view.value,
        tag=tag,
        files=_files(slug, actor, page) if view is FeedView.FILES else [],
        links=links,
    )


def _around(
    planet: PlanetView,
    args: dict[str, str],
    view: FeedView,
    tags: list[TagRow],
    tag: TagRow | None,
    page: Page[Listed],
    pinned: list[PinnedTopic],
) -> kept.Pieces:
    """Return what stands above and below the cards, the same for all who have the same before them."""
    shown = tuple(tags[:MENU]) if tag is None or tag in tags[:MENU] else (*tags[:MENU], tag)
    more = url_for("tags.everyone", slug=planet.slug) if len(tags) > MENU else None
    unread = any(entry.unread for entry in page.items)
    # By what the address narrows the feed.
    asked = tuple((name, args[name]) for name in ("show", "tag") if args.get(name))

    def make() -> Markup:
        drawn: Markup = macros("discussion/_feed.html").feed(
            name=planet.name,
            tabs=macros("components/tabs.html").tabs(
                _tabs(planet.slug, view, shown, tag, more), gettext("Topics")
            ),
            first_unread=url_for("feed.first_unread", slug=planet.slug) if unread else None,
            read_all=url_for("feed.read_all", slug=planet.slug),
            pinned=[line_shape(planet.slug, one) for one in pinned],
            carded=bool(page.items) and view is not FeedView.FILES,
            cards=kept.HOLE,
            newer=_page_url(planet.slug, asked, "after", page.newer),
            older=_page_url(planet.slug, asked, "before", page.older),
        )
        return drawn

    there = (planet.slug, planet.name, view, shown, tag, asked, more)
    return kept.pieces(
        ("feed", there, unread, tuple(pinned), page.newer, page.older, bool(page.items)), make
    )


def _view(show: str | None) -> FeedView:
    """Return the way that `show` names; NotFound for none of ours, which leads to the plain feed."""
    try:
        return FeedView(show) if show is not None else FeedView.LATEST
    except ValueError:
        raise NotFound from None


def _chosen_tag(actor: Actor, tags: list[TagRow], key: str | None) -> TagRow | None:
    """Return the tag that the address names; NotFound when the planet has none of that name."""
    if not key:
        return None
    found = next((tag for tag in tags if tag.key == key), None) or find_tag(actor, key)
    if found is None:
        raise NotFound(key)
    return found


def _tabs(
    slug: str, view: FeedView, tags: tuple[TagRow, ...], chosen: TagRow | None, more: str | None
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
    if more is not None:
        items.append((gettext("All tags"), more, False))
    items.append((gettext("Columns"), url_for("series.index", slug=slug), False))
    items.append((gettext("Files"), _tab_url(slug, FeedView.FILES), view is FeedView.FILES))
    return items


def _tab_url(slug: str, view: FeedView) -> str:
    if view is FeedView.LATEST:
        return url_for("feed.home", slug=slug)
    return url_for("feed.home", slug=slug, show=view.value)


def _page_url(
    slug: str, asked: tuple[tuple[str, str], ...], direction: str, cursor: Cursor | None
) -> str | None:
    if cursor is None:
        return None
    where: dict[str, Any] = {**dict(asked), direction: str(cursor)}
    return url_for("feed.home", slug=slug, **where)


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
