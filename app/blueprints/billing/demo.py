"""The demo's checkout page: the whole life of a payment by buttons. Only where payments are a demo."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.utils import redirect

from app.billing import demo_machine
from app.billing.actions.checkout import note_return
from app.billing.actions.sync import sync
from app.billing.demo_gateway import act, find_state
from app.billing.gateway import GatewayError, gateways
from app.billing.models import Order
from app.billing.queries.orders import shown_to
from app.blueprints.billing.door import bp
from app.blueprints.billing.words import DEED_NAMES
from app.blueprints.entrance import declares, require_viewer, see_other
from app.blueprints.memberships.door import Page
from app.kernel.db import db, unit_of_work
from app.kernel.errors import NotFound
from app.memberships.queries import actor_of
from app.policy import Action, can

# After these the buyer comes back, as from a real provider.
_COMES_BACK = ("pay", "delay")


@bp.get("/demo-checkout/<ref>")
@declares(Action.ACCOUNT_USE)
def demo_checkout(ref: str) -> Page:
    """Show what the demo provider knows, and what can happen next."""
    order = _order(ref)
    state = find_state(ref)
    if state is None:
        raise NotFound
    return render_template(
        "billing/demo_checkout.html",
        order=order,
        ref=ref,
        status=state["status"],
        declined=state.get("declined", 0),
        deeds=[(deed, DEED_NAMES[deed]) for deed in demo_machine.possible(state)],
        success_url=_page_of(state["wish"]),
    )


@bp.post("/demo-checkout/<ref>/<deed>")
@declares(Action.ACCOUNT_USE)
def demo_act(ref: str, deed: str) -> Page:
    """Let something happen at the demo provider; then look what is true, as a webhook would."""
    order = _order(ref)
    state = find_state(ref)
    if state is None:
        raise NotFound
    wish = state["wish"]
    try:
        act(ref, deed)
    except GatewayError:
        flash(gettext("That is not possible any more."), "warn")
        return see_other("billing.demo_checkout", ref=ref)
    sync(order.id, cause="webhook")
    if deed == "cancel":
        return redirect(wish["cancel_url"], code=303)
    if deed in _COMES_BACK:
        with unit_of_work():
            note_return(order.id)
        return redirect(_page_of(wish), code=303)
    if deed == "fail":
        flash(gettext("The card was declined. Nothing was charged."), "error")
    return see_other("billing.demo_checkout", ref=ref)


def _page_of(wish: dict[str, Any]) -> str:
    """Return the page of an order by its address for who comes back: that they do is known here."""
    return str(wish["success_url"]).partition("?")[0]


def _order(ref: str) -> Order:
    """Return the order of a demo checkout for its buyer and for staff who are shown it; NotFound else."""
    viewer = require_viewer()
    order = db.session.scalar(select(Order).where(Order.provider_ref == ref))
    if order is None or gateways.environment != "demo" or order.gateway != "demo":
        raise NotFound
    if order.user_id == viewer.user_id:
        return order
    entry = actor_of(viewer.user_id, order.planet_id)
    if entry is None or not can(entry[1], Action.SUBSCRIPTIONS_MANAGE):
        raise NotFound
    if db.session.scalar(select(Order.id).where(Order.id == order.id, shown_to(entry[1]))) is None:
        raise NotFound
    return order
