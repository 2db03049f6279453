"""Buying: the plans with their prices for this reader, and the way to the provider's page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from flask import flash, render_template, request
from flask_babel import gettext
from markupsafe import Markup
from werkzeug.utils import redirect

from app.billing.actions.orders import Purchase
from app.billing.actions.trials import start_trial
from app.billing.gateway import gateways
from app.billing.models import Order
from app.billing.queries.transfers import find_transfer_note
from app.blueprints import funnel
from app.blueprints.billing.door import bp
from app.blueprints.billing.placing import collided, place
from app.blueprints.billing.refusals import coupon_refusals
from app.blueprints.billing.remaining import remaining_words
from app.blueprints.entrance import (
    declares,
    enter_planet,
    require,
    see_other,
)
from app.blueprints.memberships.door import Page
from app.blueprints.memberships.joining import due_rules
from app.blueprints.offers import Offer, offers_for
from app.blueprints.planets.landing import cover_shape
from app.blueprints.planets.words import errors_of
from app.discussion.queries.own_year import count_own_year
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid
from app.memberships.queries import find_own
from app.memberships.rows import person_of
from app.planets.queries import PlanetView
from app.policy import Action, Actor, Reason, Standing, can


@bp.get("/p/<slug>/buy")
@declares(Action.PLAN_BUY)
def buy(slug: str) -> Page:
    """Show what membership costs this reader, and let him choose."""
    planet, actor = enter_planet(slug)
    funnel.note(planet, actor, "view", "click", begins=True)
    verdict = can(actor, Action.PLAN_BUY)
    if not planet.paid or verdict.reason in (Reason.PENDING, Reason.NOT_APPROVED):
        return see_other("planets.landing", slug=slug)
    if verdict.reason is Reason.NEVER_ENDS:
        return see_other("memberships.mine", slug=slug)
    require(verdict)
    return _page(planet, actor, {})


@bp.post("/p/<slug>/buy/<plan>")
@declares(Action.PLAN_BUY)
def checkout(slug: str, plan: str) -> Page:
    """Place the order and lead to the page where one pays. The price is never taken from the form."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLAN_BUY))
    purchase = Purchase(
        plan=plan,
        # Where the coupon did not hold the page showed the usual price: that is what is bought.
        coupon="" if "plain" in request.args else request.form.get("coupon", ""),
        offer=request.args.get("offer", ""),
        source=request.form.get("source", "") or funnel.find_source(),
        rules_version=request.form.get("rules", 0, type=int),
        gateway="transfer" if "transfer" in request.form and find_transfer_note(planet.id) else "",
    )
    placed = place(actor, planet, purchase, partial(_page, planet, actor))
    if not isinstance(placed, Order):
        return placed
    funnel.note(planet, actor, "checkout")
    return redirect(placed.provider_url, code=303)


@bp.post("/p/<slug>/buy/<plan>/try")
@declares(Action.PLAN_BUY)
def try_out(slug: str, plan: str) -> Page:
    """Begin the free trial of a plan: nothing is paid, nothing renews by itself."""
    planet, actor = enter_planet(slug)
    try:
        with unit_of_work():
            start_trial(
                actor, planet, plan=plan, rules_version=request.form.get("rules", 0, type=int)
            )
    except Invalid as error:
        return _page(planet, actor, errors_of([error]))
    except Conflict as conflict:
        return collided(planet, str(conflict), partial(_page, planet, actor))
    flash(gettext("Welcome to %(planet)s.", planet=planet.name), "ok")
    return see_other("feed.home", slug=slug)


def _page(planet: PlanetView, actor: Actor, errors: dict[str, str], status: int = 422) -> Page:
    coupon = request.values.get("coupon", "")
    offers = offers_for(planet, actor, coupon=coupon)
    refused, problems = coupon_refusals(offers)
    rules = due_rules(planet, find_own(actor))
    html = render_template(
        "billing/buy.html",
        cover=cover_shape(planet),
        offers=offers,
        problems=problems,
        coupon=coupon,
        source=request.values.get("from", request.form.get("source", ""))[:40],
        errors={**refused, **errors},
        rules=rules,
        rules_html=Markup(rules.html) if rules else "",  # noqa: S704 - made by kernel.text
        accepted=bool(rules) and request.form.get("rules") == str(rules.version if rules else ""),
        renewing=actor.expires_at is not None,
        held=_held(planet, actor, offers),
        cards=not gateways.by_hand,
        transfers=bool(find_transfer_note(planet.id)),
        year=count_own_year(actor) if actor.expires_at is not None else None,
    )
    return (html, status) if errors else html


def _held(planet: PlanetView, actor: Actor, offers: Sequence[Offer]) -> list[str]:
    """Return how long the reader has access, and when what they buy begins; nothing for who has none."""
    if actor.expires_at is None or not actor.inside:
        return []
    said = remaining_words(planet.id, person_of(actor))
    if not said or actor.standing is Standing.GRACE:
        begins = gettext("What you buy now begins today.")
    elif any(offer.subscription for offer in offers):
        begins = gettext(
            "What you buy once begins then; a subscription begins today and gives no days on top."
        )
    else:
        begins = gettext("What you buy now begins then.")
    return [*said, str(begins)]
