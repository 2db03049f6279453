"""Noting: whatever changes a member's standing or terms, or books, says so in the same transaction.

Rooms below know nothing of this: it listens to what their units of work write. Rows that are written past the
session, by one statement for many, are not seen: who does that calls `note` (tests/insights/test_tallies.py
looks for such statements).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import String, cast, insert, inspect, literal, select, union_all
from sqlalchemy.event import listens_for
from sqlalchemy.orm import Session

from app.billing.models import LedgerTransaction, Order, Subscription
from app.kernel.db import db
from app.memberships.models import Entitlement, Membership
from app.planets.counted import BOOKINGS, MEMBERS, TallyChange

# What of a membership is counted.
_COUNTED = (
    "role",
    "joined_at",
    "requested_at",
    "expires_at",
    "grace",
    "left_at",
    "removed_at",
)


@listens_for(db.session, "after_flush")
def _after_flush(session: Session, _context: Any) -> None:
    changed = [*session.new, *session.dirty, *session.deleted]
    rows = [
        {"planet_id": one.planet_id, "kind": kind, "ref": str(one.id)}
        for one in changed
        if (kind := _kind_of(one, session.new, session.deleted))
    ]
    of_members = {one.membership_id for one in changed if isinstance(one, Entitlement)}
    of_members -= {int(row["ref"]) for row in rows if row["kind"] == MEMBERS}
    of_orders = {one.order_id for one in changed if isinstance(one, Subscription)}
    connection = session.connection()
    if rows:
        connection.execute(insert(TallyChange), rows)
    if of_members or of_orders:
        connection.execute(_members_behind(of_members, of_orders))


def _kind_of(one: object, new: Collection[object], gone: Collection[object]) -> str:
    """Return as what a row counts of which something changed; "" for all others."""
    if isinstance(one, LedgerTransaction):
        return BOOKINGS
    if not isinstance(one, Membership):
        return ""
    attributes = inspect(one).attrs
    touched = one in new or one in gone
    return MEMBERS if touched or any(attributes[n].history.has_changes() for n in _COUNTED) else ""


def _members_behind(memberships: set[int], orders: set[int]) -> Any:
    """The statement that notes members, by what they hold or by what they ordered."""
    columns = (Membership.planet_id, literal(MEMBERS), cast(Membership.id, String(24)))
    named = [
        select(*columns).where(Membership.id.in_(memberships)),
        select(*columns)
        .join(
            Order,
            (Order.planet_id == Membership.planet_id) & (Order.user_id == Membership.user_id),
        )
        .where(Order.id.in_(orders)),
    ]
    parts = [part for part, some in zip(named, (memberships, orders), strict=True) if some]
    source = union_all(*parts) if len(parts) > 1 else parts[0]
    return insert(TallyChange).from_select(["planet_id", "kind", "ref"], source)
