"""What is kept of searching: past and saved searches of mine, and a planet's searches without result."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time

from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.blueprints.discussion.present import Shape
from app.blueprints.entrance import (
    declares,
    enter_planet,
    require,
    require_viewer,
    safe_next,
    site_actor,
)
from app.blueprints.language import local_date
from app.blueprints.search import words
from app.blueprints.search.door import Where, bp
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.planets.queries import PlanetView
from app.policy import Action, can
from app.search import misses as missed
from app.search import past, saved


def past_shapes(where: Where, found: Iterable[past.PastWords]) -> list[Shape]:
    """Return past searches as links."""
    return [{"words": one.words, "url": where.url_of(one.words)} for one in found]


def saved_shapes(user_id: int) -> list[Shape]:
    """Return somebody's saved searches as links."""
    return [
        {
            "public_id": one.public_id,
            "query": one.query,
            "url": Where(one.planet).url_of(one.query),
            "where": one.planet.name if one.planet else words.all_planets(),
            "tell": one.tell,
        }
        for one in saved.list_saved(user_id)
    ]


@bp.get("/search/saved", endpoint="saved")
@declares(Action.ACCOUNT_USE)
def list_kept() -> str:
    """Show my saved and all my past searches."""
    user_id = require_viewer().user_id
    return render_template(
        "search/kept.html",
        saved=saved_shapes(user_id),
        past=past_shapes(Where(None), past.list_past(user_id)),
    )


@bp.post("/search/save")
@declares(Action.ACCOUNT_USE)
def save() -> Response:
    """Keep a search (`q`) of all my planets."""
    require_viewer()
    return _save(None)


@bp.post("/p/<slug>/search/save")
@declares(Action.PLANET_READ)
def save_here(slug: str) -> Response:
    """Keep a search (`q`) of one planet."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    return _save(planet)


def _save(planet: PlanetView | None) -> Response:
    query = request.form.get("q", "")
    try:
        with unit_of_work():
            saved.save(site_actor(), query=query, planet_id=planet.id if planet else None)
    except Invalid as error:
        flash(words.refused(error), "error")
    else:
        flash(gettext("Saved. You are told when something new is found."), "ok")
    return redirect(Where(planet).url_of(query), code=303)


@bp.post("/search/saved/<public_id>/tell")
@declares(Action.ACCOUNT_USE)
def tell(public_id: str) -> Response:
    """Announce new hits of a saved search (`on`), or announce them no more."""
    require_viewer()
    act = saved.tell_hits if request.form.get("on") else saved.hush_hits
    with unit_of_work():
        act(site_actor(), public_id=public_id)
    return _back()


@bp.post("/search/saved/<public_id>/drop")
@declares(Action.ACCOUNT_USE)
def drop(public_id: str) -> Response:
    """Delete a saved search."""
    require_viewer()
    with unit_of_work():
        saved.drop(site_actor(), public_id=public_id)
    return _back()


@bp.post("/search/past/forget")
@declares(Action.ACCOUNT_USE)
def forget() -> Response:
    """Delete one past search (`words`)."""
    require_viewer()
    with unit_of_work():
        past.forget(site_actor(), words=request.form.get("words", "")[: past.LONGEST])
    return _back()


@bp.post("/search/past/forget-all")
@declares(Action.ACCOUNT_USE)
def forget_all() -> Response:
    """Delete all past searches."""
    require_viewer()
    with unit_of_work():
        past.forget_all(site_actor())
    return _back()


def _back() -> Response:
    return redirect(safe_next(url_for("search.saved")), code=303)


@bp.get("/p/<slug>/search/misses")
@declares(Action.STATS_READ)
def misses(slug: str) -> str:
    """Show to staff what was searched for in vain in the last 30 days."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.STATS_READ))
    where = Where(planet)
    return render_template(
        "search/misses.html",
        misses=[
            {
                "words": one.words,
                "times": one.times,
                "last": local_date(datetime.combine(one.last, time(12), tzinfo=UTC)),
                "url": where.url_of(one.words),
            }
            for one in missed.list_misses(actor)
        ],
    )
