"""One's own purchases: the page after the checkout, the list, the refund, the subscription."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import partial
from typing import Any

from flask import flash, make_response, render_template, request, url_for
from flask_babel import gettext
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app.billing.actions.asking import list_payments, refundable, rests_with_bank
from app.billing.actions.checkout import note_return
from app.billing.actions.codes import show_gift_code
from app.billing.actions.refunds import list_returnable, may_refund_own, refund_own
from app.billing.actions.subscriptions import ask_end, ask_resume, find_portal
from app.billing.actions.sync import sync
from app.billing.gateway import GatewayError
from app.billing.models import Order, Subscription
from app.billing.queries.codes import find_gift_use
from app.billing.queries.orders import find_story, get_own, list_own
from app.billing.queries.promises import find_promise, promise_of
from app.billing.queries.questions import find_bought
from app.billing.queries.running import ends_as_wanted, find_subscription
from app.billing.queries.transfers import find_decline, find_transfer_note
from app.billing.queries.trials import TrialState, find_trial
from app.billing.remaining import Thought
from app.billing.states import FINAL, HOLDS, OrderState
from app.blueprints.billing.door import bp
from app.blueprints.billing.remaining import state_name, thought_words, trial_words
from app.blueprints.billing.ways import RETURNED
from app.blueprints.entrance import (
    current_site,
    declares,
    enter_planet,
    require_viewer,
    see_other,
)
from app.blueprints.language import in_a_row, local_date
from app.blueprints.memberships.door import Page
from app.blueprints.money import price
from app.blueprints.offers import promise_words
from app.blueprints.page import show
from app.discussion.queries.drafts import find_draft
from app.kernel import clock
from app.kernel.db import unit_of_work, write_if_free
from app.kernel.errors import Conflict, Unavailable
from app.notifications.promises import say_full_price
from app.notifications.queries import Seen
from app.planets.queries import PlanetView
from app.policy import Action, Actor, PlanetRole, Standing, can

# How often a page that waits for the truth looks again, in seconds, and until when after its reader came
# back from the provider; afterwards they look again by a button.
LOOKS_AGAIN = ((20, 4), (60, 8), (120, 15), (300, 30))
_REFUNDABLE = (OrderState.PAID.value, OrderState.PARTIALLY_REFUNDED.value)


@bp.get("/p/<slug>/orders/<public_id>")
@declares(Action.ACCOUNT_USE)
def order(slug: str, public_id: str) -> Page:
    """Show one's own order as it truly stands (R22): opening this page grants nothing by itself."""
    planet, actor = enter_planet(slug)
    require_viewer()
    found = get_own(actor, public_id)
    show(Seen(order=public_id))
    if RETURNED in request.args and found.returned_at is None:
        write_if_free(lambda: note_return(found.id))
        found = get_own(actor, public_id)
    silent = False
    if OrderState(found.state) in HOLDS:
        try:
            found = sync(found.id, cause="return")
        except (GatewayError, Unavailable):
            silent = True
    return _page(planet, found, silent=silent)


@bp.get("/p/<slug>/purchases")
@declares(Action.ACCOUNT_USE)
def purchases(slug: str) -> Page:
    """List what the reader bought in this planet."""
    _planet, actor = enter_planet(slug)
    require_viewer()
    orders = [_shape(found) for found in list_own(actor)]
    return render_template("billing/purchases.html", orders=orders)


@bp.get("/p/<slug>/orders/<public_id>/refund")
@declares(Action.ACCOUNT_USE)
def confirm_own_refund(slug: str, public_id: str) -> Page:
    """Say what goes back and what remains of the access, and ask once more."""
    _planet, actor = enter_planet(slug)
    require_viewer()
    found = get_own(actor, public_id)
    payments = list_returnable(found)
    if not payments:
        flash(_too_late(found), "warn")
        return see_other("billing.order", slug=slug, public_id=public_id)
    thoughts = [Thought(payment, refundable(payment), "now") for payment in payments]
    return render_template(
        "billing/own_refund.html",
        order=_shape(found),
        back=sum(thought.amount for thought in thoughts),
        after=thought_words(found, thoughts),
        subscribed=_runs(found),
        token=secrets.token_urlsafe(18),
    )


