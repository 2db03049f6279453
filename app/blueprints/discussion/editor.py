"""The door of the editor: changing a topic that is there already."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.blueprints.discussion.composer import render_preview
from app.blueprints.discussion.composer_page import edit_page
from app.blueprints.discussion.forms import (
    Composed,
    composed,
    from_fields,
    local_value,
    store_files,
    topic_wish,
)
from app.blueprints.discussion.present import topic_url
from app.blueprints.discussion.words import errors_of
from app.blueprints.entrance import declares, enter_planet, require
from app.discussion.actions.composing import compose_edit
from app.discussion.actions.drafts import EDIT
from app.discussion.actions.topics import edit_topic
from app.discussion.queries.cards import load_cards
from app.discussion.queries.drafts import find_draft, find_topic_draft
from app.discussion.queries.series import series_of
from app.discussion.queries.topic_page import TopicText, get_text
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.kernel.ids import new_public_id
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can

bp = Blueprint("editor", __name__)
Page = str | tuple[str, int] | Response


@bp.get("/p/<slug>/t/<public_id>/edit")
@declares(Action.TOPIC_EDIT)
def edit(slug: str, public_id: str) -> str:
    """Show a topic's text for changing; an unsaved change of one's own is gone on with."""
    planet, actor = enter_planet(slug)
    topic = get_text(actor, public_id)
    require(can(actor, Action.TOPIC_EDIT, topic.facts))
    state = replace(_state_of(actor, topic), draft=new_public_id(), tab=new_public_id())
    draft = find_topic_draft(actor, topic.id, purpose=EDIT)
    if draft is not None:
        kept = from_fields(draft.fields)
        state = replace(kept, draft=draft.public_id, tab=state.tab, rev=draft.rev)
    return edit_page(planet, actor, topic, state, draft=draft)


@bp.post("/p/<slug>/t/<public_id>/edit")
@declares(Action.TOPIC_EDIT)
def save(slug: str, public_id: str) -> Page:
    """Save the changed text; or, as its button says, show how it will look."""
    planet, actor = enter_planet(slug)
    topic = get_text(actor, public_id)
    require(can(actor, Action.TOPIC_EDIT, topic.facts))
    state = composed(request.form)
    try:
        sent = store_files(planet, actor, request.files.getlist("files"))
    except Invalid as error:
        return edit_page(planet, actor, topic, state, errors_of(error)), 422
    state = replace(state, attachments=(*state.attachments, *sent))
    if request.form.get("do") == "preview":
        html = render_preview(planet, actor, state.text)
        return edit_page(planet, actor, topic, state, preview=html)
    if "remove_attachment" in request.form or "move_attachment" in request.form:
        return edit_page(planet, actor, topic, state)
    return _save(planet, actor, topic, state)


def _save(planet: PlanetView, actor: Actor, topic: TopicText, state: Composed) -> Page:
    try:
        text = compose_edit(actor, public_id=topic.public_id, wish=topic_wish(state))
        with unit_of_work():
            saved = edit_topic(
                actor, text=text, base=state.base, draft=state.draft, hold=state.hold
            )
    except Invalid as error:
        return edit_page(planet, actor, topic, state, errors_of(error)), 422
    except Conflict:
        return _conflict(planet, actor, state, topic.public_id), 409
    return redirect(topic_url(planet.slug, saved.public_id, saved.slug), code=303)


def _conflict(planet: PlanetView, actor: Actor, state: Composed, public_id: str) -> str:
    """Show what was typed beside what came first: another's edit, or what another tab kept."""
    topic = get_text(actor, public_id)
    newer = find_draft(actor, state.draft)
    if newer is None:
        return edit_page(planet, actor, topic, state)
    return edit_page(planet, actor, topic, replace(state, rev=newer.rev), newer=newer)


def _state_of(actor: Actor, topic: TopicText) -> Composed:
    card = load_cards([topic.id], actor.now)[topic.id]
    scheduled = topic.published_at > actor.now
    return Composed(
        title=topic.title,
        text=topic.source,
        tags=" ".join(f"#{tag.name}" for tag in card.tags),
        series=tuple(series_of(topic.id)),
        attachments=tuple(one.public_id for one in card.attached),
        when="later" if scheduled else "now",
        publish_at=local_value(topic.published_at) if scheduled else "",
        base=topic.edits,
    )
