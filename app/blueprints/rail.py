"""My planets for the frame's left column: the near ones, read once a request, and only if shown.

Somebody may have joined hundreds. Each page shows and counts RAIL of them: the one it is in, the pinned
ones, those visited last; home has all, page by page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from flask import after_this_request, g, request
from werkzeug.wrappers import Response

from app.accounts.queries import Viewer
from app.blueprints.entrance import current_viewer
from app.blueprints.navigation import planet_url
from app.discussion.queries.waiting import Waiting, count_questions, count_waiting
from app.kernel import clock
from app.kernel.db import write_if_free
from app.memberships.actions import note_visit
from app.memberships.queries import MyPlanet, list_among, list_rail
from app.policy import Action, Standing, can

RAIL = 12
# A visit is noted once in this time: it orders a list of twelve, and each note is a write.
NOTED_EACH = timedelta(hours=1)
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


class Rail(NamedTuple):
    """The near ones of my planets (RailPlanets, or samples of the style guide); whether there are
    `more`; the `questions` that wait for me in all."""

    planets: Sequence[Any] = ()
    more: bool = False
    questions: int = 0


def my_planets() -> Rail:
    """Return the near ones of the planets that the viewer joined; none for a visitor. Two queries, and
    two more for who has more than are shown."""
    if "rail" not in g:
        viewer = current_viewer()
        g.rail = _read(viewer) if viewer else Rail()
    rail: Rail = g.rail
    return rail


def counted(viewer: Viewer, planets: Iterable[MyPlanet]) -> list[RailPlanet]:
    """Return these planets of the viewer with what waits there; each is counted once a request."""
    planets = list(planets)
    known: dict[int, Waiting] = g.setdefault("counted_in", {})
    asked = [p.planet_id for p in planets if p.standing in _INSIDE and p.planet_id not in known]
    known.update(count_waiting(viewer.user_id, clock.now(), asked))
    return [_with(planet, known.get(planet.planet_id, Waiting())) for planet in planets]


def _read(viewer: Viewer) -> Rail:
    here = g.get("planet")
    near, more = list_rail(viewer.user_id, here=here.id if here else None, most=RAIL)
    planets = counted(viewer, near)
    if not more:
        return Rail(planets, questions=sum(planet.questions for planet in planets))
    if here:
        _note(next((mine for mine in near if mine.planet_id == here.id), None))
    return Rail(planets, more, _questions_everywhere(viewer))


def _questions_everywhere(viewer: Viewer) -> int:
    asked = count_questions(viewer.user_id)
    within = list_among(viewer.user_id, asked)
    return sum(asked[mine.planet_id] for mine in within if mine.standing in _INSIDE)


def _note(mine: MyPlanet | None) -> None:
    """Note that the viewer is in this planet of theirs, once the page is sent."""
    if mine is None or request.method != "GET" or not can(g.actor, Action.PLANET_READ):
        return
    if mine.visited_at is not None and mine.visited_at > clock.now() - NOTED_EACH:
        return

    @after_this_request
    def _write(response: Response) -> Response:
        if response.status_code < 300:
            write_if_free(lambda: note_visit(g.actor))
        return response


def _with(planet: MyPlanet, there: Waiting) -> RailPlanet:
    return RailPlanet(
        mine=planet,
        slug=planet.slug,
        name=planet.name,
        url=planet_url(planet.slug),
        avatar=planet.avatar,
        accent=planet.accent or "indigo",
        unread=there.unread,
        questions=there.questions,
    )
