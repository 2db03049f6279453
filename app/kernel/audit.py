"""The audit trail: who did what to whom, when and why. Rows are added; only reasons may be blanked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, update
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.db import Base, Id, db


class AuditEntry(Base):
    """One act that touched rights, people or somebody else's text."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_planet_id_at", "planet_id", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    planet_id: Mapped[int | None] = mapped_column(Id, ForeignKey("planets.id"))
    action: Mapped[str] = mapped_column(String(60))
    subject_type: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[int | None] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


def forget_reasons(kind: str, subject_ids: Select[int]) -> None:
    """Blank the reasons written about people whose account closes, in the caller's transaction. That it
    happened, when and by whom stays."""
    about = update(AuditEntry).where(
        AuditEntry.subject_type == kind, AuditEntry.subject_id.in_(subject_ids)
    )
    db.session.execute(about.values(reason="").execution_options(synchronize_session=False))


def record(
    action: str,
    *,
    actor_id: int | None,
    planet_id: int | None,
    subject: tuple[str, int | None],
    reason: str = "",
    **data: Any,
) -> None:
    """Add one entry to the trail, in the caller's transaction.

    `subject` is (kind, row id); `data` must be JSON and hold no secret and no e-mail address.
    """
    db.session.add(
        AuditEntry(
            at=clock.now(),
            actor_id=actor_id,
            planet_id=planet_id,
            action=action,
            subject_type=subject[0],
            subject_id=subject[1],
            reason=reason,
            data=data,
        )
    )
