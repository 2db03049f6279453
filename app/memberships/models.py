"""Rows of memberships, of the periods they were granted, of invitations and accepted rules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class Membership(Base):
    """A person in a planet. `expires_at` None never expires; `joined_at` None is a request.

    `nickname` is the name in this planet (empty: the account's name), `name_key` its confusable
    skeleton, unique within the planet. `read_through_at`: everything published before counts as read.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("planet_id", "user_id"),
        UniqueConstraint("planet_id", "number"),
        UniqueConstraint("planet_id", "name_key"),
        Index("ix_memberships_planet_id_role", "planet_id", "role"),
        Index("ix_memberships_planet_id_expires_at", "planet_id", "expires_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(String(10), default="member")
    number: Mapped[int | None]
    nickname: Mapped[str] = mapped_column(String(60), default="")
    name_key: Mapped[str | None] = mapped_column(String(120))
    joined_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    requested_at: Mapped[datetime | None]
    request_answer: Mapped[str] = mapped_column(String(1000), default="")
    declined_at: Mapped[datetime | None]
    declined_reason: Mapped[str] = mapped_column(String(300), default="")
    left_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    removed_reason: Mapped[str] = mapped_column(String(300), default="")
    muted_until: Mapped[datetime | None]
    isolated_at: Mapped[datetime | None]
    takes_questions: Mapped[bool] = mapped_column(default=False)
    rules_version: Mapped[int] = mapped_column(default=0)
    rules_accepted_at: Mapped[datetime | None]
    read_through_at: Mapped[datetime]
    pinned_at: Mapped[datetime | None]


class MembershipPeriod(Base):
    """A stretch of access and where it came from. `source`: founder, open, approval, invitation …

    UNIQUE(source, source_ref) makes a repeated grant harmless. `ends_at` None never ends.
    """

    __tablename__ = "membership_periods"
    __table_args__ = (UniqueConstraint("source", "source_ref"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    membership_id: Mapped[int] = mapped_column(Id, ForeignKey("memberships.id"), index=True)
    source: Mapped[str] = mapped_column(String(20))
    source_ref: Mapped[str] = mapped_column(String(80))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    granted_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    created_at: Mapped[datetime]


class RulesAcceptance(Base):
    """That somebody accepted a version of the rules, and when."""

    __tablename__ = "rules_acceptances"

    membership_id: Mapped[int] = mapped_column(Id, ForeignKey("memberships.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    accepted_at: Mapped[datetime]


class Invitation(Base):
    """A link for one address, one planet, one role; single use. `ends_at` is the guest's end date."""

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(10))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    note: Mapped[str] = mapped_column(Text, default="")
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    revoked_at: Mapped[datetime | None]
