"""One topic's page: the entry for this reader, and its neighbours in time."""

from __future__ import annotations

from sqlalchemy import select

from app.discussion.queries.feed import ENTRY_COLUMNS, FeedEntry, read_entry, reader_columns
from app.discussion.queries.visible import T, topic_is_visible, topics_with_questions
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.policy import Actor


def get_entry(actor: Actor, public_id: str) -> FeedEntry:
    """Return the topic as it is to this reader, also a marker or a scheduled one; one query.

    NotFound when it is hidden from him or not of his planet.
    """
    statement = (
        select(*ENTRY_COLUMNS, *reader_columns(actor))
        .select_from(topics_with_questions())
        .where(T.public_id == public_id, topic_is_visible(actor))
    )
    row = db.session.execute(statement).one_or_none()
    if row is None:
        raise NotFound(public_id)
    return read_entry(actor, row)
