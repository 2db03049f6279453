"""What a person does with his notices."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, update

from app.kernel import clock
from app.kernel.db import db
from app.notifications.models import Notification
from app.notifications.queries import Seen, noticed_in
from app.policy import Action, Actor, require


def mark_read(actor: Actor, *, public_id: str) -> None:
    """Mark one of the actor's notices as read; nothing happens when it is, or is not his."""
    require(actor, Action.ACCOUNT_USE)
    _mark(actor, Notification.public_id == public_id)


def mark_all_read(actor: Actor) -> None:
    """Mark all of the actor's notices as read."""
    require(actor, Action.ACCOUNT_USE)
    _mark(actor)


def mark_seen(actor: Actor, *, seen: Seen) -> None:
    """Mark the actor's notices of what a page showed as read, by whatever way they came to the page."""
    require(actor, Action.ACCOUNT_USE)
    _mark(actor, noticed_in(seen))


def mark_many_read(actor: Actor, *, public_ids: Sequence[str]) -> None:
    """Mark some of the actor's notices as read: those that show nothing any more."""
    require(actor, Action.ACCOUNT_USE)
    _mark(actor, Notification.public_id.in_(public_ids))


def _mark(actor: Actor, *conditions: ColumnElement[bool]) -> None:
    db.session.execute(
        update(Notification)
        .where(
            Notification.user_id == actor.user_id,
            Notification.read_at.is_(None),
            *conditions,
        )
        .values(read_at=clock.now())
        .execution_options(synchronize_session=False)
    )
