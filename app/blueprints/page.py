"""What every page needs around its content: language, time zone, filters, the frame's context."""

from __future__ import annotations

from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Flask, current_app, g, request
from flask_babel import Babel, get_locale, get_timezone

from app.blueprints import language
from app.blueprints.entrance import current_site, current_viewer, may
from app.blueprints.rail import my_planets
from app.kernel import clock
from app.notifications.queries import count_unread

LANGUAGES = {"zh_Hans": "简体中文", "en": "English"}
LANGUAGE_COOKIE = "language"


def choose_locale() -> str:
    """Return the page's language: the account's, the cookie's, the browser's, the site's."""
    viewer = current_viewer()
    wishes = (viewer.language if viewer else "", request.cookies.get(LANGUAGE_COOKIE, ""))
    for wish in wishes:
        if wish in LANGUAGES:
            return wish
    best = request.accept_languages.best_match(["zh-Hans", "zh-CN", "zh", "zh-TW", "en"])
    if best is None:
        return current_site().default_language
    return "en" if best == "en" else "zh_Hans"


def choose_timezone() -> str:
    """Return the reader's IANA zone: the account's or the site's."""
    viewer = current_viewer()
    if viewer and viewer.timezone in language.known_timezones():
        return viewer.timezone
    return current_site().default_timezone


def media_url(public_id: str, variant: str = "full") -> str:
    """Return an attachment's address, or "" when there is none. `variant`: full or thumb."""
    if not public_id:
        return ""
    return f"/media/{public_id}" if variant == "full" else f"/media/{public_id}/{variant}"


def install(app: Flask) -> None:
    """Give templates their filters, globals and the frame's context."""
    try:
        # Given as it is needed: Babel takes a word apart anew each time.
        locales = {name: Locale.parse(name) for name in LANGUAGES}
        Babel(
            app,
            locale_selector=lambda: locales.get(chosen := choose_locale(), chosen),
            timezone_selector=choose_timezone,
        )
    except UnknownLocaleError as error:  # pragma: no cover - a broken catalogue folder
        raise SystemExit(f"unknown language in app/translations/: {error}") from error
    language.install(app)
    app.jinja_env.globals.update(
        asset=asset,
        may=may,
        media_url=media_url,
        get_locale=get_locale,
        get_timezone=get_timezone,
    )
    app.context_processor(_frame)


def unread_notices() -> int:
    """Return how many notices wait for the viewer; asked once a page, by the frame."""
    viewer = current_viewer()
    if viewer is None:
        return 0
    if "unread_notices" not in g:
        g.unread_notices = count_unread(viewer.user_id)
    return int(g.unread_notices)


def _frame() -> dict[str, Any]:
    """The frame's context; what costs a query is a function, so that a page pays only what it shows."""
    return {
        "site": current_site(),
        "viewer": current_viewer(),
        "planet": g.get("planet"),
        "actor": g.get("actor"),
        "now": clock.now(),
        "languages": LANGUAGES,
        "my_planets": my_planets,
        "unread_notices": unread_notices,
        "here": here(),
    }


def here() -> str:
    """Return the address of this page, with its query."""
    return request.full_path if request.query_string else request.path


def asset(path: str) -> str:
    """Return the hashed address of a static file, cacheable for ever."""
    prefix: str = current_app.extensions["planetarium.static_prefix"]
    return prefix + path
