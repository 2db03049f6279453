"""The door of the composer: writing a topic, keeping drafts, seeing it before it is published."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, flash, jsonify, redirect, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.blueprints.discussion.composer_page import composer_page
from app.blueprints.discussion.forms import (
    Composed,
    composed,
    draft_fields,
    from_fields,
    store_files,
    topic_wish,
)
from app.blueprints.discussion.present import topic_url
from app.blueprints.discussion.words import errors_of
from app.blueprints.entrance import declares, enter_planet, require, see_other, storage
from app.blueprints.turns import PREVIEWS
from app.discussion.actions import drafts as draft_actions
from app.discussion.actions.composing import compose_topic
from app.discussion.actions.drafts import DraftSave, save_draft
from app.discussion.actions.topics import publish_topic
from app.discussion.queries.attached import image_refs
from app.discussion.queries.drafts import find_draft, get_draft
from app.discussion.rendering import render_body
from app.kernel import clock, limits
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.kernel.ids import new_public_id
from app.kernel.text import HARD_LENGTH
from app.media.actions import discard
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can

bp = Blueprint("composer", __name__)
# Nobody writes that much by hand; a script that has got hold of a session does.
MAX_PER_HOUR = 120
_INLINE_IMAGE = re.compile(r"\(image:([0-9A-Za-z]{12})\)")
Page = str | tuple[str, int] | Response


@bp.get("/p/<slug>/write")
@declares(Action.TOPIC_POST)
def write(slug: str) -> str:
    """Show the composer: empty, or with the draft that `draft` names."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.TOPIC_POST))
    wanted = request.args.get("draft", "")
    state = Composed(draft=new_public_id(), tab=new_public_id())
    if wanted:
        draft = get_draft(actor, wanted)
        state = replace(
            from_fields(draft.fields), draft=draft.public_id, tab=state.tab, rev=draft.rev
        )
    return composer_page(planet, actor, state)


@bp.post("/p/<slug>/write")
@declares(Action.TOPIC_POST)
def publish(slug: str) -> Page:
    """Publish what was written, now or at its time; or, as its button says, show or keep it."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.TOPIC_POST))
    state = composed(request.form)
    try:
        sent = store_files(planet, actor, request.files.getlist("files"))
    except Invalid as error:
        return composer_page(planet, actor, state, errors_of(error)), 422
    state = replace(state, attachments=(*state.attachments, *sent))
    act = request.form.get("do", "publish")
    if act == "preview":
        return composer_page(
            planet, actor, state, preview=render_preview(planet, actor, state.text)
        )
    if "remove_attachment" in request.form or "move_attachment" in request.form:
        return composer_page(planet, actor, state)
    return _keep(planet, actor, state) if act == "keep" else _publish(planet, actor, state)


def _publish(planet: PlanetView, actor: Actor, state: Composed) -> Page:
    try:
        draft = compose_topic(actor, wish=topic_wish(state), key=state.draft)
        with unit_of_work():
            limits.hit(f"publish:{actor.user_id}", limit=MAX_PER_HOUR, window=timedelta(hours=1))
        with unit_of_work():
            topic = publish_topic(actor, draft=draft, hold=state.hold)
    except Invalid as error:
        return composer_page(planet, actor, state, errors_of(error)), 422
    except Conflict:
        return _newer_draft(planet, actor, state), 409
    if topic.published_at > clock.now():
        flash(gettext("It will be published at its time."), "ok")
        return see_other("feed.scheduled", slug=planet.slug)
    return redirect(topic_url(planet.slug, topic.public_id, topic.slug), code=303)


def _keep(planet: PlanetView, actor: Actor, state: Composed) -> Page:
    try:
        with unit_of_work():
            kept = save_draft(actor, draft=_as_save(state))
    except Invalid as error:
        return composer_page(planet, actor, state, errors_of(error)), 422
    except Conflict:
        return _newer_draft(planet, actor, state), 409
    flash(gettext("The draft is kept. Go on whenever you like."), "ok")
    return see_other("composer.write", slug=planet.slug, draft=kept.public_id)


def _newer_draft(planet: PlanetView, actor: Actor, state: Composed) -> str:
    """Show what was typed beside what another tab kept; sending again decides for this one."""
    newer = find_draft(actor, state.draft)
    if newer is None:
        state = replace(state, draft=new_public_id(), rev=0)
        return composer_page(planet, actor, state)
    return composer_page(planet, actor, replace(state, rev=newer.rev), newer=newer)


@bp.post("/p/<slug>/drafts")
@declares(Action.UPLOAD)
def save(slug: str) -> Response | tuple[Response, int]:
    """Keep what a composer holds now; its script calls this within five seconds of a change."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.UPLOAD))
    state = composed(request.form)
    if state.is_empty and not state.rev:
        return jsonify(draft=state.draft, rev=0, saved_at=actor.now.isoformat())
    try:
        with unit_of_work():
            kept = save_draft(actor, draft=_as_save(state))
    except Invalid as error:
        return jsonify(error=next(iter(errors_of(error).values()))), 422
    except Conflict:
        message = gettext(
            "This was changed or published in another tab. Nothing is kept from here any more: "
            "copy what you still need, then load the page again."
        )
        return jsonify(conflict=True, message=message), 409
    return jsonify(draft=kept.public_id, rev=kept.rev, saved_at=kept.saved_at.isoformat())


def _as_save(state: Composed) -> DraftSave:
    purpose = request.form.get("purpose", draft_actions.POST)
    if purpose not in draft_actions.PURPOSES:
        raise Invalid("", "purpose")
    return DraftSave(
        key=state.draft,
        purpose=purpose,
        fields=draft_fields(request.form) | {"attachments": list(state.attachments)},
        hold=state.hold,
        topic=request.form.get("topic", ""),
    )


@bp.post("/p/<slug>/drafts/<draft_id>/delete")
@declares(Action.ACCOUNT_USE)
def delete_draft(slug: str, draft_id: str) -> Response:
    """Throw one's own draft away."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        loose = draft_actions.delete_draft(actor, public_id=draft_id)
    for upload in loose:
        discard(actor, storage=storage(), public_id=upload)
    flash(gettext("The draft is gone."), "ok")
    topic = request.form.get("topic", "")
    if topic:
        return see_other("editor.edit", slug=slug, public_id=topic)
    return see_other("composer.drafts", slug=slug)


@bp.post("/p/<slug>/preview")
@declares(Action.UPLOAD)
def preview(slug: str) -> Response:
    """Return a text as it will look; JSON for the composer's script."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.UPLOAD))
    return jsonify(html=render_preview(planet, actor, request.form.get("text", "")))


def render_preview(planet: PlanetView, actor: Actor, text: str) -> str:
    """Return a text as it will look, with the pictures that its writer has sent. LimitReached while others
    are being shown theirs."""
    limit = min(planet.topic_max_chars * 2, HARD_LENGTH)
    images = image_refs(actor, _INLINE_IMAGE.findall(text))
    with PREVIEWS.take(actor.user_id or 0):
        return render_body(text[:limit], max_chars=limit, id_prefix="preview-", images=images).html
