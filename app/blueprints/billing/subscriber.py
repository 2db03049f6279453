"""One member for those who look after subscriptions: his whole story, and what may be done about it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import flash, request, url_for
from flask_babel import gettext

from app.billing.actions import staffing
from app.billing.actions.asking import left_of, refundable, rests_with_bank
from app.billing.actions.comps import DAYS_MAX
from app.billing.actions.staffing import RefundChoice
from app.billing.gateway import gateways
from app.billing.models import Order, Payment
from app.billing.queries.running import list_running
from app.billing.queries.subscribers import list_plan_names
from app.billing.queries.timeline import Bought, Happening, MemberStory, find_story
from app.billing.remaining import Thought
from app.billing.states import FINAL
from app.blueprints.billing.door import bp
from app.blueprints.billing.refusals import told
from app.blueprints.billing.remaining import remaining_words, state_name, thought_words
from app.blueprints.billing.story_words import line_of, source_name
from app.blueprints.billing.subscribers import TONES
from app.blueprints.billing.words import method_name, subscription_badge
from app.blueprints.entrance import declares, enter_planet, require, see_other
from app.blueprints.language import in_a_row
from app.blueprints.memberships.door import (
    STANDING_NAMES,
    Page,
    answer,
    end_words,
    last_day,
    person_shape,
    read_last_day,
)
from app.blueprints.money import money
from app.kernel.db import unit_of_work
from app.kernel.errors import Conflict, Invalid, NotFound
from app.memberships.queries import get_member
from app.memberships.rows import planet_of
from app.notifications.kinds import REMINDERS
from app.notifications.told import list_told
from app.planets.queries import PlanetView
from app.policy import Action, Actor, OrderFacts, PlanetRole, can


@bp.get("/p/<slug>/subscriptions/<public_id>")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def subscriber(slug: str, public_id: str) -> Page:
    """Show a member's whole story on one timeline, with what may be done."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    return _page(planet, actor, public_id, errors={})


@bp.post("/p/<slug>/subscriptions/<public_id>/extend")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def extend_subscriber(slug: str, public_id: str) -> Page:
    """Add days to what a member holds."""

    def act(actor: Actor, reason: str, token: str) -> str:
        days = request.form.get("days", 0, type=int)
        given = staffing.extend(actor, member_id=public_id, days=days, reason=reason, token=token)
        none = gettext("Nothing to add: this access has no end.")
        return str(gettext("Extended.") if given else none)

    return _do(slug, public_id, "extend", act)


@bp.post("/p/<slug>/subscriptions/<public_id>/end")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def end_subscriber(slug: str, public_id: str) -> Page:
    """End a member's access now."""

    def act(actor: Actor, reason: str, _token: str) -> str:
        staffing.end_access(actor, member_id=public_id, reason=reason)
        whose = get_member(actor, public_id).user_id
        return str(in_a_row(remaining_words(planet_of(actor), whose)))

    return _do(slug, public_id, "end", act)


@bp.post("/p/<slug>/subscriptions/<public_id>/plan")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def change_subscriber(slug: str, public_id: str) -> Page:
    """Put a member on another plan."""

    def act(actor: Actor, reason: str, token: str) -> str:
        staffing.change_plan(
            actor,
            member_id=public_id,
            plan_id=request.form.get("plan", ""),
            ends_at=read_last_day("ends_at"),
            reason=reason,
            token=token,
        )
        return str(gettext("The plan is changed."))

    return _do(slug, public_id, "plan", act)


@bp.post("/p/<slug>/subscriptions/<public_id>/orders/<order>/receipt")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def resend_receipt(slug: str, public_id: str, order: str) -> Page:
    """Send the buyer his receipt again."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    with unit_of_work():
        staffing.resend_receipt(actor, order_id=order, token=_token())
    flash(gettext("The receipt is on its way."), "ok")
    return see_other("billing.subscriber", slug=slug, public_id=public_id)


@bp.get("/p/<slug>/subscriptions/<public_id>/orders/<order>/refund")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def confirm_refund(slug: str, public_id: str, order: str) -> Page:
    """Ask what of an order's payments goes back, and what becomes of the access."""
    _planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    return _refund_page(actor, public_id, order, errors={})


