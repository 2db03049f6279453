"""Rows of events, of their deliveries, of timed jobs and of the worker's heartbeat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, Id


class OutboxEvent(Base):
    """Something that happened: a name in the past tense and ids, nothing that could go stale."""

    __tablename__ = "outbox_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class OutboxDelivery(Base):
    """One handler's copy of one event. `state` is pending, done or dead; `lane` is an `events.Lane`."""

    __tablename__ = "outbox_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "handler"),
        Index("ix_outbox_deliveries_state_next_try_at", "state", "next_try_at"),
        Index("ix_outbox_deliveries_state_lane_next_try_at", "state", "lane", "next_try_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(Id, ForeignKey("outbox_events.id", ondelete="CASCADE"))
    handler: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10), default="pending")
    lane: Mapped[str] = mapped_column(String(12), default="inside", server_default="inside")
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")


class TimedJob(Base):
    """When a timed job ran last and is due next; claimed by a conditional update."""

    __tablename__ = "timed_jobs"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    due_at: Mapped[datetime]
    ran_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")


class WorkerBeat(Base):
    """The worker's sign of life, read by /readyz and `flask doctor`. `beats` counts them: it goes on
    whatever the clock says. `stuck`: what hangs in it and since when, a line each."""

    __tablename__ = "worker_beats"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[datetime]
    version: Mapped[str] = mapped_column(String(40), default="")
    beats: Mapped[int] = mapped_column(default=1, server_default="1")
    stuck: Mapped[str] = mapped_column(Text, default="", server_default="")


class ClockSight(Base):
    """What the clock said when a worker looked last (`at`; there is one row), and a jump that is not believed
    yet: what it said before and after, and for how many seconds it has gone on since. See `believing`."""

    __tablename__ = "clock_sights"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    doubted_from: Mapped[datetime | None]
    doubted_to: Mapped[datetime | None]
    proven_seconds: Mapped[int] = mapped_column(default=0)
