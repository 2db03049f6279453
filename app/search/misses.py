"""Searches that found nothing, for the planet's staff: what people look for and nobody has written.

Counted by day, without who searched. Only what was searched for in this planet alone, in plain words, by
somebody inside: for him everything is there to be found. A search counts once, so whoever knows his members
may guess whose it was: what looks like an address or a number of somebody's is left out.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.text import clean
from app.policy import Action, Actor, require
from app.search.models import SearchMiss as M

DAYS = 30
LONGEST = 100
MOST = 200
MOST_A_DAY = 500
# Addresses, and numbers of telephones, orders and cards: what somebody pasted is nobody else's business.
_PERSONAL = re.compile(r"\S@\S|\d(?:[ -]?\d){6}")


class Miss(NamedTuple):
    """Words without result: on how many searches, and the last day of them."""

    words: str
    times: int
    last: date


def count_miss(actor: Actor, *, words: str) -> None:
    """Count a search in the actor's planet that found nothing."""
    require(actor, Action.PLANET_READ)
    words = " ".join(unicodedata.normalize("NFKC", clean(words)).casefold().split())[:LONGEST]
    if not words or actor.planet is None or not actor.inside or _PERSONAL.search(words):
        return
    planet_id, today = actor.planet.id, clock.now().astimezone(UTC).date()
    which = (M.planet_id == planet_id, M.day == today, M.words == words)
    more = update(M).where(*which).values(times=M.times + 1).returning(M.id)
    if db.session.scalar(more) is not None:
        return
    # Whoever lets a machine search for nonsense fills no table.
    held = select(func.count()).where(M.planet_id == planet_id, M.day == today)
    if (db.session.scalar(held) or 0) >= MOST_A_DAY:
        return
    try:
        with db.session.begin_nested():
            db.session.add(M(planet_id=planet_id, day=today, words=words, times=1))
    except IntegrityError:
        # Somebody missed the same in the same moment.
        db.session.execute(more)


def list_misses(actor: Actor) -> list[Miss]:
    """Return what was not found in the actor's planet in the last 30 days, the most frequent first."""
    require(actor, Action.STATS_READ)
    planet_id = actor.planet.id if actor.planet else 0
    times, last = func.sum(M.times), func.max(M.day)
    rows = db.session.execute(
        select(M.words, times, last)
        .where(M.planet_id == planet_id, M.day > _first_day())
        .group_by(M.words)
        .order_by(times.desc(), last.desc(), M.words)
        .limit(MOST)
    )
    return [Miss(words, int(count), day) for words, count, day in rows]


def purge_misses() -> None:
    """Delete what no page shows any more. A timed job calls it."""
    with unit_of_work() as session:
        session.execute(delete(M).where(M.day <= _first_day()))


def _first_day() -> date:
    return clock.now().astimezone(UTC).date() - timedelta(days=DAYS)