@bp.post("/p/<slug>/subscriptions/<public_id>/orders/<order>/refund")
@declares(Action.SUBSCRIPTIONS_MANAGE)
def refund_subscriber(slug: str, public_id: str, order: str) -> Page:
    """Give money back; pressing twice is one refund (R18)."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    _bought_by(actor, public_id, order)
    choice = RefundChoice(
        way=request.form.get("way", ""),
        ends=request.form.get("ends", ""),
        reason=request.form.get("reason", ""),
        token=_token(),
        amount=request.form.get("amount", ""),
    )
    try:
        with unit_of_work():
            payment_id = request.form.get("payment", 0, type=int)
            staffing.refund(actor, order_id=order, payment_id=payment_id, choice=choice)
    except Invalid as error:
        return _refund_page(actor, public_id, order, errors=told(error))
    said = remaining_words(planet.id, get_member(actor, public_id).user_id)
    flash(in_a_row([gettext("The money is on its way back."), *said]), "ok")
    return see_other("billing.subscriber", slug=slug, public_id=public_id)


@bp.get("/p/<slug>/subscriptions/<public_id>/remove")
@declares(Action.MEMBER_REMOVE)
def confirm_refund_and_remove(slug: str, public_id: str) -> Page:
    """Ask once more, for the reason, and how much goes back."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    return _remove_page(planet, actor, public_id, errors={})


@bp.post("/p/<slug>/subscriptions/<public_id>/remove")
@declares(Action.MEMBER_REMOVE)
def refund_and_remove(slug: str, public_id: str) -> Page:
    """Put a member out and give back what his running access cost."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    try:
        with unit_of_work():
            staffing.remove_with_refund(
                actor,
                member_id=public_id,
                way=request.form.get("way", ""),
                reason=request.form.get("reason", ""),
                token=_token(),
            )
    except Conflict:
        flash(gettext("This person was removed already."), "warn")
        return see_other("billing.subscriber", slug=slug, public_id=public_id)
    except Invalid as error:
        return _remove_page(planet, actor, public_id, errors=told(error))
    flash(gettext("Removed. The money is on its way back."), "ok")
    return see_other("billing.subscriber", slug=slug, public_id=public_id)


def _do(slug: str, public_id: str, name: str, act: Callable[[Actor, str, str], str]) -> Page:
    """Do one thing to a member, with the reason that was given, and lead back to his page."""
    planet, actor = enter_planet(slug)
    require(can(actor, Action.SUBSCRIPTIONS_MANAGE))
    try:
        with unit_of_work():
            said = act(actor, request.form.get("reason", ""), _token())
    except Invalid as error:
        return _page(planet, actor, public_id, errors=told(error), tried=name)
    except Conflict as conflict:
        return _page(planet, actor, public_id, errors={"": _collision(str(conflict))}, tried=name)
    flash(said, "ok")
    return see_other("billing.subscriber", slug=slug, public_id=public_id)


def _collision(why: str) -> str:
    words = {
        "sold_out": gettext("This plan has no free seat."),
        "subscribed": gettext(
            "A subscription renews by itself. End it first: then the plan can be changed."
        ),
        "ended": gettext("There is nothing left to end."),
    }
    return str(words.get(why, gettext("Somebody else changed it meanwhile. Please look again.")))


def _page(
    planet: PlanetView, actor: Actor, public_id: str, *, errors: dict[str, str], tried: str = ""
) -> Page:
    row = get_member(actor, public_id)
    story = find_story(actor, public_id)
    plans = list_plan_names(actor)
    standing, facts = row.standing(actor.now, planet.grace), row.facts(actor.now, planet.grace)
    plain = row.role == PlanetRole.MEMBER.value and row.removed_at is None
    manageable = bool(can(actor, Action.MEMBER_MANAGE, facts))
    return answer(
        "billing/subscriber.html",
        errors,
        member=row,
        person=person_shape(
            planet.slug, name=row.name, avatar=row.avatar, role=row.role, member=row.public_id
        ),
        standing_name=STANDING_NAMES[standing],
        tone=TONES.get(standing, ""),
        last_day=last_day(row.expires_at),
        end=end_words(row.expires_at),
        access=remaining_words(planet.id, row.user_id),
        total=_total(story) if can(actor, Action.INCOME_READ) else [],
        held=[_held(e, plans, actor.now) for e in story.entitlements if _holds(e, actor.now)],
        orders=[_order(actor, item) for item in story.bought],
        lines=_lines(actor, story, plans),
        plans=list(plans.items()),
        acts=plain and manageable,
        removable=row.removed_at is None and bool(can(actor, Action.MEMBER_REMOVE, facts)),
        days_max=DAYS_MAX,
        token=_token(),
        tried=tried,
        typed=request.form,
    )


def _lines(actor: Actor, story: MemberStory, plans: dict[str, str]) -> list[Any]:
    """Return the whole timeline in words, the newest first."""
    notices = [
        Happening(n.at, "notice", {"kind": n.kind, "mailed": n.mailed_at is not None})
        for n in list_told(actor, story.user_id)
        # Those stand there by the day for which they were sent.
        if n.kind not in REMINDERS
    ]
    happenings = sorted([*story.happenings, *notices], key=lambda h: h.at, reverse=True)
    return [line_of(happening, plans) for happening in happenings]


def _holds(row: Any, now: datetime) -> bool:
    return row.revoked_at is None and (row.until_at is None or row.until_at > now)


def _held(row: Any, plans: dict[str, str], now: datetime) -> dict[str, Any]:
    return {
        "plan": plans.get(row.plan_ref, ""),
        "source": source_name(row.source),
        "since": row.since_at if row.since_at > now else None,
        "until": row.until_at,
        "suspended": row.suspended_at is not None,
    }


def _total(story: MemberStory) -> list[str]:
    """Return what he paid in all, less what he got back, per currency: for who may see income."""
    sums: dict[str, int] = {}
    for item in story.bought:
        for payment in item.payments:
            kept = payment.amount - payment.refunded
            sums[payment.currency] = sums.get(payment.currency, 0) + kept
    return [money(amount, currency) for currency, amount in sums.items()]


def _order(actor: Actor, item: Bought) -> dict[str, Any]:
    order = item.order
    return {
        "public_id": order.public_id,
        "title": order.title,
        "state": order.state,
        "state_name": state_name(order),
        "amount": order.amount,
        "currency": order.currency,
        "created_at": order.created_at,
        "gateway": order.gateway,
        "coupon": order.coupon,
        "payments": item.payments,
        "methods": sorted({name for p in item.payments if (name := method_name(p.method))}),
        "provider_page": _provider_page(item),
        "refunds": item.refunds,
        "paid": order.paid_at is not None,
        "refundable": any(left_of(payment, item.refunds) > 0 for payment in item.payments)
        and bool(can(actor, Action.ORDER_DECIDE, OrderFacts(order.user_id))),
        "subscription": subscription_badge(item.subscription) if item.subscription else None,
    }


def _provider_page(item: Bought) -> str:
    """Return the provider's own page of an order's subscription, else of its last payment."""
    gateway = gateways.by_name.get(item.order.gateway)
    last = item.payments[-1].provider_ref if item.payments else ""
    ref = item.order.subscription_ref or last
    return gateway.page_url(ref, account=item.order.account) if gateway and ref else ""


def _bought_by(actor: Actor, public_id: str, order: str) -> Bought:
    """Return an order of a member. NotFound for others'."""
    story = find_story(actor, public_id)
    found = next((item for item in story.bought if item.order.public_id == order), None)
    if found is None:
        raise NotFound(order)
    return found


