"""Rows of memberships, of entitlements to them, of invitations and accepted rules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


class Membership(Base):
    """A person in a planet. `expires_at` None never expires; `joined_at` None is a request.

    `expires_at`, `grace` (a `policy.Grace` value) and `reads_from` of a plain member are derived from
    his entitlements (`memberships.settling`), so that entering a planet costs one query.

    `nickname` is the name in this planet (empty: the account's name), `name_key` its confusable
    skeleton, unique within the planet. `read_through_at`: everything published before counts as read.
    `visited_at`: about when the person was last there, noted only while they have more planets than
    their left column shows; None: not since that was so.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("planet_id", "user_id"),
        UniqueConstraint("planet_id", "number"),
        UniqueConstraint("planet_id", "name_key"),
        Index("ix_memberships_planet_id_id", "planet_id", "id"),
        Index("ix_memberships_planet_id_role", "planet_id", "role"),
        Index("ix_memberships_planet_id_expires_at", "planet_id", "expires_at"),
        Index("ix_memberships_rail", "user_id", "pinned_at", "visited_at"),
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
    grace: Mapped[str] = mapped_column(String(6), default="planet")
    reads_from: Mapped[datetime | None]
    requested_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
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
    visited_at: Mapped[datetime | None]


class Entitlement(Base):
    """A right to a stretch of access and where it came from: access is a function of these rows.

    `source`: founder, open, approval, invitation, staff, order, invoice, code, comp, trial …;
    UNIQUE(source, source_ref) makes a repeated grant harmless. `months` or `days` above 0: a
    duration that stacks, its months counted in `zone` (""; `coverage.BEFORE_ZONES`); else fixed from
    `starts_at` to `ends_at` (None never ends). Revoked and
    suspended ones give nothing; `cut_at`, decided at `cut_decided_at`, ends one early.
    `environment`: of the payment behind it, "" for none. `grace`: a `policy.Grace` value.
    `plan_ref`: the plan's public id, "" for none. `trial`: time that is free before the first payment;
    `reads_from`: it reads what was published since then. `since_at` and `until_at` are derived
    (`memberships.coverage`).
    """

    __tablename__ = "entitlements"
    __table_args__ = (
        UniqueConstraint("source", "source_ref"),
        Index("ix_entitlements_plan_ref_until_at", "plan_ref", "until_at"),
        Index("ix_entitlements_plan_ref_membership_id", "plan_ref", "membership_id", "source"),
        Index("ix_entitlements_source_membership_id", "source", "membership_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    membership_id: Mapped[int] = mapped_column(Id, ForeignKey("memberships.id"), index=True)
    source: Mapped[str] = mapped_column(String(20))
    source_ref: Mapped[str] = mapped_column(String(80))
    environment: Mapped[str] = mapped_column(String(4), default="")
    plan_ref: Mapped[str] = mapped_column(String(16), default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    months: Mapped[int] = mapped_column(default=0)
    days: Mapped[int] = mapped_column(default=0)
    zone: Mapped[str] = mapped_column(String(64), default="")
    cut_at: Mapped[datetime | None]
    cut_decided_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    grace: Mapped[str] = mapped_column(String(6), default="planet")
    reads_from: Mapped[datetime | None]
    trial: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(String(300), default="")
    granted_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    created_at: Mapped[datetime]
    since_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class RulesAcceptance(Base):
    """That somebody accepted a version of the rules, and when."""

    __tablename__ = "rules_acceptances"

    membership_id: Mapped[int] = mapped_column(Id, ForeignKey("memberships.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    accepted_at: Mapped[datetime]


class Invitation(Base):
    """A link for one address, one planet, one role; single use. `ends_at` is the guest's end date.

    Its mail and whoever hands the link on know a secret each, `token_hash` and `link_hash`: making one
    leaves the other good.
    """

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(10))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    link_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    note: Mapped[str] = mapped_column(Text, default="")
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    revoked_at: Mapped[datetime | None]
