"""Facets: how many of the found topics are of each planet, kind, year and starter."""

from __future__ import annotations

import numpy as np

from app.search.port import Facets
from app.search.whoosh_engine.packing import Array
from app.search.whoosh_engine.pages import NOBODY
from app.search.whoosh_engine.snapshot import Topics


def count(topics: Topics, found: Array, planets_of_authors: frozenset[int]) -> Facets:
    """Count the topics that were found. Starters are counted in some planets alone."""
    slots = np.flatnonzero(found)
    named = slots[np.isin(topics.planets, list(planets_of_authors))[topics.planet[slots]]]
    named = named[topics.author[named] != NOBODY]
    planets = np.bincount(topics.planet[slots], minlength=len(topics.planets))
    kinds = np.bincount(topics.kind[slots], minlength=len(topics.kinds))
    years, of_year = np.unique(topics.years[slots], return_counts=True)
    return Facets(
        planets={int(topics.planets[at]): int(planets[at]) for at in np.flatnonzero(planets)},
        kinds={str(topics.kinds[at]): int(kinds[at]) for at in np.flatnonzero(kinds)},
        years=dict(zip(years.tolist(), of_year.tolist(), strict=True)),
        authors=_starters(topics, named),
    )


def _starters(topics: Topics, slots: Array) -> dict[tuple[int, int], int]:
    counts: dict[tuple[int, int], int] = {}
    for at, planet in enumerate(topics.planets.tolist()):
        authors, many = np.unique(
            topics.author[slots[topics.planet[slots] == at]], return_counts=True
        )
        counts |= {
            (planet, author): times
            for author, times in zip(authors.tolist(), many.tolist(), strict=True)
        }
    return counts
