"""The door of the composer: writing a topic."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.blueprints.discussion.forms import topic_wish
from app.blueprints.discussion.present import topic_url
from app.blueprints.discussion.words import errors_of
from app.blueprints.entrance import declares, enter_planet, require
from app.discussion.actions.composing import compose_topic
from app.discussion.actions.topics import publish_topic
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.kernel.ids import new_public_id
from app.planets.queries import PlanetView
from app.policy import Action, can

bp = Blueprint("composer", __name__)


@bp.get("/p/<slug>/write")
@declares(Action.TOPIC_POST)
def write(slug: str) -> str:
    """Show an empty composer."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.TOPIC_POST))
    return _form(planet, MultiDict({"draft": new_public_id()}))


@bp.post("/p/<slug>/write")
@declares(Action.TOPIC_POST)
def publish(slug: str) -> Response | tuple[str, int]:
    """Publish what was written, now or at its time."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.TOPIC_POST))
    form = request.form
    try:
        draft = compose_topic(actor, wish=topic_wish(form), key=form.get("draft", ""))
        with unit_of_work():
            topic = publish_topic(actor, draft=draft)
    except Invalid as error:
        return _form(planet, form, errors_of(error)), 422
    return redirect(topic_url(slug, topic.public_id, topic.slug), code=303)


def _form(
    planet: PlanetView, form: MultiDict[str, str], errors: dict[str, str] | None = None
) -> str:
    values: dict[str, Any] = {
        name: form.get(name, "") for name in ("title", "text", "tags", "draft")
    }
    return render_template(
        "discussion/write.html",
        values=values,
        errors=errors or {},
        max_chars=planet.topic_max_chars,
    )
