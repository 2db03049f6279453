"""Telling a topic's page that it changed: caches of what it shows are keyed by its `rev`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from app.discussion.models import Topic
from app.kernel.db import db


def touch_topic(topic_id: int, *, active_at: datetime | None = None) -> None:
    """Grow the topic's `rev` within the caller's unit of work; every visible change does this.

    `active_at` moves `last_activity_at` too: a new comment or answer is news to those who have read
    the topic, an edit is not.
    """
    values: dict[str, object] = {"rev": Topic.rev + 1}
    if active_at is not None:
        values["last_activity_at"] = active_at
    statement = update(Topic).where(Topic.id == topic_id).values(values)
    db.session.execute(statement.execution_options(synchronize_session=False))
