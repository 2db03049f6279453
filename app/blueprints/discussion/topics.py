"""The door of topics: the page of one, and what can be done to it."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from app.blueprints.discussion.present import card_shape, topic_url
from app.blueprints.entrance import declares, enter_planet
from app.discussion.queries.cards import load_cards
from app.discussion.queries.topic_page import get_entry
from app.policy import Action

bp = Blueprint("topics", __name__)


@bp.get("/p/<slug>/t/<public_id>", defaults={"title_slug": ""})
@bp.get("/p/<slug>/t/<public_id>/<title_slug>")
@declares(Action.TOPIC_READ)
def show(slug: str, public_id: str, title_slug: str) -> str | Response:
    """Show a topic; an address with an old or wrong readable part leads to the present one."""
    actor = enter_planet(slug)[1]
    entry = get_entry(actor, public_id)
    card = load_cards([entry.id], actor.now)[entry.id]
    # Only now: the title in the address must not tell what stands behind a hidden topic.
    readable_slug = card.slug if entry.text_readable else ""
    if title_slug != readable_slug:
        return redirect(topic_url(slug, public_id, readable_slug, **request.args), code=301)
    return render_template("discussion/topic.html", topic=card_shape(slug, card, entry))
