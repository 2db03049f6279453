"""Reminders of a term's end: 30, 7, 3 and 1 days before it, and 3 days after.

Each is due once per term, however often the job runs; after days without a run only the newest due one
is sent. Whoever renews by himself is told nothing, nor who was told his end after the day had passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError

from app.billing.events import TermReminded
from app.billing.models import Reminder
from app.billing.queries.noticed import GOES_ON
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.memberships.models import Entitlement, Membership
from app.outbox.events import put
from app.planets.models import Planet
from app.policy import PlanetRole

# Days before the end; a negative one is after it.
MARKS = (30, 7, 3, 1, -3)
# How late the last one may be: whoever is gone for longer is left in peace.
LATE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Term:
    """A member's time as the job sees it. `granted_at`: when he last got some."""

    membership_id: int
    ends_at: datetime
    granted_at: datetime
    told: set[int] = field(default_factory=set)


def remind() -> int:
    """Remind everybody for whom a reminder is due; the timed job. Returns how many."""
    moment = clock.now()
    terms = _list_terms(moment)
    db.session.rollback()
    reminded = 0
    for term in terms:
        days = find_due(term.ends_at, granted_at=term.granted_at, now=moment)
        if days is not None and days not in term.told:
            reminded += _remind(term, days)
    return reminded


def find_due(ends_at: datetime, *, granted_at: datetime, now: datetime) -> int | None:
    """Return which reminder is due now, the newest one only; None when none is."""
    reached = [days for days in MARKS if ends_at - timedelta(days=days) <= now]
    if not reached:
        return None
    days = min(reached)
    mark = ends_at - timedelta(days=days)
    # Before the end one speaks of a future end; a mark before the term was bought says nothing new.
    over = now >= ends_at if days > 0 else now >= mark + LATE
    return None if over or mark <= granted_at else days


def _remind(term: Term, days: int) -> int:
    try:
        with unit_of_work() as session:
            row = Reminder(
                membership_id=term.membership_id,
                ends_at=term.ends_at,
                days=days,
                sent_at=clock.now(),
            )
            session.add(row)
            session.flush()
            put(TermReminded(reminder_id=row.id))
    except IntegrityError:
        # Another worker was faster.
        return 0
    return 1


def _list_terms(now: datetime) -> list[Term]:
    """Return the terms that end soon or have just ended, with what was told of each."""
    rows = db.session.execute(_ending(now)).all()
    told = _told([row.id for row in rows])
    return [
        Term(
            row.id,
            row.expires_at,
            row.granted_at,
            {days for days, at in told.get(row.id, ()) if at >= row.granted_at},
        )
        for row in rows
    ]


def _ending(now: datetime) -> Select[*tuple[Any, ...]]:
    """Return the select of members in planets that sell, whose time will not go on by itself."""
    granted = (
        select(func.max(Entitlement.created_at))
        .where(
            Entitlement.membership_id == Membership.id,
            Entitlement.revoked_at.is_(None),
            Entitlement.until_at > Entitlement.since_at,
        )
        .scalar_subquery()
    )
    return (
        select(Membership.id, Membership.expires_at, granted.label("granted_at"))
        .join(Planet, Planet.id == Membership.planet_id)
        .where(
            Membership.expires_at > now - timedelta(days=3) - LATE,
            Membership.expires_at <= now + timedelta(days=MARKS[0]),
            Membership.role == PlanetRole.MEMBER.value,
            Membership.joined_at.is_not(None),
            Membership.left_at.is_(None),
            Membership.removed_at.is_(None),
            Planet.paid.is_(True),
            Planet.paused_at.is_(None),
            granted.is_not(None),
            ~GOES_ON,
        )
        .order_by(Membership.id)
    )


def _told(membership_ids: Iterable[int]) -> dict[int, list[tuple[int, datetime]]]:
    ids = list(membership_ids)
    found: dict[int, list[tuple[int, datetime]]] = {}
    # In pieces: databases bound the number of values in one statement.
    for start in range(0, len(ids), 500):
        rows = db.session.execute(
            select(Reminder.membership_id, Reminder.days, Reminder.sent_at).where(
                Reminder.membership_id.in_(ids[start : start + 500])
            )
        )
        for membership_id, days, sent_at in rows:
            found.setdefault(membership_id, []).append((days, sent_at))
    return found
