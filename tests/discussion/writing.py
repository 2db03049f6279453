"""Short ways to write topics in tests, through the real actions."""

from __future__ import annotations

from datetime import datetime

from app.discussion.actions.composing import TopicWish, compose_topic
from app.discussion.actions.topics import TopicRef, publish_topic
from app.kernel.db import unit_of_work
from tests.cast import Cast


def post(
    cast: Cast,
    persona: str = "guest",
    *,
    title: str = "",
    text: str = "正文",
    tags: tuple[str, ...] = (),
    series: tuple[str, ...] = (),
    publish_at: datetime | None = None,
) -> TopicRef:
    """Publish a topic as the persona."""
    actor = cast.actor(persona)
    wish = TopicWish(title=title, text=text, tags=tags, series=series, publish_at=publish_at)
    draft = compose_topic(actor, wish=wish)
    with unit_of_work():
        return publish_topic(actor, draft=draft)


def path(cast: Cast, topic: TopicRef) -> str:
    """Return the address of a topic's page without its readable part."""
    return f"/p/{cast.slug}/t/{topic.public_id}"
