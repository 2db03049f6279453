"""The frame's links: where the left column, the bottom bar and the account menu lead."""

from __future__ import annotations

from flask import Flask, current_app, g, url_for

from app.blueprints.entrance import current_site, current_viewer, may
from app.policy import Action

# Link name -> endpoint. A link whose endpoint is not registered is left out of the frame.
FOR_EVERYBODY = {"discover": "planets.discover", "language": "accounts.language"}
FOR_VISITORS = {"sign_in": "accounts.sign_in", "sign_up": "accounts.sign_up"}
FOR_MEMBERS = {
    "home": "home.index",
    "questions": "questions.waiting",
    "notices": "notifications.notices",
    "bookmarks": "reactions.bookmarks",
    "me": "accounts.profile",
    "sign_out": "accounts.sign_out",
}
# Inside a planet; these endpoints take `slug` and nothing else.
OF_PLANET = {
    "planet": "feed.home",
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
    "settings": "planets.settings_basics",
}
GUARDED = {
    "compose": Action.TOPIC_POST,
    "ask": Action.QUESTION_ASK,
    # Everybody has an inbox; who publishes is who is asked. `questions` leads there from anywhere.
    "inbox": Action.TOPIC_POST,
    "asked": Action.INBOX_READ,
    "drafts": Action.TOPIC_POST,
    "scheduled": Action.TOPIC_POST,
    "stream": Action.COMMENT_STREAM,
    "tags": Action.TAGS_EDIT,
    "membership": Action.PLANET_READ,
    "members": Action.MEMBER_LIST,
    "settings": Action.SETTINGS_EDIT,
}
# Stands for the slug in addresses that are built once; no planet can be called so.
_SLUG = "__slug__"


def frame_links() -> dict[str, str]:
    """Return the addresses this reader is offered, by name; what he may not do is left out."""
    found = dict(_fixed(signed_in=current_viewer() is not None))
    if not current_site().sign_up_open:
        found.pop("sign_up", None)
    planet = g.get("planet")
    if planet is not None:
        found.update(_of_planet(planet.slug))
    return found


def _fixed(*, signed_in: bool) -> dict[str, str]:
    """Return the links that hang on nothing but being signed in; built once an application."""
    kept = current_app.extensions.setdefault("planetarium.links", {})
    if signed_in not in kept:
        names = FOR_EVERYBODY | (FOR_MEMBERS if signed_in else FOR_VISITORS)
        views = current_app.view_functions
        kept[signed_in] = {name: url_for(to) for name, to in names.items() if to in views}
    result: dict[str, str] = kept[signed_in]
    return result


def _of_planet(slug: str) -> dict[str, str]:
    kept = current_app.extensions.setdefault("planetarium.links", {})
    if "planet" not in kept:
        views = current_app.view_functions
        kept["planet"] = {
            name: url_for(endpoint, slug=_SLUG)
            for name, endpoint in OF_PLANET.items()
            if endpoint in views
        }
    return {
        name: address.replace(_SLUG, slug)
        for name, address in kept["planet"].items()
        if name not in GUARDED or may(GUARDED[name])
    }


def install(app: Flask) -> None:
    """Give templates `frame_links()`; the layouts call it once a page and keep it as `links`."""
    app.jinja_env.globals["frame_links"] = frame_links
