"""The page where the price of questions to somebody is set."""

from __future__ import annotations

from flask import flash, request
from flask_babel import gettext

from app.billing.actions.question_prices import FREE_MAX, set_price
from app.billing.models import QuestionPrice
from app.billing.money import as_typed, get_currency, parse_amount
from app.billing.queries.plans import usual_currency
from app.billing.queries.questions import find_price, get_askable
from app.blueprints.billing.door import bp
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.memberships.door import Page, answer
from app.blueprints.money import currency_options
from app.blueprints.planets.words import errors_of
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships.queries import names_in
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can

# What is offered first, in whole units of the currency; "" is no price, "other" an amount of one's own.
PRESETS = ("19", "49", "99")


@bp.get("/p/<slug>/members/<public_id>/question-price")
@declares(Action.PLANET_READ)
def question_price(slug: str, public_id: str) -> Page:
    """Show what questions to a member cost: to himself, and to those who set what is sold."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    return _page(planet, actor, public_id, errors={})


@bp.post("/p/<slug>/members/<public_id>/question-price")
@declares(Action.PLANET_READ)
def set_question_price(slug: str, public_id: str) -> Page:
    """Set it, or sell none."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    row = get_askable(actor, public_id)
    try:
        amount, currency = _read_amount()
        with unit_of_work():
            set_price(
                actor,
                member=public_id,
                amount=amount,
                currency=currency,
                free_per_week=_read_number("free_per_week"),
            )
    except Invalid as error:
        return _page(planet, actor, public_id, errors=errors_of([error]))
    flash(gettext("Saved."), "ok")
    if row.user_id == actor.user_id:
        return see_other("memberships.mine", slug=slug)
    return see_other("memberships.member", slug=slug, public_id=public_id)


def _read_amount() -> tuple[int, str]:
    """Return what was chosen: a preset, an amount of one's own, or 0 for none."""
    chosen, currency = request.form.get("preset", ""), request.form.get("currency", "")[:3]
    if not chosen:
        return 0, currency
    get_currency(currency)
    typed = chosen if chosen in PRESETS else request.form.get("amount", "")
    return parse_amount(typed, currency, field="amount"), currency


def _read_number(name: str) -> int:
    typed = request.form.get(name, "").strip() or "0"
    if not typed.isdecimal() or len(typed) > 6:
        raise Invalid(name, "amount", low=0, high=FREE_MAX)
    return int(typed)


def _page(planet: PlanetView, actor: Actor, public_id: str, *, errors: dict[str, str]) -> Page:
    row = get_askable(actor, public_id)
    return answer(
        "billing/question_price.html",
        errors,
        public_id=public_id,
        own=row.user_id == actor.user_id,
        name=names_in([(planet.id, row.user_id)]).get((planet.id, row.user_id), ""),
        presets=[(preset, preset) for preset in PRESETS],
        free_max=FREE_MAX,
        currencies=currency_options(),
        typed=request.form if request.method == "POST" else _held(planet, find_price(row.id)),
    )


def _held(planet: PlanetView, price: QuestionPrice | None) -> dict[str, str]:
    """Return what stands in the form before anything is typed."""
    if price is None:
        return {
            "preset": "",
            "currency": usual_currency(planet),
            "free_per_week": str(planet.question_quota_per_week),
        }
    amount = as_typed(price.amount, price.currency)
    return {
        "preset": amount if amount in PRESETS else "other",
        "amount": "" if amount in PRESETS else amount,
        "currency": price.currency,
        "free_per_week": str(price.free_per_week),
    }
