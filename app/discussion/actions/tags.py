"""Verbs on tags: putting them on topics, and keeping the planet's menu of them in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, func, literal, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from app.discussion.actions.composing import tag_key, tag_names
from app.discussion.events import TopicsRetagged
from app.discussion.models import Tag, Topic, TopicTag
from app.kernel.audit import record
from app.kernel.db import db
from app.kernel.errors import Invalid, NotFound
from app.memberships.rows import planet_of
from app.outbox.events import put
from app.policy import Action, Actor, can, require

MAX_TAGS = 200
# Topics in one event.
TOLD_AT_ONCE = 1_000


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


def create_tag(actor: Actor, *, name: str) -> None:
    """Make a tag at the end of the menu. Invalid("name", …) when it exists or is no name."""
    require(actor, Action.TAGS_EDIT)
    name = _checked_name(name)
    planet_id = planet_of(actor)
    count = select(func.count(Tag.id)).where(Tag.planet_id == planet_id)
    if (db.session.scalar(count) or 0) >= MAX_TAGS:
        raise Invalid("name", "too_many", limit=MAX_TAGS)
    if _find(planet_id, tag_key(name)) is not None:
        raise Invalid("name", "taken", name=name)
    find_or_make_tag(planet_id, name)


def rename_tag(actor: Actor, *, key: str, name: str) -> None:
    """Call a tag something else. Invalid("name", "taken") when another has the name: merge them."""
    require(actor, Action.TAGS_EDIT)
    tag = _get(actor, key)
    name = _checked_name(name)
    other = _find(tag.planet_id, tag_key(name))
    if other is not None and other.id != tag.id:
        raise Invalid("name", "taken", name=name)
    _record(actor, "tag.rename", tag, to=name)
    tag.name, tag.key = name, tag_key(name)
    _touch_topics(tag.id)


def merge_tags(actor: Actor, *, key: str, into: str) -> None:
    """Put everything under `key` under `into`, and drop `key`. Invalid for one and the same tag."""
    require(actor, Action.TAGS_EDIT)
    tag, target = _get(actor, key), _get(actor, into)
    if tag.id == target.id:
        raise Invalid("into", "same_tag")
    _record(actor, "tag.merge", tag, into=target.name)
    _touch_topics(tag.id)
    both = select(TopicTag.topic_id).where(TopicTag.tag_id == target.id)
    db.session.execute(
        update(TopicTag)
        .where(TopicTag.tag_id == tag.id, TopicTag.topic_id.not_in(both))
        .values(tag_id=target.id)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(delete(TopicTag).where(TopicTag.tag_id == tag.id))
    db.session.delete(tag)


def delete_tag(actor: Actor, *, key: str) -> None:
    """Take a tag off every topic and out of the planet."""
    require(actor, Action.TAGS_EDIT)
    tag = _get(actor, key)
    _record(actor, "tag.delete", tag)
    _touch_topics(tag.id)
    db.session.execute(delete(TopicTag).where(TopicTag.tag_id == tag.id))
    db.session.delete(tag)


def show_tag(actor: Actor, *, key: str) -> None:
    """Put a tag into the menu."""
    require(actor, Action.TAGS_EDIT)
    _get(actor, key).in_menu = True


def hide_tag(actor: Actor, *, key: str) -> None:
    """Take a tag out of the menu; topics keep it."""
    require(actor, Action.TAGS_EDIT)
    _get(actor, key).in_menu = False


def move_tag(actor: Actor, *, key: str, way: Literal["up", "down"]) -> None:
    """Let a tag and its neighbour in the planet's order change places; at the end it stays there."""
    require(actor, Action.TAGS_EDIT)
    tag = _get(actor, key)
    place = tuple_(Tag.position, Tag.id)
    here = tuple_(literal(tag.position), literal(tag.id))
    mine = select(Tag).where(Tag.planet_id == tag.planet_id)
    if way == "up":
        beside = mine.where(place < here).order_by(Tag.position.desc(), Tag.id.desc())
    else:
        beside = mine.where(place > here).order_by(Tag.position, Tag.id)
    other = db.session.scalar(beside.limit(1).with_for_update())
    if other is None:
        return
    if other.position == tag.position:
        _number_anew(tag.planet_id)
    tag.position, other.position = other.position, tag.position


def _number_anew(planet_id: int) -> None:
    """Give the planet's tags the numbers 1, 2, 3 … in their order: two that were made at once may bear
    the same."""
    every = select(Tag).where(Tag.planet_id == planet_id).order_by(Tag.position, Tag.id)
    for position, tag in enumerate(db.session.scalars(every.with_for_update()), start=1):
        tag.position = position


def find_or_make_tag(planet_id: int, name: str) -> int:
    """Return the id of the planet's tag of this name, made at the end of the menu when there is none.

    For actions that have asked the policy, and for the seed.
    """
    last = db.session.scalar(select(func.max(Tag.position)).where(Tag.planet_id == planet_id))
    tag = Tag(planet_id=planet_id, name=name, key=tag_key(name), position=(last or 0) + 1)
    try:
        with db.session.begin_nested():
            db.session.add(tag)
    except IntegrityError:
        # Somebody made it in the same moment.
        which = select(Tag.id).where(Tag.planet_id == planet_id, Tag.key == tag_key(name))
        return db.session.scalars(which).one()
    return tag.id


def _checked_name(typed: str) -> str:
    names = tag_names((typed,))
    if not names:
        raise Invalid("name", "empty")
    return names[0]


def _find(planet_id: int, key: str) -> Tag | None:
    return db.session.scalar(select(Tag).where(Tag.planet_id == planet_id, Tag.key == key))


def _get(actor: Actor, key: str) -> Tag:
    tag = _find(planet_of(actor), key)
    if tag is None:
        raise NotFound(key)
    return tag


def _touch_topics(tag_id: int) -> None:
    """Every page that shows the tag changes with it, and so does whatever else knows it."""
    tagged = select(TopicTag.topic_id).where(TopicTag.tag_id == tag_id)
    statement = update(Topic).where(Topic.id.in_(tagged)).values(rev=Topic.rev + 1)
    db.session.execute(statement.execution_options(synchronize_session=False))
    topic_ids = db.session.scalars(tagged.order_by(TopicTag.topic_id)).all()
    for start in range(0, len(topic_ids), TOLD_AT_ONCE):
        put(TopicsRetagged(topic_ids=tuple(topic_ids[start : start + TOLD_AT_ONCE])))


def _record(actor: Actor, act: str, tag: Tag, **data: str) -> None:
    record(
        act,
        actor_id=actor.user_id,
        planet_id=tag.planet_id,
        subject=("tag", tag.id),
        name=tag.name,
        **data,
    )