@bp.post("/p/<slug>/orders/<public_id>/refund")
@declares(Action.ACCOUNT_USE)
def refund(slug: str, public_id: str) -> Page:
    """Take a purchase back within the planet's time; pressing twice is one refund (R18)."""
    _planet, actor = enter_planet(slug)
    require_viewer()
    token = request.form.get("token", "")
    bought = get_own(actor, public_id)
    subscribed = _runs(bought)
    if not 16 <= len(token) <= 40:
        return see_other("billing.order", slug=slug, public_id=public_id)
    try:
        with unit_of_work():
            refund_own(
                actor, order_id=public_id, reason=request.form.get("reason", ""), token=token
            )
    except Conflict:
        flash(_too_late(bought), "warn")
        return see_other("billing.order", slug=slug, public_id=public_id)
    said = [gettext("The money is on its way back.")]
    if bought.kind == "gift":
        said.append(gettext("The gift is withdrawn."))
    if subscribed:
        said.append(gettext("The subscription ends at once; nothing more is charged."))
    flash(in_a_row([*said, *thought_words(bought, [])]), "ok")
    return see_other("billing.order", slug=slug, public_id=public_id)


def _runs(found: Order) -> bool:
    row = find_subscription(found.id) if found.mode == "subscription" else None
    return row is not None and row.status not in FINAL


def _too_late(found: Order) -> str:
    """Return why one's own money does not come back."""
    if rests_with_bank(list_payments(found.id)):
        return str(gettext("Your bank has this payment in hand: what it decides holds."))
    if may_refund_own(found):
        return str(gettext("Everything of this order was given back already."))
    return str(gettext("The time to take it back is over. Please write to the owner."))


@bp.post("/p/<slug>/orders/<public_id>/subscription")
@declares(Action.ACCOUNT_USE)
def subscription(slug: str, public_id: str) -> Page:
    """Cancel one's own subscription at the end of what is paid, resume it, or change the card."""
    planet, actor = enter_planet(slug)
    require_viewer()
    found = get_own(actor, public_id)
    deed = request.form.get("deed", "")
    try:
        if deed == "portal":
            home = current_site().base_url
            page = find_portal(found, return_url=f"{home}/p/{planet.slug}/orders/{public_id}")
            return _to(page) if page else see_other("billing.order", slug=slug, public_id=public_id)
        act = ask_resume if deed == "resume" else ask_end
        act(found.id, cause="buyer")
    except GatewayError:
        flash(gettext("The payment provider does not answer. Please try again."), "error")
    except Conflict as conflict:
        flash(_not_resumed(conflict), "warn")
    return see_other("billing.order", slug=slug, public_id=public_id)


def _not_resumed(conflict: Conflict) -> str:
    if conflict.args[:1] == ("role",):
        return str(gettext("Your role here costs nothing: there is nothing to renew."))
    return str(gettext("This subscription is over. To go on, buy a new one."))


def _to(page: str) -> Response:
    return redirect(page, code=303)


