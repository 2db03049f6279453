"""The pages of search: in one planet and in all of mine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlencode

from flask import request, url_for
from markupsafe import Markup

from app.blueprints.entrance import (
    current_viewer,
    declares,
    enter_planet,
    require,
    require_viewer,
    site_actor,
)
from app.blueprints.frame import macros, site_page
from app.blueprints.kept import GAP, HOLE
from app.blueprints.navigation import Offer, frame_links
from app.blueprints.page import here as this_page
from app.blueprints.search import words
from app.blueprints.search.door import Where, bp, engine, zone
from app.blueprints.search.keeping import past_shapes, saved_shapes
from app.blueprints.search.pace import SEARCHING
from app.blueprints.search.shapes import View, result_fields, saved_url
from app.kernel.db import write_if_free
from app.policy import Action, Actor, can
from app.search import misses, past
from app.search.finding import find
from app.search.language import Filter
from app.search.readers import Searcher, everywhere, within
from app.search.saved import find_saved
from app.search.views import SearchPage

_PAST = 8


@bp.get("/search", endpoint="everywhere")
@declares(Action.ACCOUNT_USE)
def search_everywhere() -> bytes:
    """Search in all planets of mine: `q` words, `f` filters, `page`."""
    viewer = require_viewer()
    return _page(Where(None), everywhere(viewer, zone=zone()), site_actor())


@bp.get("/p/<slug>/search")
@declares(Action.PLANET_READ)
def here(slug: str) -> bytes:
    """Search in one planet."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    return _page(Where(planet), within(planet, actor, zone=zone()), actor)


def _page(where: Where, searcher: Searcher, actor: Actor) -> bytes:
    text = _text()
    if text:
        SEARCHING.take(str(actor.user_id))
    found = find(engine(), searcher, text, page=_page_number())
    asked = not found.query.is_empty
    if asked and not found.away:
        _note(where, actor, found)
    planets = {planet.slug: planet.name for planet, _actor in searcher.places.values()}
    view = View(
        url=where.url,
        suggest=where.suggest_url,
        here=this_page(),
        saved_url=saved_url(),
        **result_fields(where, found, planets),
    )
    offer = frame_links()
    view = _with_ways(view, where, offer) if asked else _with_start(view, where, actor)
    if view.hints and not asked:
        # Nothing of it could be searched for: it stays in the box, to be mended.
        view = replace(view, words=text, fields={})
    return _drawn(view, where, offer)


def _drawn(view: View, where: Where, offer: Offer) -> bytes:
    parts = macros("search/page.html")
    filters = parts.beside(view, HOLE) if view.hits or view.near else Markup()
    content = parts.content(view, where.planet, view.here, filters.replace(GAP, "narrow"))
    side = parts.side(filters.replace(GAP, "beside")) if filters else Markup()
    return site_page(
        offer,
        title=words.title_words(view.title),
        active="search",
        content=(content.encode(),),
        side=side.encode(),
    )


def _text() -> str:
    """Return what is searched for: words, filters, and the two days of the form beside the results."""
    pieces = [request.args.get("q", ""), request.args.get("f", "")]
    if after := _day("after"):
        pieces.append(f"after:{after}")
    if before := _day("before"):
        # The form's last day counts, the language's does not.
        pieces.append(f"before:{before + timedelta(days=1)}")
    return " ".join(piece for piece in pieces if piece.strip())


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, "")[:10])
    except ValueError:
        return None
    return day if 1970 <= day.year < 2100 else None


def _page_number() -> int:
    text = request.args.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1


def _note(where: Where, actor: Actor, found: SearchPage) -> None:
    """Keep what was searched for, for himself; and for the staff, without him, that nothing was found."""
    typed = found.query.words
    if not typed or request.args.get("f") or found.page > 1:
        return
    plain = not any(isinstance(item, Filter) for item in found.query.items)
    missed = plain and where.planet is not None and (found.relaxed or not found.total)

    def write() -> None:
        first_today = past.remember(actor, words=typed)
        if missed and first_today:
            misses.count_miss(actor, words=typed)

    write_if_free(write)


def _with_start(view: View, where: Where, actor: Actor) -> View:
    viewer = require_viewer()
    stats = where.planet is not None and can(actor, Action.STATS_READ)
    return replace(
        view,
        past=past_shapes(where, past.list_past(viewer.user_id, limit=_PAST)),
        saved=saved_shapes(viewer.user_id),
        tips=[(example, where.url_of(example), said) for example, said in words.tips()],
        misses_url=url_for("search.misses", slug=where.planet.slug)
        if stats and where.planet
        else "",
        scopes=_scopes(view, where),
    )


def _with_ways(view: View, where: Where, offer: Offer) -> View:
    viewer = current_viewer()
    user_id = viewer.user_id if viewer else 0
    planet_id = where.planet.id if where.planet else None
    ask = offer.by_name.get("ask", "")
    return replace(
        view,
        scopes=_scopes(view, where),
        ask_url=f"{ask}?{urlencode({'text': view.words})}" if ask and view.words else "",
        wider_url=Where(None).url_of(view.query) if where.planet else "",
        save_url=where.save_url,
        is_saved=find_saved(user_id, query=view.query, planet_id=planet_id) is not None,
    )


def _scopes(view: View, where: Where) -> list[tuple[str, str, bool]]:
    if where.planet is None:
        return []
    return [
        (where.planet.name, where.url_of(view.query), True),
        (words.all_planets(), Where(None).url_of(view.query), False),
    ]
