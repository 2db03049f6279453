"""What every page needs around its content: language, time zone, filters, the frame's context."""

from __future__ import annotations

from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Flask, after_this_request, current_app, g, request
from flask_babel import Babel, get_locale, get_timezone
from werkzeug.wrappers import Response

from app.blueprints import language
from app.blueprints.entrance import current_site, current_viewer, may, site_actor
from app.blueprints.rail import my_planets
from app.kernel import clock
from app.kernel.db import write_if_free
from app.notifications.actions import mark_seen
from app.notifications.kinds import Kind
from app.notifications.queries import Seen, count_seen, count_unread

LANGUAGES = {"zh_Hans": "简体中文", "en": "English"}
LANGUAGE_COOKIE = "language"
# Where notices of a planet lead that are about no topic and no order (notifications/sight).
_LED_TO: dict[str, tuple[Kind, ...]] = {
    "memberships.requests": (Kind.JOIN_REQUESTED,),
    "billing.transfers": (Kind.TRANSFER_STATED,),
    "feed.home": (Kind.JOIN_APPROVED, Kind.ROLE_CHANGED, Kind.JOIN_DECLINED),
    "planets.landing": (Kind.INVITED, Kind.JOIN_DECLINED, Kind.SEAT_FREE),
    "memberships.mine": (Kind.ROLE_CHANGED,),
    "billing.buy": (Kind.MAY_BUY, Kind.SEAT_FREE, Kind.TERM_ENDS, Kind.TERM_ENDED),
}


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
    """Return how many notices wait for the viewer, without those that this page is about; asked once a
    page, by the frame."""
    viewer = current_viewer()
    if viewer is None:
        return 0
    if "unread_notices" not in g:
        g.unread_notices = g.waiting = count_unread(viewer.user_id)
        here = g.get("seen") or _seen_here()
        if g.unread_notices and here is not None:
            show(here)
            g.unread_notices -= _count_shown(viewer.user_id)
    return int(g.unread_notices)


def show(seen: Seen) -> None:
    """Say what this page shows, however its reader came: once it is sent, notices of it are read."""
    if current_viewer() is None or "shown" in g:
        return
    g.seen = g.shown = seen

    @after_this_request
    def _clear(response: Response) -> Response:
        viewer = current_viewer()
        drawn = response.status_code < 300 and g.get("waiting") != 0
        if drawn and viewer is not None and _count_shown(viewer.user_id):
            write_if_free(lambda: mark_seen(site_actor(), seen=seen))
        return response


def _count_shown(user_id: int) -> int:
    """Return how many unread notices are about what this page shows; asked once a page."""
    if "count_shown" not in g:
        g.count_shown = count_seen(user_id, g.seen)
    return int(g.count_shown)


def _seen_here() -> Seen | None:
    """Return what the page of this endpoint shows of a planet, when notices lead there."""
    kinds, planet = _LED_TO.get(request.endpoint or ""), g.get("planet")
    return Seen(planet_id=planet.id, kinds=kinds) if kinds and planet is not None else None


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