def _refund_page(actor: Actor, public_id: str, order: str, *, errors: dict[str, str]) -> Page:
    item = _bought_by(actor, public_id, order)
    require(can(actor, Action.ORDER_DECIDE, OrderFacts(item.order.user_id)))
    open_ = [payment for payment in item.payments if refundable(payment) > 0]
    chosen = request.values.get("payment", 0, type=int)
    payment = next((p for p in open_ if p.id == chosen), open_[-1] if open_ else None)
    if payment is None:
        with_bank = rests_with_bank(item.payments)
        flash(
            gettext("The buyer's bank has this payment in hand: it decides who keeps the money.")
            if with_bank
            else gettext("Everything of this order was given back already."),
            "warn",
        )
        slug = request.view_args["slug"] if request.view_args else ""
        return see_other("billing.subscriber", slug=slug, public_id=public_id)
    return answer(
        "billing/refund.html",
        errors,
        member=get_member(actor, public_id),
        order=item.order,
        payments=[(p.id, _payment(p)) for p in reversed(open_)],
        payment=payment,
        subscription=item.subscription is not None and item.subscription.status not in FINAL,
        token=_token(),
        typed=request.form,
        **_worth(item.order, payment),
    )


def _worth(order: Order, payment: Payment) -> dict[str, Any]:
    """Return what a payment is worth, and what would become of the access by each choice."""
    left, share = refundable(payment), staffing.pro_rata(payment)
    after = {
        ends: thought_words(order, [Thought(payment, amount, ends)])
        for ends, amount in (("now", left), ("keep", 0))
    }
    return {
        "left": money(left, order.currency),
        "share": money(share, order.currency) if share else "",
        "after": after,
    }


def _payment(payment: Payment) -> str:
    left = refundable(payment)
    day = payment.paid_at.date().isoformat()
    return str(gettext("%(day)s: %(left)s left", day=day, left=money(left, payment.currency)))


def _remove_page(
    planet: PlanetView, actor: Actor, public_id: str, *, errors: dict[str, str]
) -> Page:
    row = get_member(actor, public_id)
    require(can(actor, Action.MEMBER_REMOVE, row.facts(actor.now, planet.grace)))
    return answer(
        "billing/remove_refund.html",
        errors,
        member=row,
        running=list_running(row.user_id, planet.id),
        token=_token(),
        typed=request.form,
        back=url_for("billing.subscriber", slug=planet.slug, public_id=public_id),
    )


def _token() -> str:
    """Return the form's one-time key; a fresh one where there is none."""
    sent = request.form.get("token", "")
    return sent if 16 <= len(sent) <= 40 else secrets.token_urlsafe(18)
