"""Plans as a reader is offered them: his price, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from flask_babel import gettext, ngettext

from app.billing.models import PlanVersion
from app.billing.prices import Pricing, Step
from app.billing.pricing import Buyer, Quote, as_newcomer, find_buyer, per_day, quote_line
from app.billing.queries.plans import PlanLine, list_on_sale
from app.billing.queries.promises import Promise, promise_in
from app.billing.queries.wishes import waited_for
from app.blueprints.language import local_date, local_last_day
from app.blueprints.money import price
from app.kernel.errors import Invalid
from app.notifications.promises import say_every, say_promise
from app.planets.queries import PlanetView
from app.policy import Actor


@dataclass(frozen=True, slots=True)
class Offer:
    """What `plan_card` shows. Texts are finished; an empty one is left out.

    `before` is struck through; `note` says why the price is his own; `coupon_error` why a coupon he
    typed does not hold for this plan. `waiting`: he waits for a seat. `offered` says that the
    price is an offer, and until when; `offer` is its public id.
    """

    public_id: str
    name: str
    description: str
    price: str
    before: str
    per_day: str
    term: str
    note: str
    next_step: str
    seats_left: int | None
    trial_days: int
    trial: str
    subscription: bool
    free: bool = False
    waiting: bool = False
    coupon_error: Invalid | None = None
    offer: str = ""
    offered: str = ""

    @property
    def sold_out(self) -> bool:
        """Whether there is no seat left for this reader."""
        return self.seats_left == 0


def offers_for(planet: PlanetView, actor: Actor, *, coupon: str = "") -> list[Offer]:
    """Return what is on sale for this reader now, in the planet's order."""
    lines = list_on_sale(planet, now=actor.now, besides=actor.user_id)
    asking = find_buyer(planet, actor, coupon_code=coupon, now=actor.now)
    waiting = waited_for(actor, [line.plan.id for line in lines if line.seats_left is not None])
    offers = []
    for line in lines:
        asked, problem = _ask(asking, line)
        if asked is not None:
            shape = offer_shape(asked, actor, waiting=line.plan.id in waiting, problem=problem)
            offers.append(_promised(shape, asked))
    return offers


def gifts_for(planet: PlanetView, actor: Actor, *, coupon: str = "") -> list[Offer]:
    """Return what the actor can give to others now: once, at a newcomer's price."""
    buyer, gifts = as_newcomer(actor), []
    asking = find_buyer(planet, buyer, coupon_code=coupon, now=actor.now)
    for line in list_on_sale(planet, now=actor.now, besides=actor.user_id):
        asked, problem = _ask(asking, line)
        if asked is not None:
            gifts.append(
                replace(
                    offer_shape(asked, buyer, problem=problem),
                    term=_once(asked.version),
                    subscription=False,
                    trial_days=0,
                    trial="",
                )
            )
    return gifts


def offer_shape(
    asked: Quote, actor: Actor, *, waiting: bool = False, problem: Invalid | None = None
) -> Offer:
    """Return a quote in words."""
    version, currency = asked.version, asked.currency
    daily = per_day(version, asked.amount, actor.now, zone=asked.zone)
    return Offer(
        public_id=asked.plan.public_id,
        name=version.name,
        description=version.description,
        price=price(asked.amount, currency),
        before=_before(asked),
        per_day=gettext("%(price)s a day", price=price(daily, currency)) if daily else "",
        term=term_words(version),
        note=_note(asked),
        next_step=step_words(asked.next_step, asked.sold, currency) if asked.next_step else "",
        seats_left=asked.seats_left,
        trial_days=asked.trial_days,
        trial=trial_words(asked.trial_days, version.trial_window_days),
        subscription=version.mode == "subscription",
        free=asked.amount == 0,
        waiting=waiting,
        coupon_error=problem,
        offer=asked.offer,
        offered=_offered(asked),
    )


def promise_words(promise: Promise) -> str:
    """Return what a subscription with an offer costs, and what it costs when the offer is over (R31)."""
    return say_promise(gettext, ngettext, promise, partial(price, currency=promise.currency))


def _promised(offer: Offer, asked: Quote) -> Offer:
    """Return an offer with what its coupon promises of later payments."""
    promise = promise_in(asked)
    if promise is None:
        return offer
    note = promise_words(promise)
    return replace(
        offer, note=note, per_day="", term="" if asked.duration != "forever" else offer.term
    )


def term_words(version: PlanVersion) -> str:
    """Return how long terms last, or how often a subscription renews."""
    count = version.term_count
    if version.mode == "subscription":
        return say_every(gettext, ngettext, version.term, count)
    return _once(version)


def _once(version: PlanVersion) -> str:
    count = version.term_count
    match version.term:
        case "days":
            return str(ngettext("%(num)s day", "%(num)s days", count))
        case "month":
            return str(ngettext("%(num)s month", "%(num)s months", count))
        case "year":
            return str(ngettext("%(num)s year", "%(num)s years", count))
        case "until" if version.until_at is not None:
            return str(gettext("until %(day)s", day=local_last_day(version.until_at)))
        case _lifetime:
            return str(gettext("for ever"))


def step_words(step: Step, sold: int, currency: str) -> str:
    """Return when the price rises next, and to what."""
    amount = price(step.amount, currency)
    if step.after_seats is not None:
        return str(
            ngettext(
                "%(price)s after %(num)s more member",
                "%(price)s after %(num)s more members",
                step.after_seats - sold,
                price=amount,
            )
        )
    assert step.from_at is not None
    return str(gettext("%(price)s from %(day)s", price=amount, day=local_date(step.from_at)))


def trial_words(days: int, window: int) -> str:
    """Return what a trial gives; "" without one."""
    if not days:
        return ""
    free = ngettext("Free for %(num)s day", "Free for %(num)s days", days)
    if not window:
        return str(free)
    reads = ngettext(
        "reads what the last %(num)s day brought",
        "reads what the last %(num)s days brought",
        window,
    )
    return str(gettext("%(free)s; %(reads)s", free=free, reads=reads))


def _ask(asking: Buyer, line: PlanLine) -> tuple[Quote | None, Invalid | None]:
    """Return a quote with the coupon, or without it and why it does not hold; None when there is
    nothing in it for this reader."""
    try:
        return quote_line(asking, line), None
    except Invalid as problem:
        if problem.field == "coupon":
            return _ask(asking.without_coupon(), line)[0], problem
        return None, problem


def _before(asked: Quote) -> str:
    listed = max(asked.list_amount, asked.version.compare_amount)
    return price(listed, asked.currency) if listed > asked.amount else ""


def _offered(asked: Quote) -> str:
    if not asked.offer:
        return ""
    if asked.offer_ends is None:
        return str(gettext("Offer"))
    return str(gettext("Offer until %(day)s", day=local_last_day(asked.offer_ends)))


def _note(asked: Quote) -> str:
    if asked.offer:
        return ""
    if asked.coupon_id is not None:
        return str(gettext("with your coupon"))
    if asked.amount == asked.list_amount:
        return ""
    notes: dict[Pricing, Any] = {
        Pricing.EARLY: gettext("your price while you are a member"),
        Pricing.GRACE: gettext("your price for coming back soon"),
        Pricing.LATE: gettext("your price for coming back"),
    }
    return str(notes.get(asked.pricing, ""))