def _page(planet: PlanetView, found: Order, *, silent: bool) -> Page:
    # A transfer waits for people: the page does not look again while its reader types.
    waits = OrderState(found.state) in HOLDS and found.gateway != "transfer"
    looks = _looks_again(found.returned_at) if waits else ""
    # Anew: what was applied a moment ago may have let him in.
    _planet, actor = enter_planet(planet.slug)
    question = _question(planet, actor, found)
    story, trial = find_story(found), find_trial(found)
    answer = make_response(
        render_template(
            "billing/order.html",
            order=_shape(found),
            trial=trial_words(trial) if trial else "",
            unpaid=trial is not None and trial.state is TrialState.UNPAID,
            returnable=found.state in _REFUNDABLE and bool(list_returnable(found)),
            enters=bool(can(actor, Action.PLANET_READ)),
            story=story,
            ending=_ending(actor, story.subscription),
            access=thought_words(found, []),
            transfer=_transfer(planet, found) if found.gateway == "transfer" else None,
            gift=_gift(planet, found) if found.kind == "gift" and found.paid_at else None,
            waits=waits,
            looks=bool(looks),
            silent=silent,
            token=secrets.token_urlsafe(18),
            question=question,
        )
    )
    if question is not None and question["being_asked"]:
        looks = _looks_again(found.paid_at)
    if looks:
        answer.headers["Refresh"] = looks
    return answer


def _looks_again(since: datetime | None) -> str:
    """Return in how many seconds a page looks again that waits since a moment; "" for not by itself."""
    if since is None:
        return ""
    waited = (clock.now() - since).total_seconds()
    return next((str(pause) for until, pause in LOOKS_AGAIN if waited < until), "")


def _ending(actor: Actor, row: Subscription | None) -> dict[str, bool]:
    """Return whether a subscription is to end and that is not confirmed, and whether its buyer may still
    take that back."""
    wanted = row.end_wanted if row is not None else ""
    gone = actor.standing in (Standing.LEFT, Standing.REMOVED)
    by_role = actor.inside and actor.role is not PlanetRole.MEMBER
    return {
        "waits": row is not None and bool(wanted) and not ends_as_wanted(row),
        "final": gone or by_role or wanted == "now",
    }


def _question(planet: PlanetView, actor: Actor, found: Order) -> dict[str, Any] | None:
    """Return what became of the question behind an order; None for an order of something else."""
    bought = find_bought(found)
    if bought is None:
        return None
    asked = bought.topic_id is not None
    kept = not asked and find_draft(actor, bought.key) is not None
    where: dict[str, Any] = {"slug": planet.slug}
    return {
        "url": url_for("topics.show", public_id=bought.key, **where) if asked else "",
        "draft_url": url_for("questions.ask", draft=bought.key, **where) if kept else "",
        "words": str(bought.words.get("text", "")),
        "anonymous": bool(bought.words.get("anonymous")),
        "due_at": bought.due_at,
        "outcome": bought.outcome,
        "being_asked": found.state == OrderState.PAID and not asked and bought.settled_at is None,
    }


def _transfer(planet: PlanetView, found: Order) -> dict[str, str]:
    return {
        "note": find_transfer_note(planet.id),
        "memo": found.memo,
        "declined": find_decline(found),
    }


def _gift(planet: PlanetView, found: Order) -> dict[str, Any]:
    code = show_gift_code(found)
    page = url_for("billing.redeem_code", slug=planet.slug, code=code)
    return {
        "code": code,
        "address": current_site().base_url + page,
        "used_at": find_gift_use(found.id),
    }


def _promised(found: Order) -> list[str]:
    """Return what a subscription's offer promised, with the price after it and from when that holds
    (R31); nothing without one."""
    promise, now = promise_of(found), find_promise(found)
    said = [promise_words(promise)] if promise else []
    if now is not None and now.full_from is not None:
        amount = partial(price, currency=now.currency)
        said.append(say_full_price(gettext, now, amount, day=local_date(now.full_from)))
    return said


def _shape(found: Order) -> dict[str, Any]:
    """Return an order as the templates show it to its buyer."""
    return {
        "public_id": found.public_id,
        "title": found.title,
        "kind": found.kind,
        "state": found.state,
        "state_name": state_name(found),
        "amount": found.amount,
        "list_amount": found.list_amount,
        "currency": found.currency,
        "promised": _promised(found),
        "created_at": found.created_at,
        "paid_at": found.paid_at,
        "pay_url": found.provider_url if found.state == OrderState.OPEN else "",
        "gateway": found.gateway,
        "refund_until": found.refund_until,
    }
