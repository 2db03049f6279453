"""Buying a membership for somebody else: it costs what newcomers pay, and becomes a code."""

from __future__ import annotations

from functools import partial

from flask import render_template, request
from werkzeug.utils import redirect

from app.billing.actions.orders import Purchase
from app.billing.gateway import gateways
from app.billing.models import Order
from app.billing.queries.transfers import find_transfer_note
from app.blueprints import funnel
from app.blueprints.billing.door import bp
from app.blueprints.billing.placing import place
from app.blueprints.billing.refusals import coupon_refusals
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page
from app.blueprints.offers import gifts_for
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
    return _page(planet, actor, {})


@bp.post("/p/<slug>/gift/<plan>")
@declares(Action.GIFT_BUY)
def buy_gift(slug: str, plan: str) -> Page:
    """Place the order of a gift and lead to the page where one pays."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.GIFT_BUY))
    purchase = Purchase(
        plan=plan,
        # Where the coupon did not hold the page showed the usual price: that is what is bought.
        coupon="" if "plain" in request.args else request.form.get("coupon", ""),
        offer=request.args.get("offer", ""),
        source=funnel.find_source(),
        kind="gift",
        gateway="transfer" if "transfer" in request.form and find_transfer_note(planet.id) else "",
    )
    placed = place(actor, planet, purchase, partial(_page, planet, actor))
    return redirect(placed.provider_url, code=303) if isinstance(placed, Order) else placed


def _page(planet: PlanetView, actor: Actor, errors: dict[str, str], status: int = 422) -> Page:
    coupon = request.values.get("coupon", "")
    offers = gifts_for(planet, actor, coupon=coupon)
    refused, problems = coupon_refusals(offers)
    html = render_template(
        "billing/gift.html",
        offers=offers,
        problems=problems,
        coupon=coupon,
        errors={**refused, **errors},
        cards=not gateways.by_hand,
        transfers=bool(find_transfer_note(planet.id)),
    )
    return (html, status) if errors else html
