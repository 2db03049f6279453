"""Settings: what the planet says of itself, and its address."""

from __future__ import annotations

from dataclasses import replace

from flask import flash, render_template, request
from flask_babel import gettext

from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.planets.door import Page, bp
from app.blueprints.planets.settings import settings_tabs
from app.blueprints.planets.words import CATEGORY_NAMES, errors_of
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.planets import actions
from app.planets.basics import Basics, find_problems, prepare, tidy_line
from app.planets.queries import PlanetView, get_intro
from app.policy import Action, can


def read_basics() -> Basics:
    """Return the basics as typed into a form."""
    typed = request.form
    return Basics(
        name=typed.get("name", ""),
        tagline=typed.get("tagline", ""),
        intro=typed.get("intro", ""),
        category=typed.get("category", "other"),
        language=typed.get("language", "zh_Hans"),
        accent=typed.get("accent", "indigo"),
    )


@bp.get("/p/<slug>/settings")
@declares(Action.SETTINGS_EDIT)
def settings_basics(slug: str) -> Page:
    """Show the basics and the address, with what they are now."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SETTINGS_EDIT))
    present = Basics(
        name=planet.name,
        tagline=planet.tagline,
        intro=get_intro(planet.id).source,
        category=planet.category,
        language=planet.language,
        accent=planet.accent or "indigo",
    )
    return _form(planet, present)


@bp.post("/p/<slug>/settings")
@declares(Action.SETTINGS_EDIT)
def save_basics(slug: str) -> Page:
    """Save the basics."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SETTINGS_EDIT))
    typed = read_basics()
    problems = find_problems(replace(typed, name=tidy_line(typed.name)))
    if problems:
        return _form(planet, typed, errors=errors_of(problems))
    basics = prepare(typed)
    try:
        with unit_of_work():
            actions.edit_basics(actor, planet_id=planet.id, basics=basics)
    except Invalid as error:
        return _form(planet, typed, errors=errors_of([error]))
    flash(gettext("Saved."), "ok")
    return see_other("planets.settings_basics", slug=slug)


@bp.post("/p/<slug>/settings/address")
@declares(Action.SETTINGS_EDIT)
def save_address(slug: str) -> Page:
    """Give the planet another address."""
    planet, actor = enter_planet(slug)
    typed = request.form.get("slug", "").strip().lower()
    try:
        with unit_of_work():
            actions.change_slug(actor, planet_id=planet.id, slug=typed)
    except Invalid as error:
        present = replace(Basics(name=planet.name), intro=get_intro(planet.id).source)
        present = replace(
            present,
            tagline=planet.tagline,
            category=planet.category,
            language=planet.language,
            accent=planet.accent or "indigo",
        )
        return _form(planet, present, address=typed, errors=errors_of([error]))
    flash(gettext("Saved. Links to the old address lead here."), "ok")
    return see_other("planets.settings_basics", slug=typed)


def _form(
    planet: PlanetView,
    basics: Basics,
    *,
    address: str | None = None,
    errors: dict[str, str] | None = None,
) -> Page:
    html = render_template(
        "planets/settings_basics.html",
        basics=basics,
        address=planet.slug if address is None else address,
        categories=list(CATEGORY_NAMES.items()),
        tabs=settings_tabs(planet.slug, "basics"),
        errors=errors or {},
    )
    return (html, 422) if errors else html
