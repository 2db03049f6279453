"""What is said of forms about access and money that were refused, and of orders that collided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash
from flask_babel import gettext, lazy_gettext

from app.blueprints.entrance import see_other
from app.blueprints.memberships.door import Page
from app.blueprints.offers import Offer
from app.blueprints.planets.words import errors_of, sentence
from app.kernel.errors import Invalid
from app.planets.queries import PlanetView

_SENTENCES: dict[tuple[str, str], Any] = {
    ("reason", "required"): lazy_gettext("Write why: it stands in the audit trail."),
    ("member", "staffed"): lazy_gettext(
        "This access comes from a role, or the person was removed. Change the role instead."
    ),
    ("way", "nothing_left"): lazy_gettext("There is nothing left to give back this way."),
    ("way", "with_bank"): lazy_gettext(
        "The buyer's bank has this payment in hand: it decides who keeps the money."
    ),
    ("amount", "required"): lazy_gettext("Say how much."),
    ("amount", "money"): lazy_gettext("Write an amount, such as 19.90."),
    ("amount", "money_decimals"): lazy_gettext(
        "%(currency)s is written with %(decimals)s decimals at most."
    ),
    ("amount", "amount"): lazy_gettext("More than nothing, and at most what is left."),
}


def told(error: Invalid) -> dict[str, str]:
    """Return an error as a form takes it."""
    words = _SENTENCES.get((error.field, error.code))
    return {error.field: str(words) % error.values if words is not None else sentence(error)}


def collision(why: str) -> dict[str, str]:
    """Return what is said when an order could not be placed because of another."""
    words = {
        "sold_out": gettext("The last seat has just gone. You can wait for the next one."),
        "subscribed": gettext("Your subscription renews by itself: there is nothing to buy."),
        "trial_used": gettext("You have tried this planet already."),
        "another": gettext("Another window is buying this moment. Please try again."),
    }
    return {"": str(words.get(why, words["another"]))}


def lead_to_paid(planet: PlanetView) -> Page:
    """Lead somebody who has paid in another window to what he bought."""
    flash(gettext("You have paid already: here it is."), "ok")
    return see_other("billing.purchases", slug=planet.slug)


def coupon_refusals(offers: Sequence[Offer]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return why a typed coupon does not hold, as errors of the form and of plans: what is true of
    every plan is said once, where the coupon was typed."""
    by_plan = {o.public_id: errors_of([o.coupon_error]) for o in offers if o.coupon_error}
    said = {problem["coupon"] for problem in by_plan.values()}
    if len(by_plan) == len(offers) and len(said) == 1:
        return {"coupon": said.pop()}, {}
    return {}, by_plan
