"""Waiting for a seat of a plan that is sold out."""

from __future__ import annotations

from flask import flash, request
from flask_babel import gettext

from app.billing.actions.seat_wishes import wish_seat, withdraw_wish
from app.blueprints.billing.door import bp
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict
from app.policy import Action, can


@bp.post("/p/<slug>/plans/<public_id>/wait")
@declares(Action.PLAN_BUY)
def wait(slug: str, public_id: str) -> Page:
    """Wait for a seat: a notice comes when one is free."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLAN_BUY))
    try:
        with unit_of_work():
            wish_seat(actor, plan=public_id)
    except Conflict:
        flash(gettext("There is a seat after all."), "info")
    else:
        flash(gettext("You get a notice as soon as a seat is free."), "ok")
    return _back(slug)


@bp.post("/p/<slug>/plans/<public_id>/wait/end")
@declares(Action.ACCOUNT_USE)
def stop_waiting(slug: str, public_id: str) -> Page:
    """Wait no more."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        withdraw_wish(actor, plan=public_id)
    flash(gettext("You are not waiting any more."), "ok")
    return _back(slug)


def _back(slug: str) -> Page:
    """Lead to the page where it was pressed: the one of buying (query `at`), or the planet's own."""
    buying = request.args.get("at") == "buy"
    return see_other("billing.buy" if buying else "planets.landing", slug=slug)
