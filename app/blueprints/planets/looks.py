"""Settings: avatar and cover."""

from __future__ import annotations

from flask import flash, render_template, request
from flask_babel import gettext

from app.blueprints.entrance import declares, enter_planet, require, see_other, storage
from app.blueprints.media import upload_words
from app.blueprints.planets.door import Page, bp
from app.blueprints.planets.settings import settings_tabs
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, NotFound
from app.media.actions import Upload, store_picture
from app.planets import actions
from app.planets.queries import PlanetView
from app.policy import Action, can

PLACES = ("avatar", "cover")


@bp.get("/p/<slug>/settings/pictures")
@declares(Action.SETTINGS_EDIT)
def looks(slug: str) -> Page:
    """Show avatar and cover."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SETTINGS_EDIT))
    return _form(planet, errors={})


@bp.post("/p/<slug>/settings/pictures/<place>")
@declares(Action.SETTINGS_EDIT)
def save_picture(slug: str, place: str) -> Page:
    """Put up another picture (field: the name of its place), or take it down (field `remove`)."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SETTINGS_EDIT))
    if place not in PLACES:
        raise NotFound(place)
    public_id = ""
    if "remove" not in request.form:
        sent = request.files.get(place)
        if sent is None or not sent.filename:
            return _form(planet, errors={place: gettext("Choose a picture first.")})
        upload = Upload(filename=sent.filename, stream=sent.stream)
        try:
            public_id = store_picture(
                actor, storage=storage(), upload=upload, purpose=place, planet_id=planet.id
            )
        except Invalid as error:
            return _form(planet, errors={place: upload_words(error)})
    with unit_of_work():
        actions.change_image(actor, planet_id=planet.id, place=place, attachment=public_id)
    flash(gettext("Saved."), "ok")
    return see_other("planets.looks", slug=slug)


def _form(planet: PlanetView, *, errors: dict[str, str]) -> Page:
    html = render_template(
        "planets/settings_looks.html", tabs=settings_tabs(planet.slug, "looks"), errors=errors
    )
    return (html, 422) if errors else html
