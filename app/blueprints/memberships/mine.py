"""One's own membership: number, end, name, questions, pin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext

from app.billing.actions.refunds import may_refund_own
from app.billing.models import Order
from app.billing.queries.noticed import find_renewal
from app.billing.queries.orders import find_running, list_own
from app.billing.queries.promises import promise_in
from app.billing.states import OrderState
from app.blueprints.billing.remaining import state_name
from app.blueprints.entrance import declares, enter_planet, require, safe_next, see_other
from app.blueprints.language import local_date
from app.blueprints.memberships.door import ROLE_NAMES, Page, answer, bp, count_name, end_words
from app.blueprints.offers import promise_words
from app.blueprints.planets.words import errors_of
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.memberships import actions
from app.memberships.queries import OwnMembership, find_own
from app.planets.queries import PlanetView
from app.policy import Action, Actor, Grace, PlanetRole, Reason, Standing, can, grace_of

SHOWN_PURCHASES = 3
REFUNDABLE = (OrderState.PAID, OrderState.PARTIALLY_REFUNDED)


@bp.get("/p/<slug>/me")
@declares(Action.PLANET_READ)
def mine(slug: str) -> Page:
    """Show the reader his own membership."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    return _page(planet, actor, errors={})


@bp.post("/p/<slug>/me/nickname")
@declares(Action.PLANET_READ)
def change_nickname(slug: str) -> Page:
    """Take another name in this planet; empty for the account's."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.PLANET_READ))
    count_name(actor)
    try:
        with unit_of_work():
            actions.change_nickname(actor, nickname=request.form.get("nickname", ""))
    except Invalid as error:
        return _page(planet, actor, errors=errors_of([error]))
    flash(gettext("Saved."), "ok")
    return see_other("memberships.mine", slug=slug)


@bp.post("/p/<slug>/me/questions")
@declares(Action.PLANET_READ)
def take_questions(slug: str) -> Page:
    """Say whether questions can be put to oneself."""
    _planet, actor = enter_planet(slug)
    with unit_of_work():
        actions.take_questions(actor, willing="willing" in request.form)
    flash(gettext("Saved."), "ok")
    return see_other("memberships.mine", slug=slug)


@bp.post("/p/<slug>/pin")
@declares(Action.PLANET_READ)
def pin(slug: str) -> Page:
    """Keep the planet at the top of one's own list, or let it go (field `unpin`)."""
    _planet, actor = enter_planet(slug)
    act = actions.unpin if "unpin" in request.form else actions.pin
    with unit_of_work():
        act(actor)
    return redirect(safe_next(url_for("home.index")), code=303)


def _page(planet: PlanetView, actor: Actor, *, errors: dict[str, str]) -> Page:
    own = find_own(actor)
    if own is None:
        return see_other("planets.landing", slug=planet.slug)
    answers = (PlanetRole.OWNER, PlanetRole.PARTNER, PlanetRole.GUEST)
    return answer(
        "memberships/mine.html",
        errors,
        own=own,
        role_name=ROLE_NAMES[own.role],
        end=end_words(own.expires_at),
        grace=actor.standing is Standing.GRACE,
        ended=actor.standing is Standing.EXPIRED,
        time=_time(planet, actor, own),
        muted=actor.muted,
        asked=own.role in answers and actor.inside,
        nickname=request.form.get("nickname", own.nickname),
    )


def _time(planet: PlanetView, actor: Actor, own: OwnMembership) -> dict[str, Any] | None:
    """Return what a member's time costs and what he bought; None where membership costs nothing."""
    purchases = [_purchase(order) for order in list_own(actor)[:SHOWN_PURCHASES]]
    if not planet.paid and not purchases:
        return None
    verdict = can(actor, Action.PLAN_BUY)
    if verdict.reason is Reason.NEVER_ENDS and not purchases:
        return None
    buys = planet.paid and bool(verdict)
    last = None
    if own.expires_at is not None and actor.standing is Standing.GRACE:
        last = own.expires_at + grace_of(Grace(own.grace), planet.grace)
    renewal = find_renewal(planet, actor) if buys else None
    promise = promise_in(renewal) if renewal else None
    return {
        "buys": buys,
        "renewal": renewal,
        "promise": promise_words(promise) if promise else "",
        "running": find_running(actor),
        "purchases": purchases,
        "grace_day": local_date(last - timedelta(microseconds=1)) if last else "",
    }


def _purchase(order: Order) -> dict[str, Any]:
    state = OrderState(order.state)
    return {
        "public_id": order.public_id,
        "title": order.title,
        "amount": order.amount,
        "currency": order.currency,
        "state_name": state_name(order),
        "created_at": order.created_at,
        "may_refund": may_refund_own(order) and state in REFUNDABLE,
    }
