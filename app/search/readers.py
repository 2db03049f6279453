"""Who searches, and where: a person as a reader of each planet that he may search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from app.accounts.queries import Viewer, find_viewer_by_id
from app.kernel import clock
from app.memberships.queries import enter_all
from app.planets.queries import PlanetView
from app.policy import Action, Actor, ExpiredAccess, Standing, can
from app.search import port

# Of these every reader stays outside, samples included.
_NOTHING = (Standing.LEFT, Standing.REMOVED)


@dataclass(frozen=True, slots=True)
class Searcher:
    """A person (or a visitor) and the planets he searches, with himself as an actor in each.

    Made by `everywhere` or `within`. `planet` is set when one planet is searched. `zone` is the reader's.
    """

    user_id: int | None
    now: datetime
    zone: tzinfo
    planet: PlanetView | None = None
    places: Mapping[int, tuple[PlanetView, Actor]] = field(default_factory=dict)

    @property
    def actors(self) -> dict[int, Actor]:
        """Planet id -> himself there."""
        return {planet_id: actor for planet_id, (_planet, actor) in self.places.items()}

    def actors_in(self, planet_ids: Iterable[int]) -> dict[int, Actor]:
        """Return planet id -> himself there, of some planets."""
        wanted = set(planet_ids)
        return {planet_id: actor for planet_id, actor in self.actors.items() if planet_id in wanted}

    def request(self, query: port.Node, filters: port.Filters | None = None) -> port.Request:
        """Return the request by his rights; `dataclasses.replace` gives it what else it needs."""
        readers = {
            planet_id: reader
            for planet_id, actor in self.actors.items()
            if (reader := reader_of(actor)) is not None
        }
        return port.Request(query, readers, self.now, filters or port.Filters())

    @property
    def open_directories(self) -> frozenset[int]:
        """The planets in which he may be told who writes how much."""
        return frozenset(
            planet_id for planet_id, actor in self.actors.items() if can(actor, Action.MEMBER_LIST)
        )

    def wider(self) -> Searcher | None:
        """Return the same person in all his planets; None where there is nothing more to search."""
        viewer = find_viewer_by_id(self.user_id) if self.planet and self.user_id else None
        if viewer is None:
            return None
        all_of_them = replace(everywhere(viewer, zone=self.zone), now=self.now)
        return all_of_them if set(all_of_them.places) - set(self.places) else None


def everywhere(viewer: Viewer | None, *, zone: tzinfo) -> Searcher:
    """Return somebody in all planets that he joined; a visitor searches none. One query."""
    places = enter_all(viewer) if viewer is not None else {}
    return Searcher(viewer.user_id if viewer else None, clock.now(), zone, None, places)


def within(planet: PlanetView, actor: Actor, *, zone: tzinfo) -> Searcher:
    """Return somebody in one planet, whatever he is there: a visitor finds its samples. No query."""
    return Searcher(actor.user_id, actor.now, zone, planet, {planet.id: (planet, actor)})


def reader_of(actor: Actor) -> port.Reader | None:
    """Return what the index must know of an actor; None for who may read nothing at all."""
    if actor.planet is None or actor.standing in _NOTHING:
        return None
    keeps = actor.planet.expired_access is not ExpiredAccess.LOCK
    expired = actor.standing is Standing.EXPIRED and keeps
    return port.Reader(
        planet_id=actor.planet.id,
        user_id=actor.user_id,
        staff=actor.staff,
        inside=actor.inside,
        until=actor.expires_at if expired else None,
        since=actor.reads_from,
        queue_open=actor.planet.question_queue_open,
        own=bool(can(actor, Action.ASKED_READ)),
    )
