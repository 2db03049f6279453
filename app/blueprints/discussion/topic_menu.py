"""What a reader may do with a topic, as its menu offers it. The policy decides each line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import url_for
from flask_babel import gettext

from app.blueprints.discussion.present import Shape
from app.discussion.actions.marks import TopicMark
from app.discussion.queries.cards import TopicCard
from app.discussion.queries.feed import FeedEntry
from app.policy import Action, Actor, can

_MARKS = {
    TopicMark.PINNED: Action.TOPIC_CURATE,
    TopicMark.DIGEST: Action.TOPIC_CURATE,
    TopicMark.SAMPLE: Action.TOPIC_SAMPLE,
    TopicMark.CLOSED: Action.TOPIC_CLOSE,
}


class MenuRights(NamedTuple):
    """What a reader may do with a topic, and what of it may be passed on: all that its menu hangs on
    beside the topic itself."""

    copy: bool
    share: bool
    edit: bool
    history: bool
    columns: bool
    delete: bool
    marks: tuple[TopicMark, ...]


def menu_rights(actor: Actor, entry: FeedEntry) -> MenuRights:
    """Ask the policy what the reader may do with a topic that he reads."""
    facts = entry.facts
    return MenuRights(
        copy=entry.text_readable,
        share=entry.text_readable and not facts.private,
        edit=bool(can(actor, Action.TOPIC_EDIT, facts)),
        history=bool(can(actor, Action.TOPIC_HISTORY, facts)),
        columns=bool(can(actor, Action.SERIES_EDIT)) and not facts.deleted,
        delete=bool(can(actor, Action.TOPIC_DELETE, facts)),
        marks=tuple(mark for mark, action in _MARKS.items() if can(actor, action, facts)),
    )


def topic_menu(slug: str, public_id: str, rights: MenuRights, card: TopicCard) -> list[Shape]:
    """Return the lines of a topic's menu for a reader with these rights."""
    where: dict[str, Any] = {"slug": slug, "public_id": public_id}
    lines: list[Shape] = []
    if rights.copy:
        # Without scripts the link shows the text itself.
        copied = _link(gettext("Copy Markdown"), url_for("topics.source", **where), "copy")
        lines.append(copied | {"copies": True})
    if rights.share:
        lines.append(_link(gettext("Share or print"), url_for("topics.share", **where), "qr-code"))
    if rights.edit:
        lines.append(_link(gettext("Edit"), url_for("editor.edit", **where), "pen-line"))
    if rights.history:
        lines.append(_link(gettext("Versions"), url_for("topics.history", **where), "history"))
    if rights.columns:
        lines.append(_link(gettext("Columns"), url_for("series.choose", **where), "library"))
    lines += _marks(where, rights, card)
    if rights.delete:
        lines.append(_link(gettext("Delete"), url_for("topics.confirm_delete", **where), "trash-2"))
    return lines


def _marks(where: dict[str, Any], rights: MenuRights, card: TopicCard) -> Iterator[Shape]:
    looks = {
        TopicMark.PINNED: (card.pinned, "pin", gettext("Pin"), gettext("Unpin")),
        TopicMark.DIGEST: (
            card.digest,
            "sparkles",
            gettext("Put into the digest"),
            gettext("Take out of the digest"),
        ),
        TopicMark.SAMPLE: (
            card.sample,
            "sunrise",
            gettext("Open to everyone"),
            gettext("Close to visitors"),
        ),
        TopicMark.CLOSED: (
            card.closed,
            "lock",
            gettext("Close comments"),
            gettext("Open comments"),
        ),
    }
    for mark in rights.marks:
        is_set, icon, set_it, clear_it = looks[mark]
        line = _link(clear_it if is_set else set_it, url_for("topics.mark", **where), icon)
        fields = {"mark": mark.value, "do": "clear" if is_set else "set"}
        yield line | {"post": True, "fields": fields}


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
