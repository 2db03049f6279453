"""Settling a whole planet, in batches: after a pause, or when rows were changed by hand."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import select

from app.kernel.db import db
from app.memberships.models import Entitlement, Membership
from app.memberships.settling import read_stillness, settle_by
from app.policy import PlanetRole

BATCH = 500


def settle_planet(planet_id: int) -> int:
    """Settle every membership of a planet in the caller's transaction; returns how many."""
    db.session.flush()
    still = read_stillness(planet_id)
    done, last = 0, 0
    while members := _next_batch(planet_id, last):
        rows: dict[int, list[Entitlement]] = defaultdict(list)
        found = db.session.scalars(
            select(Entitlement)
            .where(Entitlement.membership_id.in_([member.id for member in members]))
            .order_by(Entitlement.id)
        )
        for row in found:
            rows[row.membership_id].append(row)
        for member in members:
            if rows[member.id]:
                settle_by(member, rows[member.id], still)
        db.session.flush()
        done, last = done + len(members), members[-1].id
        # What is written need not be held: a planet may have a hundred thousand members.
        for member in members:
            for row in rows[member.id]:
                db.session.expunge(row)
            db.session.expunge(member)
    return done


def move_guests(planet_id: int, *, since: datetime, by: timedelta) -> None:
    """Move the ends of guests that lie behind `since`: theirs are their own, not derived."""
    guests = db.session.scalars(
        select(Membership)
        .where(
            Membership.planet_id == planet_id,
            Membership.role == PlanetRole.GUEST.value,
            Membership.expires_at > since,
        )
        .with_for_update()
    )
    for guest in guests:
        assert guest.expires_at is not None
        guest.expires_at += by


def _next_batch(planet_id: int, last: int) -> list[Membership]:
    return list(
        db.session.scalars(
            select(Membership)
            .where(Membership.planet_id == planet_id, Membership.id > last)
            .order_by(Membership.id)
            .limit(BATCH)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
