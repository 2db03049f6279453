"""New rules: a page that stands before the planet until they are accepted, or put off."""

from __future__ import annotations

from flask import redirect, request, url_for
from markupsafe import Markup

from app.blueprints.entrance import declares, enter_planet, put_off_rules, require, safe_next
from app.blueprints.memberships.door import Page, answer, bp
from app.blueprints.planets.landing import cover_shape
from app.blueprints.planets.words import errors_of
from app.discussion.diffing import diff_texts
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships import actions
from app.memberships.queries import find_own
from app.planets.queries import PlanetView, find_rules
from app.policy import Action, Actor, can


@bp.get("/p/<slug>/rules/accept")
@declares(Action.PLANET_READ)
def rules(slug: str) -> Page:
    """Show the new rules and what changed since those that this reader accepted."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    if not actor.rules_due:
        return redirect(_onwards(slug), code=303)
    return _form(planet, actor, errors={})


@bp.post("/p/<slug>/rules/accept")
@declares(Action.PLANET_READ)
def accept_rules(slug: str) -> Page:
    """Accept the rules, or put them off for this visit (field `later`)."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    if "later" in request.form:
        put_off_rules(planet)
        return redirect(_onwards(slug), code=303)
    try:
        with unit_of_work():
            actions.accept_rules(actor, version=request.form.get("version", 0, type=int))
    except Invalid as error:
        return _form(planet, actor, errors=errors_of([error]))
    return redirect(_onwards(slug), code=303)


def _onwards(slug: str) -> str:
    return safe_next(url_for("feed.home", slug=slug))


def _form(planet: PlanetView, actor: Actor, *, errors: dict[str, str]) -> Page:
    present = find_rules(planet.id, planet.rules_version)
    own = find_own(actor)
    former = find_rules(planet.id, own.rules_version) if own and own.rules_version else None
    parts = diff_texts(former.source, present.source) if former and present else []
    return answer(
        "memberships/rules.html",
        errors,
        cover=cover_shape(planet),
        rules=present,
        rules_html=Markup(present.html) if present else "",  # noqa: S704 - made by kernel.text
        parts=parts,
        again=former is not None,
        onwards=_onwards(planet.slug),
    )
