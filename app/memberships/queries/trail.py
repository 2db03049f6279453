"""Reading a planet's audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from app.accounts.models import User
from app.kernel.audit import BLANKED, AuditEntry
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.memberships.models import Membership
from app.memberships.rows import planet_of
from app.policy import Action, Actor
from app.policy.gate import require


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One line of the trail. `subject` is the name of the person concerned, "" when it is none."""

    public_id: str
    at: datetime
    action: str
    actor: str
    subject: str
    subject_id: str
    reason: str
    data: dict[str, Any]

    @property
    def blanked(self) -> bool:
        """Whether the words of the reason were taken away."""
        return self.reason == BLANKED


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reader of the trail has come: up to `at`, and `shown` lines of that very moment."""

    at: datetime
    shown: int


def list_trail(
    actor: Actor, *, kinds: Sequence[str] = (), since: Place | None = None, limit: int = 50
) -> tuple[list[TrailEntry], Place | None]:
    """Return the trail of the actor's planet, newest first, and where the next page begins or None.

    `kinds` narrows it to acts of these ("member", "planet", …). Names are those shown in the planet
    now. New lines are always later, so pages neither repeat nor miss one.
    """
    require(actor, Action.AUDIT_READ)
    statement = _entries(actor).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    statement = statement.limit(limit + 1)
    if kinds:
        begins = [AuditEntry.action.startswith(f"{kind}.", autoescape=True) for kind in kinds]
        statement = statement.where(or_(*begins))
    if since is not None:
        statement = statement.where(AuditEntry.at <= since.at).offset(since.shown)
    found = [TrailEntry(*row) for row in db.session.execute(statement)]
    if len(found) <= limit:
        return found, None
    return found[:limit], _next_place(found[:limit], since)


def get_entry(actor: Actor, public_id: str) -> TrailEntry:
    """Return an entry of the trail of the actor's planet; NotFound."""
    require(actor, Action.AUDIT_READ)
    row = db.session.execute(_entries(actor).where(AuditEntry.public_id == public_id)).one_or_none()
    if row is None:
        raise NotFound(public_id)
    return TrailEntry(*row)


def _entries(actor: Actor) -> Select[Any]:
    doer, doer_row, person = aliased(User), aliased(Membership), aliased(User)
    planet_id = planet_of(actor)
    return (
        select(
            func.coalesce(AuditEntry.public_id, ""),
            AuditEntry.at,
            AuditEntry.action,
            func.coalesce(func.nullif(doer_row.nickname, ""), doer.name, ""),
            func.coalesce(func.nullif(Membership.nickname, ""), person.name, ""),
            func.coalesce(Membership.public_id, ""),
            AuditEntry.reason,
            AuditEntry.data,
        )
        .outerjoin(doer, doer.id == AuditEntry.actor_id)
        .outerjoin(doer_row, (doer_row.user_id == doer.id) & (doer_row.planet_id == planet_id))
        .outerjoin(
            Membership,
            (AuditEntry.subject_type == "membership") & (Membership.id == AuditEntry.subject_id),
        )
        .outerjoin(person, person.id == Membership.user_id)
        .where(AuditEntry.planet_id == planet_id)
    )


def _next_place(page: list[TrailEntry], since: Place | None) -> Place:
    last = page[-1].at
    shown = sum(entry.at == last for entry in page)
    return Place(last, shown + (since.shown if since is not None and since.at == last else 0))
