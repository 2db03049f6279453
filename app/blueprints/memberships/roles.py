"""What staff do about a member's role and end."""

from __future__ import annotations

from flask import flash, request
from flask_babel import gettext

from app.billing.actions import role_access
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page, bp, read_last_day
from app.blueprints.memberships.people import show_member
from app.blueprints.planets.words import errors_of
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships import actions
from app.memberships.queries import get_row
from app.policy import Action, PlanetRole, can


@bp.post("/p/<slug>/members/<public_id>/role")
@declares(Action.ROLE_SET)
def set_role(slug: str, public_id: str) -> Page:
    """Give a member another role (`role`)."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_APPROVE))
    try:
        role = _read_role()
        with unit_of_work():
            role_access.set_role(actor, member_id=public_id, role=role)
    except Invalid as error:
        return show_member(planet, actor, public_id, errors=errors_of([error]))
    flash(gettext("The role is changed."), "ok")
    return see_other("memberships.member", slug=slug, public_id=public_id)


@bp.post("/p/<slug>/members/<public_id>/end")
@declares(Action.MEMBER_MANAGE)
def set_end(slug: str, public_id: str) -> Page:
    """Set the last day of a guest's or member's access (`ends_at`); empty for no end."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_APPROVE))
    try:
        ends_at = read_last_day("ends_at")
        with unit_of_work():
            actions.set_end(actor, member=get_row(actor, public_id), ends_at=ends_at)
    except Invalid as error:
        return show_member(planet, actor, public_id, errors=errors_of([error]))
    flash(gettext("Saved."), "ok")
    return see_other("memberships.member", slug=slug, public_id=public_id)


def _read_role() -> PlanetRole:
    try:
        return PlanetRole(request.form.get("role", ""))
    except ValueError:
        raise Invalid("role", "choice") from None
