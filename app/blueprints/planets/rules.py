"""The rules of a planet: reading them, what changed, writing the next version."""

from __future__ import annotations

from flask import flash, render_template, request
from flask_babel import gettext
from markupsafe import Markup

from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.planets.door import Page, bp
from app.blueprints.planets.settings import settings_tabs
from app.blueprints.planets.words import errors_of
from app.discussion.diffing import diff_texts
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, NotFound
from app.kernel.text import tidy
from app.memberships.actions import accept_rules
from app.planets import actions
from app.planets.basics import RULES_MAX, RULES_PREFIX, render_page
from app.planets.queries import PlanetView, find_rules, list_rules
from app.policy import Action, can


@bp.get("/p/<slug>/rules")
@declares(Action.LANDING_READ)
def rules(slug: str) -> Page:
    """Show the rules: who wants to join reads them too."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.LANDING_READ))
    present = find_rules(planet.id, planet.rules_version)
    html = Markup(present.html) if present else ""  # noqa: S704 - made by kernel.text
    return render_template("planets/rules.html", rules=present, rules_html=html)


@bp.get("/p/<slug>/rules/history")
@declares(Action.LANDING_READ)
def rules_history(slug: str) -> Page:
    """Show every version, and what one changed of the one before (`version`)."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.LANDING_READ))
    versions = list_rules(planet.id)
    if not versions:
        raise NotFound
    chosen = request.args.get("version", planet.rules_version, type=int)
    shown = find_rules(planet.id, chosen) if chosen in dict(versions) else None
    if shown is None:
        raise NotFound
    before = find_rules(planet.id, chosen - 1)
    parts = diff_texts(before.source if before else "", shown.source)
    return render_template(
        "planets/rules_history.html", versions=versions, shown=shown, parts=parts
    )


@bp.get("/p/<slug>/rules/edit")
@declares(Action.SETTINGS_EDIT)
def edit_rules(slug: str) -> Page:
    """Show the form for the next version, filled with the present one."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SETTINGS_EDIT))
    present = find_rules(planet.id, planet.rules_version)
    return _form(planet, present.source if present else "", errors={})


@bp.post("/p/<slug>/rules/edit")
@declares(Action.SETTINGS_EDIT)
def publish_rules(slug: str) -> Page:
    """Publish the next version. The writer has accepted it by writing it."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SETTINGS_EDIT))
    source = tidy(request.form.get("source", ""))
    present = find_rules(planet.id, planet.rules_version)
    if present is not None and present.source == source:
        flash(gettext("Nothing changed, so nobody was asked again."), "info")
        return see_other("planets.edit_rules", slug=slug)
    based_on = request.form.get("based_on", -1, type=int)
    html = render_page(source, id_prefix=RULES_PREFIX) if len(source) <= RULES_MAX else ""
    try:
        with unit_of_work():
            page = actions.publish_rules(
                actor, planet_id=planet.id, source=source, html=html, based_on=based_on
            )
            accept_rules(actor, version=page.version)
    except Invalid as error:
        return _form(planet, source, errors=errors_of([error]))
    flash(gettext("Published. Everybody inside is asked to accept it on the next visit."), "ok")
    return see_other("planets.rules", slug=slug)


def _form(planet: PlanetView, source: str, *, errors: dict[str, str]) -> Page:
    html = render_template(
        "planets/rules_edit.html",
        source=source,
        tabs=settings_tabs(planet.slug, "rules"),
        errors=errors,
    )
    return (html, 422) if errors else html
