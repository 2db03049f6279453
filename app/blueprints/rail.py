"""My planets, for the frame's left column and for home: read once a request, and only if shown."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from app.blueprints.entrance import current_viewer
from app.blueprints.navigation import planet_url
from app.discussion.queries.waiting import Waiting, count_waiting
from app.kernel import clock
from app.memberships.queries import MyPlanet, list_mine
from app.policy import Standing

_INSIDE = (Standing.ACTIVE, Standing.GRACE)


@dataclass(frozen=True, slots=True)
class RailPlanet:
    """A planet of mine with what waits there. `avatar` is an attachment's public id."""

    mine: MyPlanet
    slug: str
    name: str
    url: str
    avatar: str
    accent: str
    unread: int
    questions: int


def my_planets() -> list[RailPlanet]:
    """Return the viewer's planets in which he reads, with counts; [] for a visitor. Two queries."""
    return [p for p in all_my_planets() if p.mine.standing is not Standing.PENDING]


def all_my_planets() -> list[RailPlanet]:
    """Return the same, and the planets in which the viewer waits to be let in."""
    if "my_planets" not in g:
        g.my_planets = _read()
    found: list[RailPlanet] = g.my_planets
    return found


def _read() -> list[RailPlanet]:
    viewer = current_viewer()
    mine = list_mine(viewer.user_id) if viewer else []
    if viewer is None or not mine:
        return []
    waiting = count_waiting(viewer.user_id, clock.now())
    nothing = Waiting()
    return [
        RailPlanet(
            mine=planet,
            slug=planet.slug,
            name=planet.name,
            url=planet_url(planet.slug),
            avatar=planet.avatar,
            accent=planet.accent or "indigo",
            unread=there.unread,
            questions=there.questions,
        )
        for planet in mine
        for there in (
            waiting.get(planet.planet_id, nothing) if planet.standing in _INSIDE else nothing,
        )
    ]
