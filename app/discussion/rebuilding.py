"""Rendering stored texts anew, after the renderer has changed. Safe while the site runs.

Each batch is a unit of work of its own. A text that was changed while it was rendered is left to its
writer: he has just rendered it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select, update

from app.discussion.actions.touch import touch_topic
from app.discussion.models import Answer, Comment, Topic
from app.discussion.queries.attached import images_of
from app.discussion.rendering import EXCERPT_LENGTH
from app.kernel.db import db, unit_of_work
from app.kernel.progress import signal
from app.kernel.text import RENDERER_VERSION, ImageRef, Profile, excerpt, render

BATCH = 100
Row = type[Topic] | type[Answer] | type[Comment]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of text: its rows, what its attachments call it, how it is rendered."""

    row: Row
    owner_type: str
    prefix: str
    profile: Profile


# Twice an hour: a day.
TRIES = 48

KINDS = (
    Kind(Topic, "topic", "t", Profile.FULL),
    Kind(Answer, "answer", "a", Profile.FULL),
    Kind(Comment, "comment", "c", Profile.LIGHT),
)


def render_again(*, below: int = RENDERER_VERSION) -> int:
    """Render every text anew whose HTML is of a renderer older than `below`; returns how many."""
    return sum(_render_kind(kind, below) for kind in KINDS)


def repair_texts() -> int:
    """Try the texts anew that could not be formatted when they were written; returns how many now are.

    A timed job. A text that fails again counts down from 0: after a day of tries only a new renderer or
    `flask rebuild texts` looks at it again.
    """
    return sum(_repair_kind(kind) for kind in KINDS)


def _repair_kind(kind: Kind) -> int:
    done, last = 0, 0
    row: Any = kind.row
    while rows := _next_texts(kind, 1, last, row.render_version > -TRIES):
        pictures = images_of(kind.owner_type, [found[0] for found in rows])
        for found in rows:
            values = _rendered(kind, found, pictures[found[0]])
            with unit_of_work():
                if values["render_version"] > 0:
                    done += _store(kind, found, values)
                else:
                    _count_down(row, found)
        last = rows[-1][0]
        signal(done)
    return done


def _count_down(row: Any, found: Sequence[Any]) -> None:
    same = (row.id == found[0], row.source == found[2])
    statement = update(row).where(*same).values(render_version=row.render_version - 1)
    db.session.execute(statement.execution_options(synchronize_session=False))


def _render_kind(kind: Kind, below: int) -> int:
    done, last = 0, 0
    while True:
        rows = _next_texts(kind, below, last)
        if not rows:
            return done
        pictures = images_of(kind.owner_type, [row[0] for row in rows])
        ready = [(row, _rendered(kind, row, pictures[row[0]])) for row in rows]
        with unit_of_work():
            done += sum(_store(kind, row, values) for row, values in ready)
        last = rows[-1][0]
        signal(done)


def _next_texts(kind: Kind, below: int, last: int, *also: ColumnElement[bool]) -> Sequence[Any]:
    row = kind.row
    topic_id = row.id if kind.row is Topic else row.topic_id  # type: ignore[union-attr]
    statement = (
        select(row.id, row.public_id, row.source, topic_id)
        .where(row.id > last, row.render_version < below, *also)
        .order_by(row.id)
        .limit(BATCH)
    )
    rows = db.session.execute(statement).all()
    db.session.rollback()
    return rows


def _rendered(kind: Kind, row: Sequence[Any], images: dict[str, ImageRef]) -> dict[str, Any]:
    _id, public_id, source, _topic_id = row
    text = render(
        source, profile=kind.profile, id_prefix=f"{kind.prefix}-{public_id}-", images=images
    )
    values = {"html": text.html, "render_version": text.version}
    return values | ({"excerpt": excerpt(source, EXCERPT_LENGTH)} if kind.row is Topic else {})


def _store(kind: Kind, row: Sequence[Any], values: dict[str, Any]) -> bool:
    row_id, _public_id, source, topic_id = row
    table: Any = kind.row
    if kind.row is Comment:
        values = values | {"rev": table.rev + 1}
    statement = update(table).where(table.id == row_id, table.source == source).values(values)
    done = db.session.execute(
        statement.returning(table.id).execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if done is not None:
        touch_topic(topic_id)
    return done is not None
