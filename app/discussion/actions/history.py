"""Keeping what a text said before it was changed."""

from __future__ import annotations

from sqlalchemy import func, select

from app.discussion.models import Revision
from app.kernel import clock
from app.kernel.db import db


def count_revisions(kind: str, subject_id: int) -> int:
    """Return how often the text of a topic, answer or comment was replaced."""
    number = select(func.max(Revision.number)).where(
        Revision.subject_type == kind, Revision.subject_id == subject_id
    )
    return db.session.scalar(number) or 0


def keep_revision(
    subject: tuple[str, int], *, source: str, editor_id: int | None, title: str = ""
) -> None:
    """Store a former text of `subject`, which is (topic, answer or comment, row id).

    `editor_id` is None where an anonymous asker edits. The caller holds the topic's row, so two
    edits at once get two numbers.
    """
    kind, subject_id = subject
    revision = Revision(
        subject_type=kind,
        subject_id=subject_id,
        number=count_revisions(kind, subject_id) + 1,
        title=title,
        source=source,
        editor_id=editor_id,
        replaced_at=clock.now(),
    )
    db.session.add(revision)
