"""Joining: at once or by request; what staff decide; leaving."""

from __future__ import annotations

from flask import flash, request
from flask_babel import gettext
from markupsafe import Markup

from app.billing.actions import parting
from app.billing.actions.refunds import list_takeable
from app.billing.queries.running import has_underway, list_running
from app.blueprints import funnel
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page, answer, bp, count_name
from app.blueprints.planets.landing import cover_shape, door_state
from app.blueprints.planets.words import errors_of
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.memberships import actions
from app.memberships.queries import OwnMembership, find_own
from app.memberships.rows import person_of
from app.planets.queries import PlanetView, RulesVersion, find_rules
from app.policy import Action, Actor, Joining, Reason, Standing, can


@bp.get("/p/<slug>/join")
@declares(Action.PLANET_JOIN)
def join(slug: str) -> Page:
    """Show what joining asks: the rules, the question, a nickname when the name is taken."""
    planet, actor = enter_planet(slug)
    funnel.note(planet, actor, "click", begins=True)
    verdict = can(actor, Action.PLANET_JOIN)
    if verdict.reason in (Reason.ALREADY_MEMBER, Reason.PENDING):
        return see_other("planets.landing", slug=slug)
    require(verdict)
    return _form(planet, actor, errors={})


@bp.post("/p/<slug>/join")
@declares(Action.PLANET_JOIN)
def send_join(slug: str) -> Page:
    """Join, or ask to be let in. Pressing twice is pressing once."""
    planet, actor = enter_planet(slug)
    funnel.note(planet, actor, "click", begins=True)
    verdict = can(actor, Action.PLANET_JOIN)
    if verdict.reason in (Reason.ALREADY_MEMBER, Reason.PENDING):
        return see_other("feed.home", slug=slug)
    require(verdict)
    count_name(actor)
    nickname = request.form.get("nickname", "")
    version = request.form.get("rules", 0, type=int)
    asks = planet.joining == Joining.APPROVAL
    try:
        with unit_of_work():
            if asks:
                actions.request_to_join(
                    actor,
                    answer=request.form.get("answer", ""),
                    nickname=nickname,
                    rules_version=version,
                )
            else:
                actions.join(actor, nickname=nickname, rules_version=version)
    except Invalid as error:
        return _form(planet, actor, errors=errors_of([error]))
    if asks:
        flash(gettext("Sent. You get a notice when staff have decided."), "ok")
        return see_other("planets.landing", slug=slug)
    flash(gettext("Welcome to %(planet)s.", planet=planet.name), "ok")
    return see_other("feed.home", slug=slug)


@bp.post("/p/<slug>/join/withdraw")
@declares(Action.ACCOUNT_USE)
def withdraw(slug: str) -> Page:
    """Take one's own request back."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        actions.withdraw_request(actor)
    flash(gettext("Your request is withdrawn."), "ok")
    return see_other("planets.landing", slug=slug)


@bp.post("/p/<slug>/return")
@declares(Action.ACCOUNT_USE)
def come_back(slug: str) -> Page:
    """Return to a planet that one left while bought time is left."""
    planet, actor = enter_planet(slug)
    try:
        with unit_of_work():
            actions.come_back(actor)
    except Conflict:
        flash(gettext("Your time there is over by now."), "warn")
        return see_other("planets.landing", slug=slug)
    flash(gettext("Welcome to %(planet)s.", planet=planet.name), "ok")
    return see_other("feed.home", slug=slug)


@bp.get("/p/<slug>/leave")
@declares(Action.PLANET_LEAVE)
def leave(slug: str) -> Page:
    """Ask once more before somebody leaves, say what becomes of what they pay for, or say why the owner
    cannot."""
    planet, actor = enter_planet(slug)
    return _leave_page(planet, actor, errors={})


@bp.post("/p/<slug>/leave")
@declares(Action.PLANET_LEAVE)
def send_leave(slug: str) -> Page:
    """Leave the planet; a subscription ends with what is paid, or now (`ends`)."""
    planet, actor = enter_planet(slug)
    if actor.standing is Standing.LEFT:
        return see_other("planets.landing", slug=slug)
    runs = bool(list_running(person_of(actor), planet.id)) if actor.user_id is not None else False
    try:
        with unit_of_work():
            parting.leave(actor, ends=request.form.get("ends", "at_end"))
    except Invalid as error:
        return _leave_page(planet, actor, errors=errors_of([error]))
    said = gettext("You left %(planet)s.", planet=planet.name)
    if runs:
        said += " " + gettext("Nothing more is charged for it.")
    flash(said, "ok")
    return see_other("planets.landing", slug=slug)


def _leave_page(planet: PlanetView, actor: Actor, *, errors: dict[str, str]) -> Page:
    own = find_own(actor)
    if actor.standing not in (Standing.ACTIVE, Standing.GRACE, Standing.EXPIRED) or own is None:
        return see_other("planets.landing", slug=planet.slug)
    person = person_of(actor)
    return answer(
        "memberships/leave.html",
        errors,
        own=own,
        cover=cover_shape(planet),
        running=list_running(person, planet.id),
        takeable=list_takeable(person, planet.id),
        underway=has_underway(person, planet.id),
        typed=request.form,
    )


def due_rules(planet: PlanetView, own: OwnMembership | None) -> RulesVersion | None:
    """Return the rules that somebody has to accept before he comes in; None when there are none."""
    accepted = own.rules_version if own else 0
    if not planet.rules_version or accepted == planet.rules_version:
        return None
    return find_rules(planet.id, planet.rules_version)


def _form(planet: PlanetView, actor: Actor, *, errors: dict[str, str]) -> Page:
    own: OwnMembership | None = find_own(actor)
    rules = due_rules(planet, own)
    return answer(
        "memberships/join.html",
        errors,
        cover=cover_shape(planet),
        door=door_state(actor, own),
        asks=planet.joining == Joining.APPROVAL,
        rules=rules,
        rules_html=Markup(rules.html) if rules else "",  # noqa: S704 - made by kernel.text
        typed=request.form,
        wants_nickname="nickname" in errors or bool(own and own.nickname),
        nickname=request.form.get("nickname", own.nickname if own else ""),
    )
