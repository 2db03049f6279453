"""Verbs on topics: publish, edit, delete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.discussion.actions.anonymity import forget_names
from app.discussion.actions.composing import NewTopic
from app.discussion.actions.drafts import Hold, consume_draft
from app.discussion.actions.history import count_revisions, keep_revision
from app.discussion.actions.series import put_into_series
from app.discussion.actions.tags import tag_topic
from app.discussion.actions.touch import touch_topic
from app.discussion.events import TopicChanged, TopicDeleted, TopicPublished
from app.discussion.models import Topic
from app.discussion.queries.facts import get_topic
from app.kernel import clock
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.media.actions import attach
from app.outbox.events import put
from app.policy import Action, Actor, TopicFacts, require


@dataclass(frozen=True, slots=True)
class TopicRef:
    """Where a topic stands: what its address needs, and when it is or becomes visible."""

    id: int
    public_id: str
    slug: str
    published_at: datetime


def publish_topic(actor: Actor, *, draft: NewTopic, hold: Hold | None = None) -> TopicRef:
    """Store a composed topic, now or for its time, and drop the draft it came from.

    Sent twice with the same key it is published once: the second call returns the first's topic.
    Conflict when the key is another's, or when another tab kept newer words in the draft than the
    page knows that holds it (`hold`).
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
    consume_draft(actor, key=draft.key, hold=hold)
    put(TopicPublished(topic_id=topic.id))
    return TopicRef(topic.id, topic.public_id, topic.slug, topic.published_at)


def edit_topic(
    actor: Actor, *, text: NewTopic, base: int, draft: str = "", hold: Hold | None = None
) -> TopicRef:
    """Replace a topic's text, and keep what it said before.

    `base` is the number of edits the writer saw: Conflict when there was another since. `draft` is
    the public id of the draft of this edit, if there is one. A scheduled topic takes its new time.
    """
    # Held before it is read: an answer that comes at this moment ends the asker's right to edit.
    db.session.execute(select(Topic.id).where(Topic.public_id == text.key).with_for_update())
    row, facts = get_topic(actor, text.key)
    require(actor, Action.TOPIC_EDIT, facts)
    topic = db.session.get_one(Topic, row.id, populate_existing=True)
    if count_edits(topic.id) != base:
        raise Conflict(text.key)
    if (topic.title, topic.source) != (text.title, text.body.source):
        _replace_text(actor, topic, text, facts)
    _reschedule(topic, text.publish_at)
    _dress(actor, topic, text)
    if draft:
        consume_draft(actor, key=draft, hold=hold)
    _changed(actor, topic, facts, act="topic.edit")
    return TopicRef(topic.id, topic.public_id, topic.slug, topic.published_at)


def count_edits(topic_id: int) -> int:
    """Return how often the topic's text was replaced."""
    return count_revisions("topic", topic_id)


def _replace_text(actor: Actor, topic: Topic, text: NewTopic, facts: TopicFacts) -> None:
    editor_id = None if facts.anonymous else actor.user_id
    keep_revision(("topic", topic.id), source=topic.source, title=topic.title, editor_id=editor_id)
    topic.title, topic.slug = text.title, text.slug
    topic.source, topic.html = text.body.source, text.body.html
    topic.excerpt, topic.render_version = text.body.excerpt, text.body.render_version
    # Before anybody answered, an edit misleads nobody and needs no mark.
    if facts.has_replies:
        topic.edited_at = clock.now()


def _reschedule(topic: Topic, publish_at: datetime | None) -> None:
    """Move a topic that waits for its time; what is published keeps its place."""
    moment = clock.now()
    if topic.kind == "question" or topic.published_at <= moment:
        return
    topic.published_at = topic.last_activity_at = publish_at or moment


def delete_topic(actor: Actor, *, public_id: str) -> None:
    """Delete a topic. Its page stays as a marker where others wrote, and is gone otherwise."""
    row, facts = get_topic(actor, public_id)
    require(actor, Action.TOPIC_DELETE, facts)
    moment = clock.now()
    deleted_by = None if facts.anonymous and facts.writer_id == actor.user_id else actor.user_id
    topic = db.session.get_one(Topic, row.id, with_for_update=True, populate_existing=True)
    topic.deleted_at, topic.deleted_by = moment, deleted_by
    touch_topic(topic.id)
    if facts.writer_id != actor.user_id:
        _record(actor, "topic.delete", topic)
    put(TopicDeleted(topic_id=topic.id))


def _changed(actor: Actor, topic: Topic, facts: TopicFacts, *, act: str) -> None:
    db.session.flush()
    touch_topic(topic.id)
    if facts.writer_id != actor.user_id:
        _record(actor, act, topic)
    put(TopicChanged(topic_id=topic.id))


def _record(actor: Actor, act: str, topic: Topic) -> None:
    record(
        act,
        actor_id=actor.user_id,
        planet_id=topic.planet_id,
        subject=("topic", topic.id),
        public_id=topic.public_id,
    )


def _dress(actor: Actor, topic: Topic, text: NewTopic) -> None:
    """Give the topic its tags, columns, images and files."""
    attached = attach(actor, owner_type="topic", owner_id=topic.id, public_ids=text.attachments)
    topic.image_count = sum(one.purpose == "image" for one in attached)
    topic.file_count = len(attached) - topic.image_count
    if topic.kind == "question":
        if topic.file_count:
            raise Invalid("attachments", "only_images")
        if topic.author_id is None:
            forget_names(attached)
        return
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
