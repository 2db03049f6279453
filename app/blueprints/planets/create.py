"""Creating a planet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask import flash, render_template, request
from flask_babel import get_locale, gettext

from app.blueprints.entrance import declares, require, see_other, site_actor
from app.blueprints.planets.basics import read_basics
from app.blueprints.planets.door import Page, bp
from app.blueprints.planets.words import CATEGORY_NAMES, errors_of
from app.kernel import limits
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships.actions import found_planet
from app.planets.basics import ACCENTS, Basics, find_problems, prepare, tidy_line
from app.planets.slugs import MAX_LENGTH, check_slug, suggest_slug
from app.policy import Action, can

# Planets a person may found in a day: enough to try, too few to hoard addresses.
PER_DAY = 10


@bp.get("/planets/new")
@declares(Action.PLANET_CREATE)
def create() -> Page:
    """Show the form for a new planet."""
    require(can(site_actor(), Action.PLANET_CREATE))
    language = "en" if str(get_locale()).startswith("en") else "zh_Hans"
    return _form(Basics(name="", language=language), slug="", errors={})


@bp.post("/planets/new")
@declares(Action.PLANET_CREATE)
def found() -> Page:
    """Create the planet; whoever does becomes its owner."""
    actor = site_actor()
    require(can(actor, Action.PLANET_CREATE))
    basics, slug = read_basics(), request.form.get("slug", "").strip().lower()
    problems = find_problems(replace(basics, name=tidy_line(basics.name)))
    if slug:
        problems += _slug_problems(slug)
    if problems:
        return _form(basics, slug=slug, errors=errors_of(problems))
    prepared = prepare(basics)
    with unit_of_work():
        limits.hit(f"planets:{actor.user_id}", limit=PER_DAY, window=timedelta(days=1))
    try:
        with unit_of_work():
            planet = found_planet(actor, slug=slug or suggest_slug(prepared.name), basics=prepared)
    except Invalid as error:
        return _form(basics, slug=slug, errors=errors_of([error]))
    flash(gettext("Your planet is there. Tell people what it is about, then invite them."), "ok")
    return see_other("planets.landing", slug=planet.slug)


def _slug_problems(slug: str) -> list[Invalid]:
    try:
        check_slug(slug)
    except Invalid as error:
        return [error]
    return []


def _form(basics: Basics, *, slug: str, errors: dict[str, str]) -> Page:
    html = render_template(
        "planets/create.html",
        basics=basics,
        slug=slug,
        slug_max=MAX_LENGTH,
        accents=ACCENTS,
        categories=list(CATEGORY_NAMES.items()),
        errors=errors,
    )
    return (html, 422) if errors else html
