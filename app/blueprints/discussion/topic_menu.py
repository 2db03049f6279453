"""What a reader may do with a topic, as its menu offers it. The policy decides each line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import url_for
from flask_babel import gettext

from app.blueprints.discussion.present import Shape
from app.discussion.actions.marks import TopicMark
from app.discussion.queries.cards import TopicCard
from app.discussion.queries.feed import FeedEntry
from app.policy import Action, Actor, can


def topic_menu(slug: str, actor: Actor, entry: FeedEntry, card: TopicCard) -> list[Shape]:
    """Return the lines of a topic's menu for this reader."""
    return [
        *_reading(slug, entry),
        *_editing(slug, actor, entry),
        *_marks(slug, actor, entry, card),
        *_deleting(slug, actor, entry),
    ]


def _reading(slug: str, entry: FeedEntry) -> Iterator[Shape]:
    if not entry.text_readable:
        return
    where: dict[str, Any] = {"slug": slug, "public_id": entry.public_id}
    # Without scripts the link shows the text itself.
    copied = _link(gettext("Copy Markdown"), url_for("topics.source", **where), "copy")
    yield copied | {"copies": True}
    if not entry.facts.private:
        yield _link(gettext("Share or print"), url_for("topics.share", **where), "qr-code")


def _editing(slug: str, actor: Actor, entry: FeedEntry) -> Iterator[Shape]:
    where: dict[str, Any] = {"slug": slug, "public_id": entry.public_id}
    if can(actor, Action.TOPIC_EDIT, entry.facts):
        yield _link(gettext("Edit"), url_for("editor.edit", **where), "pen-line")
    if can(actor, Action.TOPIC_HISTORY, entry.facts):
        yield _link(gettext("Versions"), url_for("topics.history", **where), "history")
    if can(actor, Action.SERIES_EDIT) and not entry.facts.deleted:
        yield _link(gettext("Columns"), url_for("series.choose", **where), "library")


def _marks(slug: str, actor: Actor, entry: FeedEntry, card: TopicCard) -> Iterator[Shape]:
    offered = (
        (TopicMark.PINNED, Action.TOPIC_CURATE, card.pinned, "pin"),
        (TopicMark.DIGEST, Action.TOPIC_CURATE, card.digest, "sparkles"),
        (TopicMark.SAMPLE, Action.TOPIC_SAMPLE, card.sample, "sunrise"),
        (TopicMark.CLOSED, Action.TOPIC_CLOSE, card.closed, "lock"),
    )
    words = {
        TopicMark.PINNED: (gettext("Pin"), gettext("Unpin")),
        TopicMark.DIGEST: (gettext("Put into the digest"), gettext("Take out of the digest")),
        TopicMark.SAMPLE: (gettext("Open to everyone"), gettext("Close to visitors")),
        TopicMark.CLOSED: (gettext("Close comments"), gettext("Open comments")),
    }
    url = url_for("topics.mark", slug=slug, public_id=entry.public_id)
    for mark, action, is_set, icon in offered:
        if can(actor, action, entry.facts):
            act = "clear" if is_set else "set"
            line = _link(words[mark][is_set], url, icon)
            yield line | {"post": True, "fields": {"mark": mark.value, "do": act}}


def _deleting(slug: str, actor: Actor, entry: FeedEntry) -> Iterator[Shape]:
    if can(actor, Action.TOPIC_DELETE, entry.facts):
        url = url_for("topics.confirm_delete", slug=slug, public_id=entry.public_id)
        yield _link(gettext("Delete"), url, "trash-2")


def _link(label: str, url: str, icon: str) -> Shape:
    return {
        "label": label,
        "url": url,
        "icon": icon,
        "post": False,
        "danger": icon == "trash-2",
        "confirm": None,
        "fields": {},
    }
