"""The composer's page: what it shows of a topic that is being written or changed."""

from __future__ import annotations

from typing import Any

from flask import render_template, url_for
from markupsafe import Markup

from app.blueprints.discussion.forms import Composed
from app.blueprints.discussion.present import Shape
from app.blueprints.page import media_url
from app.discussion.actions.composing import MAX_TITLE
from app.discussion.diffing import diff_texts
from app.discussion.queries.drafts import DraftView
from app.discussion.queries.series import name_series
from app.discussion.queries.tags import list_tags
from app.discussion.queries.topic_page import TopicText
from app.media.queries import AttachmentView, list_attachments, list_waiting
from app.planets.queries import PlanetView
from app.policy import Actor

MAX_SUGGESTIONS = 40


def composer_page(
    planet: PlanetView,
    actor: Actor,
    state: Composed,
    errors: dict[str, str] | None = None,
    *,
    preview: str | None = None,
    newer: DraftView | None = None,
) -> str:
    """Return the page for a new topic. `newer` is what another tab kept of the same draft."""
    return render_template(
        "discussion/write.html",
        max_chars=planet.topic_max_chars,
        attachments=[upload_shape(one) for one in _waiting(actor, state)],
        newer=newer,
        **_common(actor, state, errors, preview),
    )


def edit_page(
    planet: PlanetView,
    actor: Actor,
    topic: TopicText,
    state: Composed,
    errors: dict[str, str] | None = None,
    *,
    preview: str | None = None,
    draft: DraftView | None = None,
    newer: DraftView | None = None,
) -> str:
    """Return the page that changes a topic. When its text moved on (`state.base` is older than it),
    both texts are shown, and sending again replaces the newer one. `draft` is where the state comes
    from, when somebody goes on with an unsaved change; `newer` is what another tab kept of it."""
    moved_on = state.base != topic.edits
    is_question = topic.facts.kind == "question"
    held = list_attachments("topic", [topic.id]).get(topic.id, [])
    known = {one.public_id: one for one in (*held, *_waiting(actor, state))}
    attached = [known[one] for one in state.attachments if one in known]
    return render_template(
        "discussion/edit.html",
        topic=topic,
        url=url_for("topics.show", slug=planet.slug, public_id=topic.public_id),
        is_question=is_question,
        max_chars=planet.question_max_chars if is_question else planet.topic_max_chars,
        scheduled=topic.published_at > actor.now,
        moved_on=diff_texts(topic.source, state.text) if moved_on else None,
        resumed=draft,
        newer=newer,
        attachments=[upload_shape(one) for one in attached],
        **_common(actor, state, errors, preview),
    )


def _common(
    actor: Actor,
    state: Composed,
    errors: dict[str, str] | None,
    preview: str | None,
) -> dict[str, Any]:
    return {
        "state": state,
        "errors": errors or {},
        "max_title": MAX_TITLE,
        "preview": Markup(preview) if preview is not None else None,  # noqa: S704 - kernel.text
        "tags": [tag.name for tag in list_tags(actor, limit=MAX_SUGGESTIONS)],
        "columns": name_series(actor),
    }


def _waiting(actor: Actor, state: Composed) -> list[AttachmentView]:
    if actor.user_id is None or not state.attachments:
        return []
    return list_waiting(actor.user_id, state.attachments)


def upload_shape(one: AttachmentView) -> Shape:
    """Return an upload as `composer` shows it among those already there."""
    return {
        "id": one.public_id,
        "url": media_url(one.public_id),
        "thumb_url": media_url(one.public_id, "thumb"),
        "name": one.filename,
        "kind": "image" if one.is_image else "file",
        "size": one.size,
    }
