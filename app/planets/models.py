"""Rows of planets, their former slugs and their rules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id
from app.kernel.ids import new_public_id


def _listed(name: str, *columns: str) -> Index:
    """Return an index over the planets alone that are found by everybody."""
    return Index(
        name,
        *columns,
        sqlite_where=text("listed IS 1"),
        postgresql_where=text("listed IS true"),
    )


class Planet(Base):
    """A circle. The columns from `joining` on are its settings; defaults are a new planet's.

    `who_may_*` hold `policy.Audience` values; limits are characters, MiB, hours, days or minutes as
    named; `rules_version` is the newest published rules page, 0 for none.
    """

    __tablename__ = "planets"
    __table_args__ = (
        _listed("ix_planets_listed", "created_at", "id"),
        _listed("ix_planets_listed_category", "category", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=new_public_id)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    intro: Mapped[str] = mapped_column(Text, default="")
    intro_html: Mapped[str] = mapped_column(Text, default="")
    tagline: Mapped[str] = mapped_column(String(140), default="")
    category: Mapped[str] = mapped_column(String(20), default="other")
    language: Mapped[str] = mapped_column(String(10), default="zh_Hans")
    accent: Mapped[str] = mapped_column(String(20), default="")
    # Public ids of attachments: what a URL needs, so that showing a planet needs no join.
    avatar: Mapped[str] = mapped_column(String(16), default="")
    cover: Mapped[str] = mapped_column(String(16), default="")
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    next_number: Mapped[int] = mapped_column(default=1)
    rules_version: Mapped[int] = mapped_column(default=0)

    joining: Mapped[str] = mapped_column(String(12), default="open")
    join_question: Mapped[str] = mapped_column(String(300), default="")
    listed: Mapped[bool] = mapped_column(default=False)
    grace_days: Mapped[int] = mapped_column(default=7)
    # Whether membership is bought; set with the first plan on sale.
    paid: Mapped[bool] = mapped_column(default=False)
    paused_at: Mapped[datetime | None]
    refund_hours: Mapped[int] = mapped_column(default=72)
    # In which months of membership are counted; empty: the installation's (`planets.zones`).
    timezone: Mapped[str] = mapped_column(String(64), default="")
    # How to pay by transfer; empty: not offered.
    transfer_note: Mapped[str] = mapped_column(Text, default="")
    renewal_days: Mapped[int] = mapped_column(default=30)
    renew_early_percent: Mapped[int] = mapped_column(default=80)
    renew_grace_percent: Mapped[int] = mapped_column(default=90)
    renew_late_percent: Mapped[int] = mapped_column(default=100)

    who_may_post: Mapped[str] = mapped_column(String(10), default="guests")
    who_may_comment: Mapped[str] = mapped_column(String(10), default="members")
    topic_max_chars: Mapped[int] = mapped_column(default=10_000)
    comment_max_chars: Mapped[int] = mapped_column(default=1_000)
    comment_edit_minutes: Mapped[int] = mapped_column(default=15)
    file_max_mib: Mapped[int] = mapped_column(default=50)

    questions_enabled: Mapped[bool] = mapped_column(default=True)
    anonymous_questions: Mapped[bool] = mapped_column(default=True)
    private_questions: Mapped[bool] = mapped_column(default=True)
    question_queue_open: Mapped[bool] = mapped_column(default=False)
    question_max_chars: Mapped[int] = mapped_column(default=1_000)
    question_quota_per_week: Mapped[int] = mapped_column(default=7)
    answer_due_hours: Mapped[int] = mapped_column(default=72)

    directory_open: Mapped[bool] = mapped_column(default=False)
    private_messages: Mapped[bool] = mapped_column(default=False)
    expired_access: Mapped[str] = mapped_column(String(6), default="keep")
    watermark: Mapped[bool] = mapped_column(default=True)


class PlanetPause(Base):
    """A stretch in which a planet stood still: no sales, and nobody's time passed."""

    __tablename__ = "planet_pauses"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class FormerSlug(Base):
    """A slug a planet once had; its links redirect for ever."""

    __tablename__ = "former_slugs"

    slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"), index=True)
    until: Mapped[datetime]


class RulesPage(Base):
    """One version of a planet's rules. Acceptance is stored with the membership's acceptances."""

    __tablename__ = "rules_pages"
    __table_args__ = (UniqueConstraint("planet_id", "version"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    planet_id: Mapped[int] = mapped_column(Id, ForeignKey("planets.id"))
    version: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]
    published_by: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
