"""One's own membership: number, end, name, questions, pin."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext

from app.blueprints.entrance import declares, enter_planet, require, safe_next, see_other
from app.blueprints.memberships.door import ROLE_NAMES, Page, answer, bp, count_name, last_day
from app.blueprints.planets.words import errors_of
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships import actions
from app.memberships.queries import find_own
from app.planets.queries import PlanetView
from app.policy import Action, Actor, PlanetRole, Standing, can


@bp.get("/p/<slug>/me")
@declares(Action.PLANET_READ)
def mine(slug: str) -> Page:
    """Show the reader his own membership."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    return _page(planet, actor, errors={})


@bp.post("/p/<slug>/me/nickname")
@declares(Action.PLANET_READ)
def change_nickname(slug: str) -> Page:
    """Take another name in this planet; empty for the account's."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    count_name(actor)
    try:
        with unit_of_work():
            actions.change_nickname(actor, nickname=request.form.get("nickname", ""))
    except Invalid as error:
        return _page(planet, actor, errors=errors_of([error]))
    flash(gettext("Saved."), "ok")
    return see_other("memberships.mine", slug=slug)


@bp.post("/p/<slug>/me/questions")
@declares(Action.PLANET_READ)
def take_questions(slug: str) -> Page:
    """Say whether questions can be put to oneself."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        actions.take_questions(actor, willing="willing" in request.form)
    flash(gettext("Saved."), "ok")
    return see_other("memberships.mine", slug=slug)


@bp.post("/p/<slug>/pin")
@declares(Action.PLANET_READ)
def pin(slug: str) -> Page:
    """Keep the planet at the top of one's own list, or let it go (field `unpin`)."""
    _planet, actor = enter_planet(slug)
    act = actions.unpin if "unpin" in request.form else actions.pin
    with unit_of_work():
        act(actor)
    return redirect(safe_next(url_for("home.index")), code=303)


def _page(planet: PlanetView, actor: Actor, *, errors: dict[str, str]) -> Page:
    own = find_own(actor)
    if own is None:
        return see_other("planets.landing", slug=planet.slug)
    answers = (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.GUEST)
    return answer(
        "memberships/mine.html",
        errors,
        own=own,
        role_name=ROLE_NAMES[own.role],
        last_day=last_day(own.expires_at),
        grace=actor.standing is Standing.GRACE,
        ended=actor.standing is Standing.EXPIRED,
        muted=actor.muted,
        asked=own.role in answers and actor.inside,
        nickname=request.form.get("nickname", own.nickname),
    )
