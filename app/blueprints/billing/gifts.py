"""Buying a membership for somebody else: it costs what newcomers pay, and becomes a code."""

from __future__ import annotations

from flask import render_template, request
from werkzeug.utils import redirect

from app.billing.actions.checkout import begin
from app.billing.actions.orders import Purchase
from app.billing.gateway import GatewayError
from app.billing.queries.transfers import find_transfer_note
from app.blueprints import funnel
from app.blueprints.billing.door import bp
from app.blueprints.billing.refusals import collision, coupon_refusals, lead_to_paid
from app.blueprints.billing.ways import UNREACHABLE, ways_back
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page
from app.blueprints.offers import gifts_for
from app.blueprints.planets.words import errors_of
from app.kernel.errors import Conflict, Invalid
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can


@bp.get("/p/<slug>/gift")
@declares(Action.GIFT_BUY)
def gift(slug: str) -> Page:
    """Show what can be given, and let the reader choose."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.GIFT_BUY))
    if not planet.paid:
        return see_other("planets.landing", slug=slug)
    return _page(planet, actor, errors={})


@bp.post("/p/<slug>/gift/<plan>")
@declares(Action.GIFT_BUY)
def buy_gift(slug: str, plan: str) -> Page:
    """Place the order of a gift and lead to the page where one pays."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.GIFT_BUY))
    purchase = Purchase(
        plan=plan,
        coupon=request.form.get("coupon", ""),
        source=funnel.find_source(),
        kind="gift",
        gateway="transfer" if "transfer" in request.form and find_transfer_note(planet.id) else "",
    )
    try:
        order = begin(actor, planet, purchase, ways_back(slug))
    except Invalid as error:
        return _page(planet, actor, errors=errors_of([error]))
    except Conflict as conflict:
        if str(conflict) == "paid":
            return lead_to_paid(planet)
        return _page(planet, actor, errors=collision(str(conflict)), status=409)
    except GatewayError:
        return _page(planet, actor, errors={"": str(UNREACHABLE)}, status=503)
    return redirect(order.provider_url, code=303)


def _page(planet: PlanetView, actor: Actor, *, errors: dict[str, str], status: int = 422) -> Page:
    coupon = request.values.get("coupon", "")
    offers = gifts_for(planet, actor, coupon=coupon)
    refused, problems = coupon_refusals(offers)
    html = render_template(
        "billing/gift.html",
        offers=offers,
        problems=problems,
        coupon=coupon,
        errors={**refused, **errors},
        transfers=bool(find_transfer_note(planet.id)),
    )
    return (html, status) if errors else html
