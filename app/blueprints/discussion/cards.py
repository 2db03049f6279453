"""Topics as cards of a feed and as articles on their own page, each drawn once for all who are shown
the same.

What a topic shows to everybody hangs on its `rev`. What it is to one reader is in the key as values:
that he liked it, that he may edit it; never who he is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from flask import current_app
from markupsafe import Markup

from app.blueprints import kept
from app.blueprints.discussion.present import Shape, card_shape, topic_shape
from app.blueprints.discussion.topic_menu import menu_rights, topic_menu
from app.blueprints.frame import macros
from app.blueprints.language import look
from app.blueprints.navigation import planet_url
from app.blueprints.page import media_url
from app.discussion.queries.cards import TopicCard, load_cards
from app.discussion.queries.feed import FeedEntry, Listed
from app.planets.queries import PlanetView
from app.policy import Actor

# A card is kept by its topic's text, which is most of it.
CARD_CHARACTERS = 4_000_000


def drawn_cards(slug: str, actor: Actor, topics: Sequence[Listed]) -> list[bytes]:
    """Return the cards of these topics as the reader is shown them; all his rights are in `Listed`."""
    shelf, now, here = _cards(), actor.now, (slug, look())
    found = [shelf.get((here, topic), now) for topic in topics]
    missing = [topic.id for topic, card in zip(topics, found, strict=True) if card is None]
    if missing:
        cards = load_cards(missing, now)
        for at, topic in enumerate(topics):
            if found[at] is None:
                drawn = _macros().topic_card(card_shape(slug, cards[topic.id], topic)).encode()
                shelf.put((here, topic), drawn, size=len(drawn), now=now)
                found[at] = drawn
    return [card for card in found if card is not None]


def _cards() -> kept.Shelf[bytes]:
    shelf: kept.Shelf[bytes] = current_app.extensions.setdefault(
        "planetarium.feed cards", kept.Shelf[bytes]()
    )
    return shelf


def planet_card(planet: PlanetView, links: dict[str, str], active: str) -> bytes:
    """Return the planet's card beside everything in it, as discussion/_side.html draws it."""
    look_of = (media_url(planet.avatar, "thumb"), planet.accent or "indigo")
    shown = (planet.name, planet_url(planet.slug), *look_of, planet.tagline, active)
    may = (links.get("compose"), links.get("ask"))
    make = partial(macros("discussion/_side_card.html").side_card, *shown, *may)
    return b"".join(kept.pieces(("planet card", shown, may), make))


def card_of(entry: FeedEntry, now: datetime) -> TopicCard:
    """Return what a topic shows to everybody, kept under its `rev`."""
    shelf: kept.Shelf[TopicCard] = current_app.extensions.setdefault(
        "planetarium.cards", kept.Shelf[TopicCard](CARD_CHARACTERS)
    )
    key = (entry.public_id, entry.rev)
    found = shelf.get(key, now)
    if found is None:
        found = load_cards([entry.id], now)[entry.id]
        shelf.put(key, found, size=len(found.html), now=now)
    return found


def drawn_article(
    slug: str, actor: Actor, entry: FeedEntry, card: TopicCard, question: Shape | None
) -> bytes:
    """Return the topic on its own page. A question's is drawn for each reader: it says when it is due
    to some; so is a menu that holds forms."""
    rights = menu_rights(actor, entry)
    make = partial(_article, slug, entry, card, rights, question)
    if question is not None or rights.marks:
        return make().encode()
    shown = (entry.public_id, entry.rev, entry.text_readable, entry.like_count, entry.comment_count)
    key = ("article", slug, shown, entry.liked, entry.bookmarked, rights)
    return b"".join(kept.pieces(key, make))


def _article(
    slug: str, entry: FeedEntry, card: TopicCard, rights: Any, question: Shape | None
) -> Markup:
    topic = topic_shape(slug, card, entry)
    topic["menu"] = topic_menu(slug, entry.public_id, rights, card)
    if question is not None:
        topic["question"] = question["meta"] | {"answer": None}
    article: Markup = _macros().topic_article(topic)
    return article


def _macros() -> Any:
    return macros("components/topic.html")
