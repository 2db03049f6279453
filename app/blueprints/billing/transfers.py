"""Transfers by hand: how one pays so, what waits for staff, and the buyer's word that it is done."""

from __future__ import annotations

from typing import Any

from flask import flash, request
from flask_babel import gettext, lazy_gettext

from app.billing.actions.transfers import (
    NOTE_MAX,
    approve_transfer,
    decline_transfer,
    state_transfer,
    write_transfer_note,
)
from app.billing.queries.transfers import find_transfer_note, list_transfers
from app.blueprints.billing.code_words import told
from app.blueprints.billing.door import bp
from app.blueprints.entrance import declares, enter_planet, require, require_viewer, see_other
from app.blueprints.language import in_a_row
from app.blueprints.memberships.door import Page, answer
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.policy import Action, Actor, can

STATES: dict[str, tuple[Any, str]] = {
    "open": (lazy_gettext("Not transferred yet"), ""),
    "stated": (lazy_gettext("Look into the bank"), "warn"),
    "paid": (lazy_gettext("Paid"), "ok"),
    "declined": (lazy_gettext("Declined"), "error"),
}


@bp.get("/p/<slug>/transfers")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def transfers(slug: str) -> Page:
    """List transfers that wait for staff, and those decided; leaders say how one pays."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    return _page(actor, errors={})


@bp.post("/p/<slug>/transfers/note")
@declares(Action.PLANS_EDIT)
def transfer_note(slug: str) -> Page:
    """Keep how one pays the planet by transfer."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    try:
        with unit_of_work():
            write_transfer_note(actor, note=request.form.get("note", ""))
    except Invalid as error:
        return _page(actor, errors=told(error))
    flash(gettext("Saved."), "ok")
    return see_other("billing.transfers", slug=slug)


@bp.post("/p/<slug>/transfers/<public_id>")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def decide_transfer(slug: str, public_id: str) -> Page:
    """Approve a transfer, or decline it (field `decline`) with a reason."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    declined = "decline" in request.form
    try:
        if declined:
            decline_transfer(actor, order_id=public_id, reason=request.form.get("reason", ""))
        else:
            approve_transfer(actor, order_id=public_id)
    except Invalid as error:
        return _page(actor, errors=told(error, reason=f"reason-{public_id}"), tried=public_id)
    except Conflict:
        flash(gettext("This was decided already."), "warn")
        return see_other("billing.transfers", slug=slug)
    flash(gettext("Declined.") if declined else gettext("Approved: the order is paid."), "ok")
    return see_other("billing.transfers", slug=slug)


@bp.post("/p/<slug>/orders/<public_id>/transfer")
@declares(Action.ACCOUNT_USE)
def send_transfer(slug: str, public_id: str) -> Page:
    """Take the buyer's word that he has transferred, with the reference of it."""
    _planet, actor = enter_planet(slug)
    require_viewer()
    try:
        state_transfer(actor, order_id=public_id, memo=request.form.get("memo", ""))
    except Invalid as error:
        flash(in_a_row(told(error).values()), "error")
    except Conflict:
        flash(gettext("This was decided already."), "warn")
    else:
        flash(gettext("Thank you. Staff look whether the money is there; you see it here."), "ok")
    return see_other("billing.order", slug=slug, public_id=public_id)


def _page(actor: Actor, *, errors: dict[str, str], tried: str = "") -> Page:
    found = list_transfers(actor)
    return answer(
        "billing/transfers.html",
        errors,
        transfers=[
            {"row": view, "state_name": STATES[view.state][0], "tone": STATES[view.state][1]}
            for view in found
        ],
        waiting=sum(view.state == "stated" for view in found),
        note=request.form.get("note", find_transfer_note(actor.planet.id if actor.planet else 0)),
        note_max=NOTE_MAX,
        tried=tried,
    )
