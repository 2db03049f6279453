"""Verbs of reading: how far somebody has come. Written only where there is something new."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.discussion.models import ReadMark
from app.kernel import clock
from app.kernel.db import db
from app.memberships.actions import read_everything
from app.policy import Action, Actor, require


def mark_topic_read(actor: Actor, *, topic_id: int) -> None:
    """Note that the actor has read the topic up to now. The door has shown it to him before."""
    require(actor, Action.PLANET_READ)
    if actor.user_id is None or actor.planet is None:
        return
    moment = clock.now()
    seen = db.session.execute(
        update(ReadMark)
        .where(ReadMark.user_id == actor.user_id, ReadMark.topic_id == topic_id)
        .values(read_at=moment)
        .returning(ReadMark.topic_id)
        .execution_options(synchronize_session=False)
    ).scalar()
    if seen is not None:
        return
    mark = ReadMark(
        user_id=actor.user_id, topic_id=topic_id, planet_id=actor.planet.id, read_at=moment
    )
    try:
        with db.session.begin_nested():
            db.session.add(mark)
    except IntegrityError:
        # Opened in two tabs at once: the other one has noted it.
        return


def mark_all_read(actor: Actor) -> None:
    """Count everything published up to now as read. Marks of single topics stay: columns count them."""
    require(actor, Action.PLANET_READ)
    read_everything(actor)
