"""Tallies: sums that are counted beforehand, so that a page costs no more when there is more to count.

Each thing of a kind (a member, a visitor, a booking) adds its own part to its planet's sums, and the
part is kept beside them. Whatever changes a thing writes down that it did (`noting`); a part that the
clock changes says when. `keeping` counts such things anew, and the worker calls it every minute. `read`
takes the sums and does the same for what has changed since, in memory: so figures are right at every
moment, also without a worker, and a page costs what happened since it was last at work.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Text, and_, cast, literal, null, or_, select, true, union_all

from app.insights.models import Tally, TallyPart, TallySum
from app.kernel.db import db
from app.planets.counted import TallyChange
from app.planets.queries import PlanetView

BATCH = 500


@dataclass(frozen=True, slots=True)
class Part:
    """What one thing adds, and the next moment at which it will be something else by the clock alone."""

    counts: Mapping[str, int]
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of things that are counted.

    `terms` returns the settings on which parts hang; `refs` the next names of things behind one, in a fixed
    order; `measure` the parts of these things at a moment; what is gone is not among them.
    """

    name: str
    terms: Callable[[PlanetView], str]
    refs: Callable[[int, str, int], list[str]]
    measure: Callable[[PlanetView, Collection[str], datetime], dict[str, Part]]


@dataclass(slots=True)
class _Kept:
    """What is kept of a planet: under which terms, the sums, and the parts of what has changed since."""

    terms: str = ""
    sums: Counter[str] = field(default_factory=Counter)
    stale: dict[str, dict[str, int]] = field(default_factory=dict)


def read(kind: Kind, planet: PlanetView, now: datetime) -> Counter[str]:
    """Return key -> sum at this moment. One statement, and those that measure what has changed since."""
    return read_many(kind, [planet], now)[planet.id]


def read_many(
    kind: Kind, planets: Sequence[PlanetView], now: datetime, keys: Collection[str] = ()
) -> dict[int, Counter[str]]:
    """Return planet id -> key -> sum; of `keys` alone, if any are named. One statement for all planets."""
    kept = _read_kept(kind, {planet.id: planet.moment(now) for planet in planets}, keys)
    return {
        planet.id: _sums(kind, planet, planet.moment(now), kept[planet.id]) for planet in planets
    }


def _sums(kind: Kind, planet: PlanetView, moment: datetime, kept: _Kept) -> Counter[str]:
    if kept.terms != kind.terms(planet):
        return _measure_all(kind, planet, moment)
    for counts in kept.stale.values():
        kept.sums.subtract(counts)
    refs = list(kept.stale)
    for start in range(0, len(refs), BATCH):
        _add(kept.sums, kind.measure(planet, refs[start : start + BATCH], moment))
    return kept.sums


def _add(sums: Counter[str], parts: Mapping[str, Part]) -> None:
    for part in parts.values():
        sums.update(part.counts)


def _measure_all(kind: Kind, planet: PlanetView, moment: datetime) -> Counter[str]:
    """Count everything, as before the worker first came by."""
    sums: Counter[str] = Counter()
    after, more = "", True
    while more:
        refs = kind.refs(planet.id, after, BATCH)
        if refs:
            _add(sums, kind.measure(planet, refs, moment))
            after = refs[-1]
        more = len(refs) == BATCH
    return sums


def _read_kept(
    kind: Kind, moments: Mapping[int, datetime], keys: Collection[str]
) -> dict[int, _Kept]:
    """Return what is kept of each planet; `moments`: planet id -> the moment by which it is judged.

    In one statement, so that all of it is of one moment: a part taken off twice would stay wrong.
    """
    found = {planet_id: _Kept() for planet_id in moments}
    for planet_id, what, name, amount, counts in db.session.execute(_kept(kind, moments, keys)):
        kept = found[planet_id]
        if what == "terms":
            kept.terms = name
        elif what == "sum":
            kept.sums[name] = amount
        else:
            kept.stale[name] = json.loads(counts or "{}")
    return found


def _kept(kind: Kind, moments: Mapping[int, datetime], keys: Collection[str]) -> Any:
    none, zero = cast(null(), Text), cast(literal(0), BigInteger)
    overdue = or_(
        *(
            and_(TallyPart.planet_id == planet_id, TallyPart.until <= moment)
            for planet_id, moment in moments.items()
        )
    )
    wanted = TallySum.key.in_(keys) if keys else true()
    changed = select(
        TallyChange.planet_id, literal("part"), TallyChange.ref, zero, TallyPart.counts
    ).outerjoin(
        TallyPart,
        and_(
            TallyPart.planet_id == TallyChange.planet_id,
            TallyPart.kind == TallyChange.kind,
            TallyPart.ref == TallyChange.ref,
        ),
    )
    return union_all(
        select(Tally.planet_id, literal("terms"), Tally.terms, zero, none).where(
            Tally.planet_id.in_(moments), Tally.kind == kind.name, Tally.complete
        ),
        select(TallySum.planet_id, literal("sum"), TallySum.key, TallySum.amount, none).where(
            TallySum.planet_id.in_(moments), TallySum.kind == kind.name, wanted
        ),
        select(TallyPart.planet_id, literal("part"), TallyPart.ref, zero, TallyPart.counts).where(
            TallyPart.kind == kind.name, overdue
        ),
        changed.where(TallyChange.planet_id.in_(moments), TallyChange.kind == kind.name),
    )
