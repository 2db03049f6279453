"""Complimentary access for staff: given to members and by address, listed, revoked."""

from __future__ import annotations

import secrets
from typing import Any

from flask import flash, request
from flask_babel import gettext, ngettext

from app.billing.actions.comps import (
    AT_ONCE,
    DAYS_MAX,
    Gift,
    give_to_members,
    offer_by_address,
    read_addresses,
    revoke_comp,
    revoke_offer,
)
from app.billing.queries.comps import OfferView, list_chosen, list_comps, list_offers
from app.blueprints.billing.code_words import told
from app.blueprints.billing.door import bp
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.language import local_last_day
from app.blueprints.letter_room import told_no_room
from app.blueprints.memberships.door import Page, answer, read_last_day
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.notifications.strangers import NoRoom, note_asked, require_room
from app.policy import Action, Actor, can


@bp.get("/p/<slug>/comps")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def comps(slug: str) -> Page:
    """List what is given for nothing, and the form to give; `?m=` names members chosen in a list."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    return _page(actor, errors={})


@bp.post("/p/<slug>/comps")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def give_comps(slug: str) -> Page:
    """Give access to the chosen members, or offer it by address."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    members, typed = request.form.getlist("m"), request.form.get("addresses", "")
    try:
        gift = _read_gift()
        emails = [] if members else read_addresses(typed)
        with unit_of_work():
            if members:
                count = give_to_members(actor, members=members, gift=gift)
            else:
                require_room(planet_id=planet.id, writer_id=actor.user_id, to=emails)
                count = offer_by_address(actor, addresses=typed, gift=gift)
    except Invalid as error:
        return _page(actor, errors={**_refused(members), **told(error)})
    except NoRoom as refusal:
        return _page(actor, errors={"addresses": told_no_room(refusal)})
    if emails:
        note_asked(planet_id=planet.id, writer_id=actor.user_id, to=emails)
    if members:
        words = ngettext("Given to %(num)s member.", "Given to %(num)s members.", count)
    else:
        words = ngettext(
            "The offer waits for the owner of %(num)s address.",
            "The offer waits for the owners of %(num)s addresses.",
            count,
        )
    flash(words, "ok")
    return see_other("billing.comps", slug=slug)


@bp.post("/p/<slug>/comps/<ref>/revoke")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def revoke_given(slug: str, ref: str) -> Page:
    """End what was given for nothing."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    try:
        with unit_of_work():
            revoke_comp(actor, ref=ref, reason=request.form.get("reason", ""))
    except Invalid as error:
        field = f"reason-{ref}"
        return _page(actor, errors=told(error, reason=field), tried=ref)
    flash(gettext("Revoked."), "ok")
    return see_other("billing.comps", slug=slug)


@bp.post("/p/<slug>/offers/<public_id>/revoke")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def revoke_offered(slug: str, public_id: str) -> Page:
    """Take back an offer that nobody took up."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    try:
        with unit_of_work():
            revoke_offer(actor, offer_id=public_id)
    except Conflict:
        flash(gettext("Somebody took it up meanwhile. You can revoke it below."), "warn")
        return see_other("billing.comps", slug=slug)
    flash(gettext("Revoked."), "ok")
    return see_other("billing.comps", slug=slug)


def _page(actor: Actor, *, errors: dict[str, str], tried: str = "") -> Page:
    chosen = request.values.getlist("m")[:AT_ONCE]
    return answer(
        "billing/comps.html",
        errors,
        chosen=list_chosen(actor, chosen) if chosen else [],
        given=[{"row": c} for c in list_comps(actor)],
        offers=[{"row": o, "lasts": _lasts(o)} for o in list_offers(actor)],
        days_max=DAYS_MAX,
        # The form's one-time key: sent twice, it is given once.
        token=request.form.get("token") or secrets.token_urlsafe(18),
        tried=tried,
        typed=request.form,
    )


def _refused(members: list[str]) -> dict[str, str]:
    """Return what is wrong with the addresses, also when something else was found first."""
    try:
        if not members:
            read_addresses(request.form.get("addresses", ""))
    except Invalid as error:
        return told(error)
    return {}


def _lasts(offer: OfferView) -> Any:
    if offer.days:
        return ngettext("%(num)s day", "%(num)s days", offer.days)
    if offer.ends_at is not None:
        return gettext("until %(day)s", day=local_last_day(offer.ends_at))
    return gettext("for ever")


def _read_gift() -> Gift:
    reason, token = request.form.get("reason", ""), request.form.get("token", "")
    how = request.form.get("how", "")
    if how == "days":
        days = request.form.get("days", 0, type=int)
        if days < 1:
            raise Invalid("days", "amount", low=1, high=DAYS_MAX)
        return Gift(reason, token, days=days)
    if how == "until":
        ends_at = read_last_day("ends_at")
        if ends_at is None:
            raise Invalid("ends_at", "required")
        return Gift(reason, token, ends_at=ends_at)
    if how == "ever":
        return Gift(reason, token)
    raise Invalid("how", "choice")
