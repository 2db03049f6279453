"""A topic's page, put together from parts that are drawn already.

What stands around the topic and its comments is drawn once for all who are shown the same, and kept
while nothing special is to be said: no question, no column, no marker, no refusal. Then its key
holds all that is left.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from flask import render_template

from app.blueprints import kept
from app.blueprints.cookies import csrf_token
from app.blueprints.discussion.cards import drawn_article, planet_card
from app.blueprints.discussion.comment_forms import empty_form
from app.blueprints.discussion.comment_section import Section, Topic, thread_section
from app.blueprints.discussion.present import Shape, preview_metas, series_shape, topic_url
from app.blueprints.discussion.question_shapes import question_section
from app.blueprints.entrance import current_site
from app.blueprints.frame import macros, planet_page
from app.blueprints.navigation import frame_links, planet_url
from app.blueprints.page import show
from app.discussion.queries.cards import TopicCard
from app.discussion.queries.feed import FeedEntry
from app.discussion.queries.series import SeriesPlace, places_of
from app.discussion.queries.topic_page import Neighbour, find_neighbours
from app.kernel.ids import new_public_id
from app.notifications.queries import Seen
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can


def topic_page(planet: PlanetView, actor: Actor, entry: FeedEntry, card: TopicCard) -> bytes:
    """Return the whole page of a topic that the actor reads."""
    question = None
    if card.kind == "question":
        question = question_section(
            planet.slug, actor, topic_id=entry.id, public_id=entry.public_id, facts=entry.facts
        )
    thread = None if entry.published_at > actor.now else _thread(planet, actor, entry, card)
    show(Seen(topic_id=entry.id, comments=thread.shown if thread else frozenset()))
    own: list[bytes] = []
    if not entry.facts.deleted:
        own.append(drawn_article(planet.slug, actor, entry, card, question))
    if thread and thread.form:
        own += (csrf_token().encode(), new_public_id().encode())
    if thread and not thread.empty:
        own.append(thread.html)
    title, offer = card.title if entry.text_readable else "", frame_links()
    return planet_page(
        offer,
        title=title or planet.name,
        active="planet",
        head=_head(planet, card, entry),
        content=kept.filled(_around(planet, actor, entry, thread, question), own),
        side=planet_card(planet, offer.by_name, "planet"),
    )


def _thread(planet: PlanetView, actor: Actor, entry: FeedEntry, card: TopicCard) -> Section:
    readable = card.slug if entry.text_readable else ""
    below = Topic(entry.id, entry.public_id, readable, entry.rev, entry.comment_count, entry.facts)
    return thread_section(planet, actor, below)


def _around(
    planet: PlanetView,
    actor: Actor,
    entry: FeedEntry,
    thread: Section | None,
    question: Shape | None,
) -> kept.Pieces:
    """Return what stands around the article and the comments, with gaps for them and for the form's
    token and key."""
    reads = bool(can(actor, Action.PLANET_READ))
    beside: tuple[Neighbour, ...] = ()
    if reads:
        older, newer = find_neighbours(actor, entry)
        beside = tuple(one for one in (newer, older) if one)
    places = places_of(actor, entry.id)
    likers = bool(entry.like_count and can(actor, Action.LIKERS_READ, entry.facts))
    make = partial(
        _draw, planet, entry, thread, question=question, places=places, likers=likers, beside=beside
    )
    special = (question, places, likers, entry.bookmarked, entry.facts.deleted, not reads)
    if any(special) or thread is None or thread.refusal:
        return kept.cut(make())
    around = (planet.name, planet.slug, entry.public_id, beside)
    below = (thread.total, thread.url, thread.order, thread.empty, thread.form)
    return kept.pieces(("topic", around, below, planet.comment_max_chars), make)


def _draw(
    planet: PlanetView,
    entry: FeedEntry,
    thread: Section | None,
    *,
    question: Shape | None,
    places: list[SeriesPlace],
    likers: bool,
    beside: tuple[Neighbour, ...],
) -> str:
    return render_template(
        "discussion/_topic.html",
        gap=kept.HOLE,
        links={"planet": planet_url(planet.slug)},
        public_id=entry.public_id,
        published_at=entry.published_at,
        scheduled=thread is None,
        readable=entry.text_readable,
        bookmarked=entry.bookmarked,
        likers=likers,
        sample=entry.facts.public_sample,
        deleted=entry.facts.deleted,
        question=question,
        thread=thread,
        form=empty_form(planet, entry.public_id) if thread and thread.form else None,
        places=[series_shape(planet.slug, place) for place in places],
        beside=[_line(planet.slug, one) for one in beside],
    )


def _line(slug: str, one: Neighbour) -> tuple[str, str, datetime]:
    return topic_url(slug, one.public_id, one.slug), one.title, one.published_at


def _head(planet: PlanetView, card: TopicCard, entry: FeedEntry) -> bytes:
    """Return what link previews are told."""
    site = current_site()
    metas = preview_metas(site, planet, card, entry)
    shown = (site.name, metas["title"], metas["text"], metas["url"])
    make = partial(macros("discussion/_topic_head.html").topic_head, *shown)
    return b"".join(kept.pieces(("topic head", shown), make))
