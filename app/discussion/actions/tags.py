"""Verbs on tags: putting them on topics, and keeping the planet's menu of them in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from app.discussion.actions.composing import tag_key
from app.discussion.models import Tag, TopicTag
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.policy import Action, Actor, can


def tag_topic(
    actor: Actor, *, planet_id: int, topic_id: int, names: Sequence[str], published_at: datetime
) -> None:
    """Make `names` the topic's tags. Staff make new ones by using them; others choose.

    Invalid("tags", "unknown_tag") names what does not exist.
    """
    wanted = {tag_key(name): name for name in names}
    known = dict(
        db.session.execute(
            select(Tag.key, Tag.id).where(Tag.planet_id == planet_id, Tag.key.in_(wanted))
        ).all()
    )
    missing = [name for key, name in wanted.items() if key not in known]
    if missing and not can(actor, Action.TAGS_EDIT):
        raise Invalid("tags", "unknown_tag", names="、".join(missing))
    for name in missing:
        known[tag_key(name)] = find_or_make_tag(planet_id, name)
    db.session.execute(delete(TopicTag).where(TopicTag.topic_id == topic_id))
    db.session.add_all(
        TopicTag(topic_id=topic_id, tag_id=known[key], published_at=published_at) for key in wanted
    )


def find_or_make_tag(planet_id: int, name: str) -> int:
    """Return the id of the planet's tag of this name, made at the end of the menu when there is none."""
    key = tag_key(name)
    which = select(Tag.id).where(Tag.planet_id == planet_id, Tag.key == key)
    last = db.session.scalar(select(func.max(Tag.position)).where(Tag.planet_id == planet_id))
    tag = Tag(planet_id=planet_id, name=name, key=key, position=(last or 0) + 1)
    try:
        with db.session.begin_nested():
            db.session.add(tag)
    except IntegrityError:
        # Somebody made it in the same moment.
        return db.session.scalars(which).one()
    return tag.id
