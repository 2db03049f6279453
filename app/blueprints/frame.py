"""The frame around pages: the bars and the left column, drawn once for the same contents and kept.

What is drawn depends on a `Frame` and on nothing else, and the whole `Frame` is the key under which
it is kept: so nothing drawn for one reader can come to another who would see anything different.
There is no token in it; what posts belongs to the page's form `act`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from flask import Flask, current_app
from flask_babel import get_locale
from markupsafe import Markup

from app.blueprints.entrance import current_site
from app.blueprints.page import media_url

KEPT_AT_MOST = 600
Links = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A planet in the frame. `face` is its picture's address or ""."""

    slug: str
    name: str
    face: str
    url: str = ""
    accent: str = ""
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """All that the frame shows. `name` is "" for a visitor; `here` the planet the page is in."""

    language: str
    site: str
    active: str
    links: Links
    name: str
    face: str
    here: Place | None
    mine: tuple[Place, ...]
    waiting: int
    unread: int


def make_frame(
    viewer: Any,
    planet: Any,
    links: Mapping[str, str],
    active: str,
    mine: Iterable[Any],
    unread: int,
) -> Frame:
    """Return the frame of a page. `mine` are planets with slug name url avatar accent unread
    questions; `unread` counts the notices."""
    mine = tuple(mine)
    return Frame(
        language=str(get_locale()),
        site=current_site().name,
        active=active,
        links=tuple(links.items()),
        name=viewer.name if viewer else "",
        face=media_url(viewer.avatar, "thumb") if viewer else "",
        here=Place(planet.slug, planet.name, media_url(planet.avatar, "thumb")) if planet else None,
        mine=tuple(
            Place(p.slug, p.name, media_url(p.avatar, "thumb"), p.url, p.accent, p.unread)
            for p in mine
        ),
        waiting=sum(p.questions for p in mine),
        unread=unread,
    )


def drawn(frame: Frame, macro: Callable[[Frame, dict[str, str]], Markup]) -> Markup:
    """Return a part of the frame; `macro` of layout/frame.html draws it from the frame and its links."""
    store: _Store = current_app.extensions["planetarium.frames"]
    if current_site().development:
        return macro(frame, dict(frame.links))
    key = (macro.name, frame)  # type: ignore[attr-defined]
    found = store.kept.get(key)
    if found is None:
        found = macro(frame, dict(frame.links))
        store.keep(key, found)
    return found


class _Store:
    """Drawn parts by key, the oldest given up first."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, Frame], Markup] = {}
        self._lock = Lock()

    def keep(self, key: tuple[str, Frame], part: Markup) -> None:
        with self._lock:
            while len(self.kept) >= KEPT_AT_MOST:
                del self.kept[next(iter(self.kept))]
            self.kept[key] = part


def install(app: Flask) -> None:
    """Give templates `make_frame()` and `drawn()`."""
    app.extensions["planetarium.frames"] = _Store()
    app.jinja_env.globals.update(make_frame=make_frame, drawn=drawn)
