"""Verbs that mark a topic: pin, digest, public sample, closed to comments. Each is audited."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import func, select

from app.discussion.actions.touch import touch_topic
from app.discussion.events import TopicChanged
from app.discussion.models import Topic
from app.discussion.queries.facts import get_topic
from app.discussion.queries.feed import MAX_PINNED
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.outbox.events import put
from app.policy import Action, Actor, require


class TopicMark(StrEnum):
    """What can be set on a topic and taken off again."""

    PINNED = "pinned"
    DIGEST = "digest"
    SAMPLE = "sample"
    CLOSED = "closed"


_RULES = {
    TopicMark.PINNED: (Action.TOPIC_CURATE, "pinned_at"),
    TopicMark.DIGEST: (Action.TOPIC_CURATE, "digest_at"),
    TopicMark.SAMPLE: (Action.TOPIC_SAMPLE, "public_sample_at"),
    TopicMark.CLOSED: (Action.TOPIC_CLOSE, "comments_closed_at"),
}


def mark_topic(actor: Actor, *, public_id: str, mark: TopicMark) -> None:
    """Set the mark; setting it again changes nothing. Invalid("pinned", "too_many") names the limit."""
    topic = _get(actor, public_id, mark)
    column = _RULES[mark][1]
    if getattr(topic, column) is not None:
        return
    if mark is TopicMark.PINNED:
        _check_room(topic.planet_id)
    setattr(topic, column, clock.now())
    _tell(actor, topic, f"topic.{mark.value}")


def unmark_topic(actor: Actor, *, public_id: str, mark: TopicMark) -> None:
    """Take the mark off; taking it off again changes nothing."""
    topic = _get(actor, public_id, mark)
    column = _RULES[mark][1]
    if getattr(topic, column) is None:
        return
    setattr(topic, column, None)
    _tell(actor, topic, f"topic.not_{mark.value}")


def _get(actor: Actor, public_id: str, mark: TopicMark) -> Topic:
    row, facts = get_topic(actor, public_id)
    require(actor, _RULES[mark][0], facts)
    return db.session.get_one(Topic, row.id, with_for_update=True, populate_existing=True)


def _check_room(planet_id: int) -> None:
    pinned = select(func.count(Topic.id)).where(
        Topic.planet_id == planet_id, Topic.pinned_at.is_not(None), Topic.deleted_at.is_(None)
    )
    if (db.session.scalar(pinned) or 0) >= MAX_PINNED:
        raise Invalid("pinned", "too_many", limit=MAX_PINNED)


def _tell(actor: Actor, topic: Topic, act: str) -> None:
    db.session.flush()
    touch_topic(topic.id)
    record(
        act,
        actor_id=actor.user_id,
        planet_id=topic.planet_id,
        subject=("topic", topic.id),
        public_id=topic.public_id,
    )
    put(TopicChanged(topic_id=topic.id))
