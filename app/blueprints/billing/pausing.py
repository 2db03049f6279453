"""Pausing a planet, and letting it go on."""

from __future__ import annotations

from flask import flash, render_template
from flask_babel import gettext, ngettext

from app.billing.actions.pausing import pause_planet, resume_planet
from app.blueprints.billing.door import bp
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page
from app.kernel.db import unit_of_work
from app.policy import Action, can


@bp.get("/p/<slug>/pause")
@declares(Action.PLANET_PAUSE)
def pausing(slug: str) -> Page:
    """Ask before the planet is paused, or before it goes on."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_PAUSE))
    return render_template("billing/pause.html", paused_at=planet.paused_at)


@bp.post("/p/<slug>/pause")
@declares(Action.PLANET_PAUSE)
def pause(slug: str) -> Page:
    """Pause the planet."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_PAUSE))
    with unit_of_work():
        pause_planet(actor)
    flash(gettext("The planet is paused: nothing is sold, and nobody's time passes."), "ok")
    return see_other("billing.plans", slug=slug)


@bp.post("/p/<slug>/resume")
@declares(Action.PLANET_PAUSE)
def resume(slug: str) -> Page:
    """Let the planet go on."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_PAUSE))
    with unit_of_work():
        length = resume_planet(actor)
    words = ngettext(
        "The planet goes on. Every membership lasts %(num)s day longer.",
        "The planet goes on. Every membership lasts %(num)s days longer.",
        length.days,
    )
    if not length.days:
        words = gettext("The planet goes on. Every membership lasts longer by the pause.")
    flash(words, "ok")
    return see_other("billing.plans", slug=slug)
