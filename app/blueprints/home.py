"""Home: my planets for who is signed in, a welcome for everybody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for

from app.billing.queries.orders import planets_going_on
from app.blueprints.entrance import current_viewer, declares, site_actor
from app.blueprints.memberships.door import ROLE_NAMES
from app.blueprints.page import media_url
from app.blueprints.planets.discover import heads_in, tile_shape
from app.blueprints.rail import RailPlanet, counted, my_planets
from app.kernel import clock
from app.kernel.text import clean
from app.memberships.queries import MyPlanet, count_requests, page_mine
from app.planets.queries import list_discoverable
from app.policy import Action, PlanetRole, Standing, can

bp = Blueprint("home", __name__)
SHOWN_TO_VISITORS = 6
MAX_TYPED = 60
ENDS_SOON = timedelta(days=14)


@bp.get("/")
@declares("public")
def index() -> str:
    """Show my planets, page by page (`q` searches their names), or the welcome page."""
    viewer = current_viewer()
    if viewer is None:
        return _welcome()
    typed = " ".join(clean(request.args.get("q", "")).split())[:MAX_TYPED]
    page = page_mine(viewer.user_id, typed=typed, after=request.args.get("after", ""))
    planets = counted(viewer, page.planets)
    requests = count_requests([p.mine.planet_id for p in planets if p.mine.staffed])
    ending = _ending(viewer.user_id, page.planets)
    return render_template(
        "home/mine.html",
        planets=[
            _tile(p, requests.get(p.mine.planet_id, 0), ends_soon=p.mine.planet_id in ending)
            for p in planets
        ],
        questions=my_planets().questions,
        typed=typed,
        paged=page.paged,
        further=url_for("home.index", q=typed or None, after=page.after) if page.after else None,
        may_create=bool(can(site_actor(), Action.PLANET_CREATE)),
    )


def _welcome() -> str:
    found, _more = list_discoverable(limit=SHOWN_TO_VISITORS)
    counts = heads_in(found)
    return render_template(
        "home/welcome.html", planets=[tile_shape(p, counts[p.id]) for p in found]
    )


def _ending(user_id: int, planets: list[MyPlanet]) -> set[int]:
    """Return the planets where a member's time ends soon and does not go on by itself."""
    soon = clock.now() + ENDS_SOON
    found = {
        mine.planet_id
        for mine in planets
        if mine.role is PlanetRole.MEMBER
        and mine.standing is Standing.ACTIVE
        and mine.expires_at is not None
        and mine.expires_at <= soon
    }
    return found - planets_going_on(user_id, found)


def _tile(planet: RailPlanet, requests: int, *, ends_soon: bool) -> dict[str, Any]:
    """Return one of my planets for home: what waits there, and what of it is mine to do."""
    mine = planet.mine
    waiting = mine.standing is Standing.PENDING
    where = "planets.landing" if waiting else "feed.home"
    return {
        "slug": mine.slug,
        "name": mine.name,
        "url": url_for(where, slug=mine.slug),
        "avatar_url": media_url(mine.avatar, "thumb"),
        "accent": planet.accent,
        "intro": mine.tagline,
        "pinned": mine.pinned,
        "role_label": "" if mine.role is PlanetRole.MEMBER or waiting else ROLE_NAMES[mine.role],
        "questions": planet.questions,
        "unread": planet.unread,
        "requests": requests,
        "about": url_for("planets.landing", slug=mine.slug),
        "waiting": waiting,
        "ends_soon": ends_soon,
        "ended": mine.standing is Standing.EXPIRED,
        "grace": mine.standing is Standing.GRACE,
        "expires_at": mine.ran_until,
    }
