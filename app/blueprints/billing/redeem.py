"""Redeeming: the page where a code is typed, and where what staff offered is taken up."""

from __future__ import annotations

from typing import Any

from flask import flash, request
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from app.billing.actions.comps import list_own_offers, take_offer
from app.billing.actions.redeeming import redeem
from app.billing.codebook import read_code, show
from app.billing.models import CompOffer
from app.blueprints.billing.code_words import told
from app.blueprints.billing.door import bp
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.language import local_last_day
from app.blueprints.memberships.door import Page, answer
from app.blueprints.planets.landing import cover_shape
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships.models import Membership
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can


@bp.get("/p/<slug>/redeem")
@declares(Action.CODE_REDEEM)
def redeem_code(slug: str) -> Page:
    """Ask for a code; `?code=` fills it in. Opening the page uses nothing up."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.CODE_REDEEM))
    return _page(planet, actor, errors={})


@bp.post("/p/<slug>/redeem")
@declares(Action.CODE_REDEEM)
def send_code(slug: str) -> Page:
    """Use a code up for the signed-in person."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.CODE_REDEEM))
    try:
        member = redeem(
            actor, typed=request.form.get("code", ""), address=request.remote_addr or ""
        )
    except Invalid as error:
        return _page(planet, actor, errors=told(error))
    return _welcome(planet, actor, member)


@bp.post("/p/<slug>/redeem/<public_id>")
@declares(Action.CODE_REDEEM)
def take_comp(slug: str, public_id: str) -> Page:
    """Take up what staff offered to one's own address."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.CODE_REDEEM))
    with unit_of_work():
        member = take_offer(actor, offer_id=public_id)
    return _welcome(planet, actor, member)


def _welcome(planet: PlanetView, actor: Actor, member: Membership) -> Response:
    if member.expires_at is None:
        flash(
            gettext("Welcome to %(planet)s. Your membership has no end.", planet=planet.name), "ok"
        )
    else:
        day = local_last_day(member.expires_at)
        words = gettext("Welcome to %(planet)s. Your membership runs until %(day)s.",
                        planet=planet.name, day=day)  # fmt: skip
        if actor.inside:
            words = gettext("Thank you. Your membership runs until %(day)s now.", day=day)
        flash(words, "ok")
    return see_other("feed.home", slug=planet.slug)


def _page(planet: PlanetView, actor: Actor, *, errors: dict[str, str]) -> Page:
    typed = request.values.get("code", "")[:200]
    code = read_code(typed)
    return answer(
        "billing/redeem.html",
        errors,
        cover=cover_shape(planet),
        # A code that a link filled in is shown in its groups, to be compared with the paper.
        code=show(code) if code is not None and not errors else typed,
        offers=[_offered(offer) for offer in list_own_offers(actor)],
        ends=actor.expires_at if actor.inside else None,
    )


def _offered(offer: CompOffer) -> dict[str, Any]:
    if offer.days:
        lasts = ngettext("%(num)s day", "%(num)s days", offer.days)
    elif offer.ends_at is not None:
        lasts = gettext("until %(day)s", day=local_last_day(offer.ends_at))
    else:
        lasts = gettext("for ever")
    return {"public_id": offer.public_id, "lasts": lasts}
