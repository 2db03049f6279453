"""The audit trail: who did what to whom, when and why. Rows are added, never changed: the database refuses
it (migration 0200), also to whoever has the keys to it. One change is let through: a reason is blanked.

Rows hold ids and amounts; names are joined when they are shown, so a person who closes their account or takes
another name does so here too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.db import Base, Id, db
from app.kernel.errors import Invalid, NotFound
from app.kernel.ids import new_public_id
from app.kernel.text import tidy

# What stands in place of a blanked reason; the triggers of migration 0200 know it too.
BLANKED = "[blanked]"
REASON_MAX = 300


class AuditEntry(Base):
    """One act that touched rights, people or somebody else's text."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_planet_id_at", "planet_id", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # None only in between: an older release writes rows while its database is newer.
    public_id: Mapped[str | None] = mapped_column(
        String(16), index=True, unique=True, default=new_public_id
    )
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
        AuditEntry.subject_type == kind,
        AuditEntry.subject_id.in_(subject_ids),
        AuditEntry.reason.not_in(("", BLANKED)),
    )
    db.session.execute(about.values(reason=BLANKED).execution_options(synchronize_session=False))


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


def find_planet_of(public_id: str) -> int | None:
    """Return the planet in whose trail an entry is, None for the site's; NotFound."""
    found = db.session.execute(
        select(AuditEntry.planet_id).where(AuditEntry.public_id == public_id)
    ).one_or_none()
    if found is None:
        raise NotFound(public_id)
    return found[0]


def blank_reason(public_id: str, *, actor_id: int | None, planet_id: int | None, why: str) -> None:
    """Take the words of one entry's reason away for good, where the law asks for it; the entry stays, and
    the blanking is one itself, for the reason `why`.

    NotFound when the planet's trail (`planet_id` None: the site's) has no such entry with a reason.
    Invalid("reason", …) for a `why` that is empty or longer than 300 characters.
    """
    told = tidy(why)
    if not told:
        raise Invalid("reason", "required")
    if len(told) > REASON_MAX:
        raise Invalid("reason", "too_long", high=REASON_MAX)
    wanted = select(AuditEntry.id, AuditEntry.action).where(
        AuditEntry.public_id == public_id,
        AuditEntry.planet_id.is_(None) if planet_id is None else AuditEntry.planet_id == planet_id,
        AuditEntry.reason.not_in(("", BLANKED)),
    )
    found = db.session.execute(wanted).one_or_none()
    if found is None:
        raise NotFound(public_id)
    entry_id, action = found
    db.session.execute(update(AuditEntry).where(AuditEntry.id == entry_id).values(reason=BLANKED))
    record(
        "audit.blank",
        actor_id=actor_id,
        planet_id=planet_id,
        subject=("audit_entry", entry_id),
        reason=told,
        of=action,
    )
