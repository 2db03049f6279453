"""Coupons: the list, making one, ending one."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request
from flask_babel import gettext, lazy_gettext, ngettext

from app.billing.actions.coupons import CouponWish, create_coupon, end_coupon, find_problems
from app.billing.actions.offers import hide_coupon, show_coupon
from app.billing.models import Coupon
from app.billing.money import get_currency
from app.billing.queries.coupons import CouponLine, list_coupons
from app.billing.queries.plans import list_plans, usual_currency
from app.blueprints.billing.door import bp
from app.blueprints.billing.plan_form import Reader
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.language import local_date, local_last_day
from app.blueprints.memberships.door import Page
from app.blueprints.money import currency_options, price
from app.blueprints.planets.words import errors_of
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.planets.queries import PlanetView
from app.policy import Action, Actor, can

STATES: dict[str, tuple[Any, str]] = {
    "open": (lazy_gettext("Valid"), "ok"),
    "early": (lazy_gettext("Not yet"), "info"),
    "used_up": (lazy_gettext("Used up"), ""),
    "ended": (lazy_gettext("Ended"), ""),
}
PURPOSES: dict[str, Any] = {
    "both": lazy_gettext("Joining and renewing"),
    "join": lazy_gettext("Joining"),
    "renewal": lazy_gettext("Renewing"),
}


DURATIONS: dict[str, Any] = {
    "once": lazy_gettext("The first payment"),
    "repeating": lazy_gettext("The payments of some months"),
    "forever": lazy_gettext("Every payment"),
    "": lazy_gettext("Not valid for them"),
}


@bp.get("/p/<slug>/coupons")
@declares(Action.PLANS_EDIT)
def coupons(slug: str) -> Page:
    """List the planet's coupons, with the form of a new one."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    typed = {"kind": "percent", "currency": usual_currency(planet), "per_person": "1"}
    return _page(planet, actor, typed, errors={})


@bp.post("/p/<slug>/coupons")
@declares(Action.PLANS_EDIT)
def make_coupon(slug: str) -> Page:
    """Make a coupon."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    reader = Reader(request.form)
    wish = _read(reader)
    for problem in find_problems(wish, clock.now()):
        reader.refuse(problem)
    if not reader.errors:
        try:
            with unit_of_work():
                create_coupon(actor, wish=wish)
        except Invalid as problem:
            reader.errors.update(errors_of([problem]))
    if reader.errors:
        return _page(planet, actor, request.form.to_dict(), errors=reader.errors)
    if wish.shown:
        flash(gettext("The coupon is valid, and its price stands on the plan from now on."), "ok")
    else:
        flash(gettext("The coupon is valid. Give its code to whom it is for."), "ok")
    return see_other("billing.coupons", slug=slug)


@bp.post("/p/<slug>/coupons/<public_id>/end")
@declares(Action.PLANS_EDIT)
def stop_coupon(slug: str, public_id: str) -> Page:
    """End a coupon now."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    with unit_of_work():
        end_coupon(actor, public_id=public_id)
    flash(gettext("The coupon has ended."), "ok")
    return see_other("billing.coupons", slug=slug)


@bp.post("/p/<slug>/coupons/<public_id>/show")
@declares(Action.PLANS_EDIT)
def offer_coupon(slug: str, public_id: str) -> Page:
    """Show a coupon's price to everybody."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    try:
        with unit_of_work():
            show_coupon(actor, public_id=public_id)
    except Invalid as problem:
        flash(errors_of([problem])["shown"], "error")
    else:
        flash(gettext("Everybody who may use the coupon is shown its price now."), "ok")
    return see_other("billing.coupons", slug=planet.slug)


@bp.post("/p/<slug>/coupons/<public_id>/hide")
@declares(Action.PLANS_EDIT)
def hold_back_coupon(slug: str, public_id: str) -> Page:
    """Keep a coupon for those who know its code."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANS_EDIT))
    with unit_of_work():
        hide_coupon(actor, public_id=public_id)
    flash(gettext("The coupon is for those who know its code now."), "ok")
    return see_other("billing.coupons", slug=planet.slug)


def _read(reader: Reader) -> CouponWish:
    typed = reader.typed
    by_amount = typed.get("kind") == "amount"
    currency = typed.get("currency", "")
    return CouponWish(
        code=typed.get("code", ""),
        percent=0 if by_amount else reader.number("percent"),
        amount=_amount(reader, currency) if by_amount else 0,
        currency=currency if by_amount else "",
        plan=typed.get("plan", ""),
        purpose=typed.get("purpose", "both"),
        duration=typed.get("duration", ""),
        months=reader.number("months") if typed.get("duration") == "repeating" else 0,
        label=typed.get("label", ""),
        starts_at=reader.first_day("starts_at"),
        ends_at=reader.last_day("ends_at"),
        uses=_limit(reader, "uses"),
        per_person=_limit(reader, "per_person"),
        shown="shown" in typed,
    )


def _duration(coupon: Coupon) -> str:
    """Return which payments of a subscription a coupon makes smaller; "" for one of passes."""
    if coupon.duration == "repeating":
        return str(
            ngettext("subscriptions: %(num)s month", "subscriptions: %(num)s months", coupon.months)
        )
    words = {"once": gettext("subscriptions: the first payment"), "": ""}
    return str(words.get(coupon.duration, gettext("subscriptions: every payment")))


def _limit(reader: Reader, name: str) -> int | None:
    return reader.number(name) if reader.typed.get(name, "").strip() else None


def _amount(reader: Reader, currency: str) -> int:
    try:
        get_currency(currency)
    except Invalid as problem:
        reader.refuse(problem)
        return 1
    if not reader.typed.get("amount", "").strip():
        reader.refuse(Invalid("amount", "required"))
    # 0 would read as "by percent"; what is wrong with the amount is said already.
    return reader.money("amount", currency) or 1


def _page(
    planet: PlanetView, actor: Actor, typed: dict[str, str], *, errors: dict[str, str]
) -> Page:
    lines = list_plans(actor, planet)
    html = render_template(
        "billing/coupons.html",
        coupons=[_row(line, actor) for line in list_coupons(actor, planet.id)],
        typed=typed,
        errors=errors,
        plans=[(p.plan.public_id, p.version.name) for p in lines if p.plan.state != "retired"],
        purposes=list(PURPOSES.items()),
        durations=list(DURATIONS.items()),
        currencies=currency_options(),
    )
    return (html, 422) if errors else html


def _row(line: CouponLine, actor: Actor) -> dict[str, Any]:
    coupon, state = line.coupon, line.state(actor.now)
    off = price(coupon.amount, coupon.currency) if coupon.amount else f"{coupon.percent}%"
    ends = local_last_day(coupon.ends_at) if coupon.ends_at else ""
    return {
        "public_id": coupon.public_id,
        "code": coupon.code,
        "off": off,
        "label": coupon.label,
        "plan": line.plan or gettext("Every plan"),
        "purpose": PURPOSES[coupon.purpose],
        "duration": _duration(coupon),
        "used": line.used,
        "left": coupon.uses_left,
        "per_person": coupon.per_person,
        "starts": local_date(coupon.starts_at) if coupon.starts_at else "",
        "ends": ends,
        "shown": coupon.shown,
        "state": STATES[state][0],
        "tone": STATES[state][1],
        "open": state in ("open", "early"),
    }
