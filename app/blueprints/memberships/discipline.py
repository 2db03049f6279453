"""What staff do to keep the peace: mute, isolate, remove, and take it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import flash, request
from flask_babel import gettext

from app.billing.actions import parting
from app.billing.queries.running import list_running
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page, answer, bp
from app.blueprints.memberships.people import show_member
from app.blueprints.planets.words import errors_of
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships import actions
from app.memberships.models import Membership
from app.memberships.queries import get_member, get_row
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can

# How long a mute may last, in days.
MUTES = (1, 3, 7, 30, 365)


@bp.post("/p/<slug>/members/<public_id>/mute")
@declares(Action.MEMBER_MANAGE)
def mute(slug: str, public_id: str) -> Page:
    """Mute a member for some days (`days`), with a reason."""

    def act(actor: Actor, member: Membership) -> None:
        days = request.form.get("days", 0, type=int)
        if days not in MUTES:
            raise Invalid("days", "choice")
        until = clock.now() + timedelta(days=days)
        actions.mute(actor, member=member, until=until, reason=request.form.get("reason", ""))

    return _done(slug, public_id, act, gettext("Muted."))


@bp.post("/p/<slug>/members/<public_id>/unmute")
@declares(Action.MEMBER_MANAGE)
def unmute(slug: str, public_id: str) -> Page:
    """Give a member his voice back."""
    return _done(slug, public_id, lambda a, m: actions.unmute(a, member=m), gettext("Unmuted."))


@bp.post("/p/<slug>/members/<public_id>/isolate")
@declares(Action.MEMBER_MANAGE)
def isolate(slug: str, public_id: str) -> Page:
    """Let a member write for himself alone from now on."""
    reason = request.form.get("reason", "")
    return _done(
        slug,
        public_id,
        lambda a, m: actions.isolate(a, member=m, reason=reason),
        gettext("Isolated. The person is not told."),
    )


@bp.post("/p/<slug>/members/<public_id>/release")
@declares(Action.MEMBER_MANAGE)
def release(slug: str, public_id: str) -> Page:
    """End an isolation."""
    return _done(
        slug, public_id, lambda a, m: actions.release(a, member=m), gettext("No longer isolated.")
    )


@bp.get("/p/<slug>/members/<public_id>/remove")
@declares(Action.MEMBER_REMOVE)
def confirm_remove(slug: str, public_id: str) -> Page:
    """Ask once more, and for the reason."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_APPROVE))
    return _confirm(planet, actor, public_id, errors={})


@bp.post("/p/<slug>/members/<public_id>/remove")
@declares(Action.MEMBER_REMOVE)
def remove(slug: str, public_id: str) -> Page:
    """Remove a member with a reason."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_APPROVE))
    try:
        with unit_of_work():
            parting.remove(actor, member_id=public_id, reason=request.form.get("reason", ""))
    except Invalid as error:
        return _confirm(planet, actor, public_id, errors=errors_of([error]))
    flash(gettext("Removed."), "ok")
    return see_other("memberships.member", slug=slug, public_id=public_id)


@bp.post("/p/<slug>/members/<public_id>/readmit")
@declares(Action.MEMBER_MANAGE)
def readmit(slug: str, public_id: str) -> Page:
    """Take a removal back."""
    return _done(slug, public_id, lambda a, m: actions.readmit(a, member=m), gettext("Readmitted."))


def _done(slug: str, public_id: str, act: Callable[[Actor, Membership], None], said: str) -> Page:
    """Do one thing to a member and lead back to his page."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.MEMBER_APPROVE))
    try:
        with unit_of_work():
            act(actor, get_row(actor, public_id))
    except Invalid as error:
        return show_member(planet, actor, public_id, errors=errors_of([error]))
    flash(said, "ok")
    return see_other("memberships.member", slug=slug, public_id=public_id)


def _confirm(planet: PlanetView, actor: Actor, public_id: str, *, errors: dict[str, str]) -> Page:
    row = get_member(actor, public_id)
    require(can(actor, Action.MEMBER_REMOVE, row.facts(actor.now, planet.grace)))
    running = list_running(row.user_id, planet.id)
    return answer(
        "memberships/remove.html", errors, member=row, typed=request.form, running=running
    )
