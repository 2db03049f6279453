"""Verbs on topics: publish, and what happens to them afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.discussion.actions.composing import NewTopic
from app.discussion.actions.series import put_into_series
from app.discussion.actions.tags import tag_topic
from app.discussion.events import TopicPublished
from app.discussion.models import Draft, Topic
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, NotFound
from app.media.actions import attach
from app.outbox.events import put
from app.policy import Action, Actor, require


@dataclass(frozen=True, slots=True)
class TopicRef:
    """Where a topic stands: what its address needs, and when it is or becomes visible."""

    id: int
    public_id: str
    slug: str
    published_at: datetime


def publish_topic(actor: Actor, *, draft: NewTopic) -> TopicRef:
    """Store a composed topic, now or for its time, and drop the draft it came from.

    Sent twice with the same key it is published once: the second call returns the first's topic.
    Conflict when the key is another's.
    """
    require(actor, Action.TOPIC_POST)
    if actor.planet is None:
        raise NotFound
    moment = clock.now()
    published_at = draft.publish_at or moment
    topic = Topic(
        public_id=draft.key,
        planet_id=actor.planet.id,
        kind="post",
        author_id=actor.user_id,
        title=draft.title,
        slug=draft.slug,
        source=draft.body.source,
        html=draft.body.html,
        excerpt=draft.body.excerpt,
        render_version=draft.body.render_version,
        created_at=moment,
        published_at=published_at,
        last_activity_at=published_at,
        isolated=actor.isolated,
    )
    try:
        with db.session.begin_nested():
            db.session.add(topic)
    except IntegrityError:
        return _published_before(actor, draft.key)
    _dress(actor, topic, draft)
    db.session.execute(
        delete(Draft).where(Draft.public_id == draft.key, Draft.user_id == actor.user_id)
    )
    put(TopicPublished(topic_id=topic.id))
    return TopicRef(topic.id, topic.public_id, topic.slug, topic.published_at)


def _dress(actor: Actor, topic: Topic, text: NewTopic) -> None:
    """Give the topic its tags, columns, images and files."""
    attached = attach(actor, owner_type="topic", owner_id=topic.id, public_ids=text.attachments)
    topic.image_count = sum(one.purpose == "image" for one in attached)
    topic.file_count = len(attached) - topic.image_count
    tag_topic(
        actor,
        planet_id=topic.planet_id,
        topic_id=topic.id,
        names=text.tags,
        published_at=topic.published_at,
    )
    put_into_series(planet_id=topic.planet_id, topic_id=topic.id, public_ids=text.series)


def _published_before(actor: Actor, key: str) -> TopicRef:
    row = db.session.execute(
        select(Topic.id, Topic.public_id, Topic.slug, Topic.published_at).where(
            Topic.public_id == key,
            Topic.planet_id == (actor.planet.id if actor.planet else 0),
            Topic.author_id == actor.user_id,
        )
    ).one_or_none()
    if row is None:
        raise Conflict(key)
    return TopicRef(*row)
