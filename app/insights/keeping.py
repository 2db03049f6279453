"""Keeping tallies: what has changed is counted anew and the sums are moved by the difference."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from app.insights.models import Tally, TallyPart, TallySum
from app.insights.tallies import BATCH, Kind
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.progress import signal
from app.planets.counted import TallyChange
from app.planets.models import Planet
from app.planets.queries import PLANET_VIEW_COLUMNS, PlanetView, read_planet_view

# So many planets share a unit of work.
PLANETS = 40


def keep(kinds: Collection[Kind]) -> None:
    """Bring every planet's sums up to date. A timed job; opens its own units of work."""
    moment = clock.now()
    views = [read_planet_view(row)[0] for row in db.session.execute(select(*PLANET_VIEW_COLUMNS))]
    for kind in kinds:
        waiting = _waiting(kind, moment)
        held = {
            row.planet_id: row.terms
            for row in db.session.execute(
                select(Tally.planet_id, Tally.terms).where(Tally.kind == kind.name, Tally.complete)
            )
        }
        left = [
            planet.id
            for planet in views
            if planet.id in waiting or held.get(planet.id) != kind.terms(planet)
        ]
        while left:
            left = [*_step(kind, left[:PLANETS], moment), *left[PLANETS:]]
            signal(len(views) - len(left), of=len(views))


def _waiting(kind: Kind, moment: datetime) -> set[int]:
    """Return the planets where something changed, by a deed or by the clock, which may stand still."""
    changed = select(TallyChange.planet_id).where(TallyChange.kind == kind.name).distinct()
    overdue = select(Planet.id).where(
        select(TallyPart.ref)
        .where(
            TallyPart.planet_id == Planet.id,
            TallyPart.kind == kind.name,
            TallyPart.until <= func.coalesce(Planet.paused_at, moment),
        )
        .exists()
    )
    return set(db.session.scalars(changed)) | set(db.session.scalars(overdue))


def _step(kind: Kind, planets: Sequence[int], moment: datetime) -> list[int]:
    """Count a batch of each of these planets, in one unit of work; returns those where there is more."""
    with unit_of_work() as session:
        rows = session.execute(select(*PLANET_VIEW_COLUMNS).where(Planet.id.in_(planets)))
        views = [read_planet_view(row)[0] for row in rows]
        here = select(Tally).where(Tally.planet_id.in_(planets), Tally.kind == kind.name)
        held = {row.planet_id: row for row in session.scalars(here.with_for_update())}
        return [
            planet.id
            for planet in views
            if _advance(kind, planet, held.get(planet.id), planet.moment(moment))
        ]


def _advance(kind: Kind, planet: PlanetView, tally: Tally | None, moment: datetime) -> bool:
    """Count a batch of a planet; returns whether there is more."""
    if tally is None or tally.terms != kind.terms(planet):
        tally = _begin(kind, planet, tally)
    if tally.complete:
        return _count_changed(kind, planet, moment)
    refs = kind.refs(planet.id, tally.reached, BATCH)
    _count(kind, planet, set(refs), moment)
    tally.complete = len(refs) < BATCH
    tally.reached = refs[-1] if refs else tally.reached
    return not tally.complete


def _begin(kind: Kind, planet: PlanetView, tally: Tally | None) -> Tally:
    """Forget what was counted under other terms, and the changes, for all is counted after them."""
    for rows in (TallyChange, TallyPart, TallySum) if tally else (TallyChange,):
        db.session.execute(delete(rows).where(rows.planet_id == planet.id, rows.kind == kind.name))
    tally = tally or Tally(planet_id=planet.id, kind=kind.name)
    tally.terms, tally.reached, tally.complete = kind.terms(planet), "", False
    db.session.add(tally)
    return tally


def _count_changed(kind: Kind, planet: PlanetView, moment: datetime) -> bool:
    changes = db.session.execute(
        select(TallyChange.id, TallyChange.ref)
        .where(TallyChange.planet_id == planet.id, TallyChange.kind == kind.name)
        .order_by(TallyChange.id)
        .limit(BATCH)
    ).all()
    overdue = db.session.scalars(
        select(TallyPart.ref)
        .where(
            TallyPart.planet_id == planet.id,
            TallyPart.kind == kind.name,
            TallyPart.until <= moment,
        )
        .limit(BATCH)
    ).all()
    _count(kind, planet, {*overdue, *(row.ref for row in changes)}, moment)
    # These very rows: what is written meanwhile, of the same thing, has another id and is counted later.
    db.session.execute(delete(TallyChange).where(TallyChange.id.in_([row.id for row in changes])))
    return len(changes) == BATCH or len(overdue) == BATCH


def _count(kind: Kind, planet: PlanetView, refs: set[str], moment: datetime) -> None:
    """Replace the parts of these things, and move the sums by what that makes."""
    if not refs:
        return
    here = (
        TallyPart.planet_id == planet.id,
        TallyPart.kind == kind.name,
        TallyPart.ref.in_(refs),
    )
    moved = Counter[str]()
    for counts in db.session.scalars(select(TallyPart.counts).where(*here)):
        moved.subtract(json.loads(counts))
    found = kind.measure(planet, refs, moment)
    for part in found.values():
        moved.update(part.counts)
    db.session.execute(delete(TallyPart).where(*here))
    same = {"planet_id": planet.id, "kind": kind.name}
    parts = [
        {**same, "ref": ref, "counts": json.dumps(dict(part.counts)), "until": part.until}
        for ref, part in found.items()
    ]
    if parts:
        db.session.execute(insert(TallyPart), parts)
    _move([{**same, "key": key, "amount": amount} for key, amount in moved.items() if amount])


def _move(rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[db.engine.dialect.name]
    new = dialect.insert(TallySum)
    added = new.on_conflict_do_update(
        index_elements=["planet_id", "kind", "key"],
        set_={"amount": TallySum.amount + new.excluded.amount},
    )
    db.session.execute(added, rows)
    (planet_id, kind) = (rows[0]["planet_id"], rows[0]["kind"])
    db.session.execute(
        delete(TallySum).where(
            TallySum.planet_id == planet_id,
            TallySum.kind == kind,
            TallySum.key.in_([row["key"] for row in rows]),
            TallySum.amount == 0,
        )
    )
