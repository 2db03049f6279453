"""Changes of what is counted beforehand: rows that `insights` takes away once it has counted anew."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ForeignKey, Index, String, insert
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id, db

MEMBERS, VISITORS, BOOKINGS = "members", "visitors", "bookings"


class TallyChange(Base):
    """That a thing changed after it was counted. Written with the change, taken away with the new count."""

    __tablename__ = "tally_changes"
    __table_args__ = (Index("ix_tally_changes_planet_id_kind", "planet_id", "kind"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    kind: Mapped[str] = mapped_column(String(10))
    ref: Mapped[str] = mapped_column(String(24))


def note(changed: Iterable[tuple[int, str]], kind: str) -> None:
    """Write down that these things changed, (planet, name of the thing), in the caller's unit of work."""
    rows = [{"planet_id": planet_id, "kind": kind, "ref": ref} for planet_id, ref in changed]
    if rows:
        db.session.execute(insert(TallyChange), rows)
