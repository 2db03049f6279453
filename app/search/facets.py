"""How what was found divides, with names, and the query that each choice leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.memberships.queries import names_in
from app.search import port
from app.search.language import Query
from app.search.readers import Searcher
from app.search.views import Choice, Facet

_MOST = 12


def read(searcher: Searcher, query: Query, counts: port.Facets) -> tuple[Facet, ...]:
    """Return the facets that divide anything, those in use included."""
    planets = {
        planet_id: searcher.places[planet_id][0]
        for planet_id in counts.planets
        if planet_id in searcher.places
    }
    made = []
    if searcher.planet is None:
        slugs = {planet.slug: (planet.name, counts.planets[id_]) for id_, planet in planets.items()}
        made.append(Facet("planet", _choices(query, "planet", slugs)))
    kinds = {kind: ("", count) for kind, count in counts.kinds.items()}
    made.append(Facet("kind", _choices(query, "kind", kinds)))
    years = {str(year): ("", counts.years[year]) for year in sorted(counts.years, reverse=True)}
    made.append(Facet("year", _in_order(query, "year", years)))
    made.append(Facet("starter", _starters(searcher, query, counts.authors)))
    return tuple(facet for facet in made if _divides(facet))


def _divides(facet: Facet) -> bool:
    return len(facet.choices) > 1 or any(choice.chosen for choice in facet.choices)


def _choices(query: Query, name: str, values: Mapping[str, tuple[str, int]]) -> tuple[Choice, ...]:
    """The most frequent first."""
    ranked = sorted(values.items(), key=lambda item: (-item[1][1], item[0]))
    return _in_order(query, name, dict(ranked[:_MOST]))


def _in_order(query: Query, name: str, values: Mapping[str, tuple[str, int]]) -> tuple[Choice, ...]:
    return tuple(
        Choice(value, shown, count, query.has(name, value), query.toggled(name, value))
        for value, (shown, count) in values.items()
    )


def _starters(
    searcher: Searcher, query: Query, counts: Mapping[tuple[int, int], int]
) -> tuple[Choice, ...]:
    ranked = sorted(counts, key=lambda pair: (-counts[pair], pair))[:_MOST]
    names = names_in(ranked)
    return tuple(
        Choice(
            value=names[pair],
            name=names[pair],
            count=counts[pair],
            chosen=query.has("starter", names[pair]),
            query=_narrowed(searcher, query, pair[0], names[pair]),
        )
        for pair in _named(ranked, names)
    )


def _named(
    pairs: Iterable[tuple[int, int]], names: Mapping[tuple[int, int], str]
) -> list[tuple[int, int]]:
    return [pair for pair in pairs if pair in names]


def _narrowed(searcher: Searcher, query: Query, planet_id: int, name: str) -> Query:
    """A name stands for one person in one planet only, so the planet goes with it."""
    if query.has("starter", name):
        return query.without("starter", name)
    if searcher.planet is None:
        slug = searcher.places[planet_id][0].slug
        query = query.without("planet").with_filter("planet", slug)
    return query.with_filter("starter", name)
