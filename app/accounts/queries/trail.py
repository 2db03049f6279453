"""Reading the trail of what belongs to no planet: accounts, administrators, the installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from app.accounts.models import User
from app.kernel.audit import AuditEntry
from app.kernel.db import db


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """One line. `actor` and `subject` are names as they are now: "" for the command line, and for what is
    no person."""

    public_id: str
    at: datetime
    action: str
    actor: str
    subject: str
    reason: str
    data: dict[str, Any]


def list_site_trail(*, kind: str = "", limit: int = 50) -> list[SiteEntry]:
    """Return the newest entries that belong to no planet. `kind` narrows them ("account", "site", …)."""
    doer, person = aliased(User), aliased(User)
    is_person = and_(AuditEntry.subject_type == "user", person.id == AuditEntry.subject_id)
    statement = (
        select(
            func.coalesce(AuditEntry.public_id, ""),
            AuditEntry.at,
            AuditEntry.action,
            func.coalesce(doer.name, ""),
            func.coalesce(person.name, ""),
            AuditEntry.reason,
            AuditEntry.data,
        )
        .outerjoin(doer, doer.id == AuditEntry.actor_id)
        .outerjoin(person, is_person)
        .where(AuditEntry.planet_id.is_(None))
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(limit)
    )
    if kind:
        statement = statement.where(AuditEntry.action.startswith(f"{kind}.", autoescape=True))
    return [SiteEntry(*row) for row in db.session.execute(statement)]
