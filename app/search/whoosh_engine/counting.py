"""Facets: how many of the found topics are of each planet, kind, year and starter."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from app.search.port import Facets
from app.search.whoosh_engine.packing import Array
from app.search.whoosh_engine.pages import NOBODY
from app.search.whoosh_engine.snapshot import Topics


def count(topics: Topics, slots: Array, planets_of_authors: frozenset[int]) -> Facets:
    """Count the topics that were found, by their places. Starters are counted in some planets alone."""
    planet = topics.planet[slots]
    planets = np.bincount(planet, minlength=len(topics.planets))
    kinds = np.bincount(topics.kind[slots], minlength=len(topics.kinds))
    years = np.bincount(topics.since_first[slots])
    return Facets(
        planets={int(topics.planets[at]): int(planets[at]) for at in np.flatnonzero(planets)},
        kinds={str(topics.kinds[at]): int(kinds[at]) for at in np.flatnonzero(kinds)},
        years={topics.first_year + int(at): int(years[at]) for at in np.flatnonzero(years)},
        authors={
            (int(topics.planets[at]), author): times
            for at in np.flatnonzero(planets)
            if topics.planets[at] in planets_of_authors
            for author, times in _starters(topics, slots[planet == at])
        },
    )


def _starters(topics: Topics, slots: Array) -> Iterable[tuple[int, int]]:
    authors, counts = np.unique(topics.author[slots], return_counts=True)
    pairs = zip(authors.tolist(), counts.tolist(), strict=True)
    return ((author, times) for author, times in pairs if author != NOBODY)
