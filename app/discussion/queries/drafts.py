"""One's own drafts. Nobody else ever reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, or_, select

from app.discussion.models import Draft
from app.discussion.queries.visible import TOPICS, T
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.policy import Actor

DRAFTS = Draft.__table__
D = DRAFTS.c


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft as its writer sees it. `topic` is the public id of the topic that an edit is of,
    or the question that an answer is to, or ""."""

    public_id: str
    purpose: str
    fields: dict[str, Any]
    rev: int
    updated_at: datetime
    topic: str


_COLUMNS = (D.public_id, D.purpose, D.fields, D.rev, D.updated_at, T.public_id.label("topic"))


def list_drafts(actor: Actor) -> list[DraftView]:
    """Return the actor's drafts in this planet, the latest first; what is published is no draft."""
    # A save that was under way while its text was published may have come too late.
    published = exists().where(T.public_id == D.public_id).correlate(DRAFTS)
    statement = _own(actor).where(~published).order_by(D.updated_at.desc(), D.id.desc())
    return [_read(row) for row in db.session.execute(statement)]


def get_draft(actor: Actor, public_id: str) -> DraftView:
    """Return one of the actor's drafts in this planet; NotFound."""
    row = db.session.execute(_own(actor).where(D.public_id == public_id)).one_or_none()
    if row is None:
        raise NotFound(public_id)
    return _read(row)


def find_draft(actor: Actor, public_id: str) -> DraftView | None:
    """Return one of the actor's drafts in this planet, or None."""
    row = db.session.execute(_own(actor).where(D.public_id == public_id)).one_or_none()
    return _read(row) if row else None


def find_topic_draft(actor: Actor, topic_id: int, *, purpose: str) -> DraftView | None:
    """Return the change to a topic, or the answer to it, that the actor began and did not send yet."""
    statement = _own(actor).where(D.topic_id == topic_id, D.purpose == purpose)
    row = db.session.execute(statement.order_by(D.updated_at.desc()).limit(1)).one_or_none()
    return _read(row) if row else None


def _own(actor: Actor) -> Any:
    planet_id = actor.planet.id if actor.planet else 0
    source = DRAFTS.outerjoin(TOPICS, T.id == D.topic_id)
    alive = or_(D.topic_id.is_(None), T.deleted_at.is_(None))
    mine = and_(D.user_id == actor.user_id, D.planet_id == planet_id)
    return select(*_COLUMNS).select_from(source).where(mine, alive)


def _read(row: Any) -> DraftView:
    public_id, purpose, fields, rev, updated_at, topic = row
    return DraftView(public_id, purpose, fields, rev, updated_at, topic or "")
