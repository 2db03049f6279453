"""The frame around pages: the head, the bars and the left column, drawn once for the same contents.

What is drawn depends on a `Frame` and the page's language and on nothing else, and both together are
the key under which it is kept: so nothing drawn for one reader can come to another who would see
anything different.
There is no token in it: it has gaps for what is the page's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Flask, current_app, g, session
from markupsafe import Markup, escape

from app.blueprints import kept
from app.blueprints.cookies import csrf_token
from app.blueprints.entrance import current_site, current_viewer
from app.blueprints.kept import GAP
from app.blueprints.language import look
from app.blueprints.navigation import Offer
from app.blueprints.page import here, media_url, unread_notices
from app.blueprints.rail import Rail, my_planets
from app.kernel import clock

# Some 200 readers' frames.
CHARACTERS = 2_000_000
Links = tuple[tuple[str, str], ...]


class Place(NamedTuple):
    """A planet in the frame. `face` is its picture's address or ""."""

    slug: str
    name: str
    face: str
    url: str = ""
    accent: str = ""
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """All that the frame shows. `name` is "" for a visitor; `here` the planet the page is in; `mine` the
    near ones of the reader's planets, of which there may be `more`.

    `layout` is planet, site or focus (nothing but the head and the foot of the document); `side` tells
    whether something stands in the right column, `width` widens the page, `mark` is the watermark,
    `viewer` the reader's own public id, by which his browser keeps what he typed apart from others'.
    """

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
    more: bool = False
    theme: str = "auto"
    layout: str = "planet"
    side: bool = False
    width: str = ""
    mark: str = ""
    viewer: str = ""


class Shell(NamedTuple):
    """The frame in pieces, between which the page puts its own; `sent` are the same, encoded."""

    sent: kept.Pieces
    start: Markup
    after_title: Markup
    after_token: Markup
    after_head: Markup
    after_content: Markup
    after_side: Markup
    after_footer: Markup
    end: Markup


def make_frame(viewer: Any, planet: Any, links: Links, rail: Rail, **shown: Any) -> Frame:
    """Return the frame of a page; `shown` are fields of the frame as they stand."""
    language, script, _zone = look()
    return Frame(
        language=f"{language}-{script}" if script else language,
        site=current_site().name,
        links=links,
        name=viewer.name if viewer else "",
        face=media_url(viewer.avatar, "thumb") if viewer else "",
        here=_here(planet) if planet else None,
        mine=tuple(
            Place(p.slug, p.name, media_url(p.avatar, "thumb"), p.url, p.accent, p.unread)
            for p in rail.planets
        ),
        more=rail.more,
        waiting=rail.questions,
        theme=(viewer.theme if viewer else "") or "auto",
        viewer=viewer.public_id if viewer else "",
        **shown,
    )


def _here(planet: Any) -> Place:
    return Place(
        planet.slug,
        planet.name,
        media_url(planet.avatar, "thumb"),
        accent=planet.accent or "indigo",
    )


def shell(frame: Frame) -> Shell:
    """Return the frame in pieces, kept or drawn now by layout/frame.html."""
    shelf: kept.Shelf[Shell] = current_app.extensions["planetarium.shells"]
    now, key = clock.now(), (look(), frame)
    found = shelf.get(key, now)
    if found is None:
        drawn = macros("layout/frame.html").shell(frame, dict(frame.links), kept.HOLE)
        parts = (Markup(piece) for piece in drawn.split(GAP))  # noqa: S704 - ours
        found = Shell(kept.cut(drawn), *parts)
        shelf.put(key, found, size=2 * len(drawn), now=now)
    return found


def planet_page(
    offer: Offer,
    *,
    title: str,
    active: str,
    content: Iterable[bytes],
    side: bytes,
    head: bytes = b"",
) -> bytes:
    """Return a whole page inside a planet as layout/planet.html makes it, from parts that are drawn
    already: for the pages that are opened most."""
    mark = screen_mark(g.planet, g.actor)
    frame = _own_frame(offer, active=active, side=True, mark=mark)
    return _joined(frame, offer, title=title, content=content, side=side, head=head)


def site_page(
    offer: Offer, *, title: str, active: str, content: Iterable[bytes], side: bytes
) -> bytes:
    """Return a whole page as layout/site.html makes it, in the same way; in a planet with its mark."""
    mark = screen_mark(g.planet, g.actor) if g.get("planet") else ""
    frame = _own_frame(offer, active=active, side=bool(side), mark=mark, layout="site")
    return _joined(frame, offer, title=title, content=content, side=side)


def _own_frame(offer: Offer, **shown: Any) -> Frame:
    viewer, planet = current_viewer(), g.get("planet")
    unread = unread_notices()
    return make_frame(viewer, planet, offer.pairs, my_planets(), unread=unread, **shown)


def _joined(
    frame: Frame,
    offer: Offer,
    *,
    title: str,
    content: Iterable[bytes],
    side: bytes,
    head: bytes = b"",
) -> bytes:
    start, after_title, after_token, after_head, after_content, after_side, after_footer, end = (
        shell(frame).sent
    )
    token = csrf_token().encode()
    own = (start, f"{escape(title)} · ".encode(), after_title, token, after_token, head, after_head)
    messages = macros("components/notice.html").flashes().encode() if "_flashes" in session else b""
    footer = b"" if frame.viewer else _footer(frame, offer.by_name)
    below = (after_content, side, after_side, footer, after_footer, token, end)
    return b"".join((*own, messages, *content, *below))


def screen_mark(planet: Any, actor: Any) -> str:
    """Return what marks a screen inside a planet: the planet's name and the member's number, or ""."""
    if planet.watermark and actor.number and actor.inside:
        return f"{planet.name} #{actor.number}"
    return ""


def _footer(frame: Frame, links: dict[str, str]) -> bytes:
    drawn: Markup = macros("layout/frame.html").footer(frame, links, here())
    return drawn.encode()


def macros(template: str) -> Any:
    """Return what a template defines, imported without context."""
    return current_app.jinja_env.get_template(template).module


def install(app: Flask, *, development: bool) -> None:
    """Give templates `make_frame()`, `shell()` and `screen_mark()`."""
    app.extensions["planetarium.shells"] = kept.Shelf[Shell](0 if development else CHARACTERS)
    app.jinja_env.globals.update(make_frame=make_frame, shell=shell, screen_mark=screen_mark)
