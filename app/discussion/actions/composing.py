"""What a composer sends, checked and rendered before the unit of work that stores it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from app.discussion.queries.attached import image_refs
from app.discussion.queries.facts import get_topic
from app.discussion.rendering import Body, render_body
from app.kernel.db import db
from app.kernel.errors import Invalid, NotFound
from app.kernel.ids import is_public_id, new_public_id
from app.kernel.text import shows, slugify, tidy_line
from app.planets.models import Planet
from app.policy import Action, Actor, require

MAX_TITLE = 120
MAX_TAGS = 5
MAX_TAG = 20
MAX_SCHEDULE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class TopicWish:
    """What somebody typed: tag names, public ids of columns and attachments, when (None: now)."""

    title: str = ""
    text: str = ""
    tags: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    publish_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewTopic:
    """A topic ready to be published. `key` becomes its public id, so sending it twice is once."""

    key: str
    title: str
    slug: str
    body: Body
    tags: tuple[str, ...]
    series: tuple[str, ...]
    attachments: tuple[str, ...]
    publish_at: datetime | None


def compose_topic(actor: Actor, *, wish: TopicWish, key: str = "") -> NewTopic:
    """Check and render a new topic; Invalid names the field. Writes nothing.

    `key` is the draft's public id, so that a form sent twice publishes once.
    """
    require(actor, Action.TOPIC_POST)
    key = key if is_public_id(key) else new_public_id()
    _check_schedule(actor, wish.publish_at)
    return _ready(actor, wish, key, Planet.topic_max_chars)


def compose_edit(actor: Actor, *, public_id: str, wish: TopicWish) -> NewTopic:
    """Check and render a topic's new text; Invalid names the field. Writes nothing.

    Of a question the text and the pictures alone are kept: it has no title, tags or columns.
    """
    row, facts = get_topic(actor, public_id)
    require(actor, Action.TOPIC_EDIT, facts)
    if facts.kind == "question":
        wish = TopicWish(text=wish.text, attachments=wish.attachments)
        return _ready(actor, wish, public_id, Planet.question_max_chars)
    if row.published_at > actor.now:
        _check_schedule(actor, wish.publish_at)
    return _ready(actor, wish, public_id, Planet.topic_max_chars)


def _ready(actor: Actor, wish: TopicWish, key: str, limit: InstrumentedAttribute[int]) -> NewTopic:
    title = tidy_line(wish.title)
    if len(title) > MAX_TITLE:
        raise Invalid("title", "too_long", limit=MAX_TITLE, length=len(title))
    attachments = tuple(dict.fromkeys(wish.attachments))
    body = render_body(
        wish.text,
        max_chars=_max_chars(actor, limit),
        id_prefix=f"t-{key}-",
        images=image_refs(actor, attachments),
    )
    if not shows(body.html) and not attachments:
        raise Invalid("text", "empty")
    return NewTopic(
        key=key,
        title=title,
        slug=slugify(title),
        body=body,
        tags=tag_names(wish.tags),
        series=tuple(dict.fromkeys(wish.series)),
        attachments=attachments,
        publish_at=wish.publish_at,
    )


def _max_chars(actor: Actor, limit: InstrumentedAttribute[int]) -> int:
    planet_id = actor.planet.id if actor.planet else 0
    found = db.session.scalar(select(limit).where(Planet.id == planet_id))
    if found is None:
        raise NotFound(str(planet_id))
    return found


def tag_names(typed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tags as they are kept: without `#`, each once; Invalid when too many or too long."""
    names: dict[str, str] = {}
    for raw in typed:
        name = tidy_line(unicodedata.normalize("NFC", raw)).strip(" #＃")
        if not name:
            continue
        if len(name) > MAX_TAG:
            raise Invalid("tags", "tag_too_long", name=name, limit=MAX_TAG)
        names.setdefault(tag_key(name), name)
    if len(names) > MAX_TAGS:
        raise Invalid("tags", "too_many_tags", limit=MAX_TAGS)
    return tuple(names.values())


def tag_key(name: str) -> str:
    """Return what makes two tags the same one: spelling in another case or width does not."""
    return unicodedata.normalize("NFKC", name).casefold()


def _check_schedule(actor: Actor, publish_at: datetime | None) -> None:
    if publish_at is None:
        return
    if publish_at <= actor.now:
        raise Invalid("publish_at", "past")
    if publish_at > actor.now + MAX_SCHEDULE:
        raise Invalid("publish_at", "too_far", days=MAX_SCHEDULE.days)
