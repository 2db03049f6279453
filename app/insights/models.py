"""Rows of what is counted beforehand: sums for each planet, and what each thing adds to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id


class Tally(Base):
    """That a planet's things of one kind (members, visitors, bookings) are counted.

    `terms`: the settings under which they are; with others all are counted anew. `reached`: the last thing
    that is in the sums, while not all are (`complete`).
    """

    __tablename__ = "tallies"

    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    terms: Mapped[str] = mapped_column(String(120))
    reached: Mapped[str] = mapped_column(String(24), default="")
    complete: Mapped[bool] = mapped_column(default=False)


class TallyPart(Base):
    """What one thing adds to the sums: JSON, key -> number. `until`: when the clock alone changes it."""

    __tablename__ = "tally_parts"
    __table_args__ = (Index("ix_tally_parts_until", "planet_id", "kind", "until"),)

    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    ref: Mapped[str] = mapped_column(String(24), primary_key=True)
    counts: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime | None]


class TallySum(Base):
    """The sum of a key over all parts; none where it is 0."""

    __tablename__ = "tally_sums"

    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
