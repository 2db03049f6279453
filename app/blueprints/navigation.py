"""The frame's links: where the left column, the bottom bar and the account menu lead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from flask import Flask, current_app, g, url_for

from app.blueprints.entrance import current_site, current_viewer
from app.policy import Action, can

# Link name -> endpoint. A link whose endpoint is not registered is left out of the frame.
FOR_EVERYBODY = {"discover": "planets.discover", "language": "accounts.language"}
FOR_VISITORS = {"sign_in": "accounts.sign_in", "sign_up": "accounts.sign_up"}
FOR_MEMBERS = {
    "home": "home.index",
    "search": "search.everywhere",
    "questions": "questions.waiting",
    "notices": "notifications.notices",
    "bookmarks": "reactions.bookmarks",
    "me": "accounts.profile",
    "sign_out": "accounts.sign_out",
}
# Inside a planet; these endpoints take `slug` and nothing else.
OF_PLANET = {
    "planet": "feed.home",
    "search_here": "search.here",
    "compose": "composer.write",
    "ask": "questions.ask",
    "inbox": "questions.inbox",
    "asked": "questions.asked",
    "about": "planets.landing",
    "drafts": "composer.drafts",
    "scheduled": "feed.scheduled",
    "stream": "feed.stream",
    "tags": "tags.index",
    "rules": "planets.rules",
    "membership": "memberships.mine",
    "members": "memberships.members",
    "plans": "billing.plans",
    "numbers": "insights.numbers",
    "settings": "planets.settings_basics",
}
GUARDED = {
    "search_here": Action.PLANET_READ,
    "compose": Action.TOPIC_POST,
    "ask": Action.QUESTION_ASK,
    # Everybody has an inbox; who publishes is who is asked. `questions` leads there from anywhere.
    "inbox": Action.TOPIC_POST,
    "asked": Action.ASKED_READ,
    "drafts": Action.DRAFTS_READ,
    "scheduled": Action.TOPIC_POST,
    "stream": Action.COMMENT_STREAM,
    "tags": Action.TAGS_EDIT,
    "membership": Action.PLANET_READ,
    "members": Action.MEMBER_LIST,
    "plans": Action.PLANS_EDIT,
    "numbers": Action.INCOME_READ,
    "settings": Action.SETTINGS_EDIT,
}
KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Offer:
    """The addresses a reader is offered, by name: as templates look them up, and as the frame's key."""

    by_name: dict[str, str]
    pairs: tuple[tuple[str, str], ...]


def frame_links() -> Offer:
    """Return the addresses this reader is offered; what he may not do is left out."""
    planet, site = g.get("planet"), current_site()
    rights: tuple[bool, ...] = ()
    if planet is not None:
        actor = g.actor
        rights = tuple(bool(can(actor, action)) for action in GUARDED.values())
    signed_in = current_viewer() is not None
    made: Callable[..., Offer] = current_app.extensions["planetarium.links"]
    return made(planet.slug if planet else "", rights, signed_in, site.sign_up_open)


def planet_url(slug: str) -> str:
    """Return the address of a planet's feed, without Werkzeug's builder: pages have it many times."""
    return f"/p/{slug}"


def _offer(slug: str, rights: tuple[bool, ...], signed_in: bool, sign_up_open: bool) -> Offer:
    views = current_app.view_functions
    names = FOR_EVERYBODY | (FOR_MEMBERS if signed_in else FOR_VISITORS)
    if not sign_up_open:
        names.pop("sign_up", None)
    found = {name: url_for(to) for name, to in names.items() if to in views}
    if slug:
        may = dict(zip(GUARDED, rights, strict=True))
        found |= {
            name: url_for(to, slug=slug)
            for name, to in OF_PLANET.items()
            if to in views and may.get(name, True)
        }
    return Offer(found, tuple(found.items()))


def install(app: Flask) -> None:
    """Give templates `frame_links()`; the layouts call it once a page and keep it as `links`."""
    # Addresses hang on these few things alone.
    app.extensions["planetarium.links"] = lru_cache(KEPT)(_offer)
    app.jinja_env.globals["frame_links"] = frame_links
