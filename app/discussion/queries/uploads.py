"""Which waiting uploads a draft still needs."""

from __future__ import annotations

from sqlalchemy import select

from app.discussion.models import Draft
from app.kernel.db import db


def drafted_attachments(user_id: int | None = None) -> set[str]:
    """Return the public ids of all uploads that some draft (of this person) names, for the purge to spare.

    A draft keeps them in its field `attachments` as a list of public ids.
    """
    kept: set[str] = set()
    statement = select(Draft.fields)
    if user_id is not None:
        statement = statement.where(Draft.user_id == user_id)
    for fields in db.session.scalars(statement):
        kept.update(str(public_id) for public_id in fields.get("attachments", ()))
    return kept
