"""Blanking the words of a reason in the trail: the page that asks, and the deed. The owner's alone."""

from __future__ import annotations

from flask import flash, render_template, request
from flask_babel import gettext

from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.audit import entry_shape
from app.blueprints.memberships.door import Page, bp
from app.blueprints.planets.words import errors_of
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, NotFound
from app.memberships.actions.blanking import blank_reason
from app.memberships.queries import get_entry
from app.policy import Action, Actor, can


@bp.get("/p/<slug>/audit/<entry_id>/blank")
@declares(Action.AUDIT_BLANK)
def confirm_blank(slug: str, entry_id: str) -> Page:
    """Ask before the words of a reason are taken away."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.AUDIT_BLANK))
    return _page(actor, slug, entry_id, {})


@bp.post("/p/<slug>/audit/<entry_id>/blank")
@declares(Action.AUDIT_BLANK)
def blank(slug: str, entry_id: str) -> Page:
    """Take the words of a reason away, for a reason (`reason`) that stays."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.AUDIT_BLANK))
    try:
        with unit_of_work():
            blank_reason(actor, entry_id=entry_id, why=request.form.get("reason", ""))
    except Invalid as error:
        return _page(actor, slug, entry_id, errors_of([error])), 422
    flash(gettext("The reason is gone. The entry stays, and so does that you did this."), "ok")
    return see_other("memberships.audit", slug=slug)


def _page(actor: Actor, slug: str, entry_id: str, errors: dict[str, str]) -> str:
    entry = get_entry(actor, entry_id)
    if entry.blanked or not entry.reason:
        raise NotFound(entry_id)
    return render_template(
        "memberships/audit_blank.html",
        entry=entry_shape(slug, entry),
        typed=request.form.get("reason", ""),
        errors=errors,
    )
