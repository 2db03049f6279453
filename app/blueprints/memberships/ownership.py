"""Handing a planet over."""

from __future__ import annotations

from flask import flash, request
from flask_babel import gettext

from app.billing.actions import role_access
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import ROLE_NAMES, Page, answer, bp
from app.blueprints.planets.words import errors_of
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships.queries import list_heirs
from app.policy import Action, Actor, can


@bp.get("/p/<slug>/hand-over")
@declares(Action.OWNERSHIP_HAND_OVER)
def hand_over(slug: str) -> Page:
    """Ask the owner to whom, and to type the planet's address."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.OWNERSHIP_HAND_OVER))
    return _form(actor, errors={})


@bp.post("/p/<slug>/hand-over")
@declares(Action.OWNERSHIP_HAND_OVER)
def send_hand_over(slug: str) -> Page:
    """Make somebody else the owner."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.OWNERSHIP_HAND_OVER))
    try:
        with unit_of_work():
            role_access.hand_over(
                actor,
                member_id=request.form.get("member", ""),
                confirmation=request.form.get("confirmation", ""),
                expected=planet.slug,
            )
    except Invalid as error:
        return _form(actor, errors=errors_of([error]))
    flash(gettext("The planet has a new owner. You are a partner now."), "ok")
    return see_other("planets.landing", slug=slug)


def _form(actor: Actor, *, errors: dict[str, str]) -> Page:
    return answer(
        "memberships/hand_over.html",
        errors,
        heirs=[
            (row.public_id, f"{row.name} · {ROLE_NAMES[row.role]} #{row.number}")
            for row in list_heirs(actor)
        ],
        typed=request.form,
    )
