"""The discover page: planets that opted in to be found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import render_template, request, url_for
from flask_babel import ngettext

from app.blueprints.entrance import declares
from app.blueprints.kept import counted
from app.blueprints.page import media_url
from app.blueprints.planets.door import bp
from app.blueprints.planets.words import CATEGORY_NAMES
from app.insights.members import count_inside
from app.kernel import clock
from app.planets.basics import CATEGORIES
from app.planets.queries import ListedPlanet, PlanetView, list_discoverable, list_used_categories


@bp.get("/discover")
@declares("public")
def discover() -> str:
    """Show planets that opted in to be found, the youngest first, all or those of one category."""
    category = request.args.get("category", "")
    category = category if category in CATEGORIES else ""
    found, cursor = list_discoverable(category=category, after=request.args.get("after", ""))
    counts = heads_in(found)
    used = set(list_used_categories())
    older = url_for("planets.discover", category=category or None, after=cursor) if cursor else None
    return render_template(
        "planets/discover.html",
        planets=[tile_shape(p, counts[p.id]) for p in found],
        categories=[(key, name) for key, name in CATEGORY_NAMES.items() if key in used],
        category=category,
        older=older,
        paged="after" in request.args,
    )


def heads_in(planets: Sequence[ListedPlanet | PlanetView]) -> dict[int, int]:
    """Return planet id -> how many people are inside, as of this minute; who joins is counted at once."""

    def count() -> dict[int, int]:
        return count_inside([p.id for p in planets], clock.now())

    key = tuple((p.public_id, p.next_number, p.grace_days, p.paused_at) for p in planets)
    return counted(("heads", key), count)


def tile_shape(planet: ListedPlanet, members: int) -> dict[str, Any]:
    """Return a planet as `planet_tile` takes it."""
    return {
        "name": planet.name,
        "url": url_for("planets.landing", slug=planet.slug),
        "avatar_url": media_url(planet.avatar, "thumb"),
        "accent": planet.accent or "indigo",
        "intro": planet.tagline,
        "pinned": False,
        "role_label": CATEGORY_NAMES.get(planet.category, ""),
        "questions": 0,
        "unread": 0,
        "stats": [(members, ngettext("member", "members", members))],
    }
