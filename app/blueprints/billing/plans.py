"""What a planet sells: its plans, their form, putting on sale and retiring."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request
from flask_babel import gettext

from app.billing.actions import plans as actions
from app.billing.gateway import gateways
from app.billing.queries.plans import PlanLine, find_plan, list_plans, usual_currency
from app.billing.queries.transfers import can_be_paid
from app.billing.queries.wishes import count_waiting
from app.blueprints.billing.door import bp
from app.blueprints.billing.plan_form import PlanForm, blank, form_of, read_plan
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page
from app.blueprints.money import currency_options, price
from app.blueprints.offers import step_words, term_words, trial_words
from app.blueprints.planets.words import errors_of
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound
from app.policy import Action, can

_MOVES = {"up": -1, "down": 1}


@bp.get("/p/<slug>/plans")
@declares(Action.PLANS_EDIT)
def plans(slug: str) -> Page:
    """List what the planet sells, sold and might sell."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    lines = list_plans(actor, planet)
    waiting = count_waiting([line.plan.id for line in lines])
    return render_template(
        "billing/plans.html",
        plans=[_row(line, waiting.get(line.plan.id, 0)) for line in lines],
        payable=can_be_paid(planet.id),
    )


@bp.get("/p/<slug>/plans/new")
@declares(Action.PLANS_EDIT)
def new_plan(slug: str) -> Page:
    """Show the form of a new plan: a price is all that must be said."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    return _form(blank(usual_currency(planet)), public_id="", based_on=0)


@bp.post("/p/<slug>/plans/new")
@declares(Action.PLANS_EDIT)
def make_plan(slug: str) -> Page:
    """Make a plan; with the button "Put on sale" it is sold from this moment."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    wish, form = read_plan()
    if wish is None:
        return _form(form, public_id="", based_on=0)
    try:
        with unit_of_work():
            plan = actions.create_plan(actor, wish=wish)
            if request.form.get("then") == "sell":
                actions.put_on_sale(actor, public_id=plan.public_id)
    except Invalid as problem:
        form.errors.update(errors_of([problem]))
        return _form(form, public_id="", based_on=0)
    if plan.state == "on_sale":
        flash(gettext("On sale: people see it on the planet's first page."), "ok")
    else:
        flash(gettext("Saved as a draft. Nobody sees it until you put it on sale."), "ok")
    return see_other("billing.plans", slug=slug)


@bp.get("/p/<slug>/plans/<public_id>/edit")
@declares(Action.PLANS_EDIT)
def edit_plan(slug: str, public_id: str) -> Page:
    """Show a plan's terms as they are sold now."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    plan = find_plan(planet.id, public_id)
    if plan is None or plan.state == "retired":
        raise NotFound(public_id)
    form = form_of(actions.wish_of(plan))
    return _form(form, public_id=public_id, based_on=plan.version)


@bp.post("/p/<slug>/plans/<public_id>/edit")
@declares(Action.PLANS_EDIT)
def save_plan(slug: str, public_id: str) -> Page:
    """Change a plan: from now on it is sold under the new terms."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    if find_plan(planet.id, public_id) is None:
        raise NotFound(public_id)
    wish, form = read_plan()
    based_on = request.form.get("based_on", 0, type=int)
    if wish is None:
        return _form(form, public_id=public_id, based_on=based_on)
    try:
        with unit_of_work():
            plan = actions.edit_plan(actor, public_id=public_id, wish=wish, based_on=based_on)
    except Conflict:
        form.errors[""] = gettext(
            "Somebody changed this plan in the meantime. Compare with the list, then save again."
        )
        present = find_plan(planet.id, public_id)
        page = _form(form, public_id=public_id, based_on=present.version if present else 0)
        return (page[0], 409) if isinstance(page, tuple) else page
    if plan.version > based_on:
        flash(gettext("Saved. Who bought before keeps the terms they bought."), "ok")
    else:
        flash(gettext("Saved."), "ok")
    return see_other("billing.plans", slug=slug)


@bp.post("/p/<slug>/plans/<public_id>/sell")
@declares(Action.PLANS_EDIT)
def sell_plan(slug: str, public_id: str) -> Page:
    """Put a plan on sale."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    try:
        with unit_of_work():
            actions.put_on_sale(actor, public_id=public_id)
    except Invalid:
        flash(gettext("This plan's last day is over. Choose a later one first."), "error")
        return see_other("billing.plans", slug=slug)
    flash(gettext("On sale: people see it on the planet's first page."), "ok")
    return see_other("billing.plans", slug=slug)


@bp.post("/p/<slug>/plans/<public_id>/retire")
@declares(Action.PLANS_EDIT)
def retire_plan(slug: str, public_id: str) -> Page:
    """Take a plan off sale."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    with unit_of_work():
        actions.retire_plan(actor, public_id=public_id)
    flash(gettext("Not sold any more. Who bought it keeps what they bought."), "ok")
    return see_other("billing.plans", slug=slug)


@bp.post("/p/<slug>/plans/<public_id>/move/<way>")
@declares(Action.PLANS_EDIT)
def move_plan(slug: str, public_id: str, way: str) -> Page:
    """Move a plan one place up or down."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    if way not in _MOVES:
        raise NotFound(way)
    with unit_of_work():
        actions.move_plan(actor, public_id=public_id, places=_MOVES[way])
    return see_other("billing.plans", slug=slug)


def _row(line: PlanLine, waiting: int) -> dict[str, Any]:
    plan, version = line.plan, line.version
    step = line.next_step
    return {
        "public_id": plan.public_id,
        "name": version.name,
        "state": plan.state,
        "price": price(line.price, version.currency),
        "term": term_words(version),
        "subscription": version.mode == "subscription",
        "sold": line.sold,
        "seat_limit": plan.seat_limit,
        "seats_left": line.seats_left,
        "waiting": waiting,
        "step": step_words(step, line.sold, version.currency) if step else "",
        "trial": trial_words(version.trial_days, version.trial_window_days),
    }


def _form(form: PlanForm, *, public_id: str, based_on: int) -> Page:
    html = render_template(
        "billing/plan_form.html",
        form=form,
        errors=form.errors,
        currencies=currency_options(),
        by_hand=gateways.by_hand,
        public_id=public_id,
        based_on=based_on,
    )
    return (html, 422) if form.errors else html
