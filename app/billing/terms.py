"""Terms as a creator wishes to sell them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from app.billing.gateway import gateways
from app.billing.money import CURRENCIES, check_amount
from app.billing.prices import Step
from app.kernel.errors import Invalid
from app.kernel.text import tidy
from app.planets.basics import tidy_line

NAME_MAX = 60
DESCRIPTION_MAX = 500
STEPS_MAX = 10
SEATS_MAX = 1_000_000
TRIAL_MAX = 90
WINDOW_MAX = 365
# Term -> the most days, months or years of it.
TERMS = {"days": 3_660, "month": 60, "year": 10, "lifetime": 1, "until": 1}
# What a subscription may renew by, and how many of it at most: the provider's limit is three years.
SUBSCRIBED = {"month": 36, "year": 3}
FAR = timedelta(days=3_660)


@dataclass(frozen=True, slots=True)
class PlanWish:
    """Terms as typed: the columns of `PlanVersion`, with the steps and the seat limit."""

    name: str
    amount: int
    currency: str
    term: str
    term_count: int = 1
    until_at: datetime | None = None
    mode: str = "pass"
    description: str = ""
    compare_amount: int = 0
    trial_days: int = 0
    trial_window_days: int = 0
    seat_limit: int | None = None
    steps: tuple[Step, ...] = ()


def prepare(wish: PlanWish, now: datetime) -> PlanWish:
    """Return the wish tidied: what its term and mode do not use is emptied. Invalid for the first
    problem."""
    counted = wish.term in ("days", "month", "year")
    tidied = replace(
        wish,
        name=tidy_line(wish.name),
        description=tidy(wish.description),
        term_count=wish.term_count if counted else 1,
        until_at=wish.until_at if wish.term == "until" else None,
        trial_window_days=wish.trial_window_days if wish.trial_days else 0,
        steps=tuple(sorted(wish.steps, key=lambda step: step.amount)),
    )
    for problem in find_problems(tidied, now):
        raise problem
    return tidied


def find_problems(wish: PlanWish, now: datetime) -> list[Invalid]:
    """Return everything that is wrong with the terms, in the order of the form."""
    found = [*_words(wish), *_price(wish), *_term(wish, now), *_numbers(wish)]
    if not found:
        found = list(_steps(wish, now))
    return found


def _words(wish: PlanWish) -> Iterator[Invalid]:
    if not wish.name:
        yield Invalid("name", "plan_name")
    if len(wish.name) > NAME_MAX:
        yield Invalid("name", "too_long", high=NAME_MAX)
    if len(wish.description) > DESCRIPTION_MAX:
        yield Invalid("description", "too_long", high=DESCRIPTION_MAX)


def _price(wish: PlanWish) -> Iterator[Invalid]:
    if wish.currency not in CURRENCIES:
        yield Invalid("currency", "choice")
        return
    if (problem := _refused(wish.amount, wish.currency, "amount")) is not None:
        yield problem
        return
    if wish.compare_amount:
        if (problem := _refused(wish.compare_amount, wish.currency, "compare_amount")) is not None:
            yield problem
        elif wish.compare_amount <= wish.amount:
            yield Invalid("compare_amount", "compare_low")


def _refused(amount: int, currency: str, field: str) -> Invalid | None:
    try:
        check_amount(amount, currency, field=field)
    except Invalid as problem:
        return problem
    return None


def _term(wish: PlanWish, now: datetime) -> Iterator[Invalid]:
    if wish.mode not in ("pass", "subscription"):
        yield Invalid("mode", "choice")
        return
    if wish.mode == "subscription" and gateways.by_hand:
        yield Invalid("mode", "needs_provider")
    limits = SUBSCRIBED if wish.mode == "subscription" else TERMS
    if wish.term not in TERMS:
        yield Invalid("term", "choice")
    elif wish.term not in limits:
        yield Invalid("term", "term_subscription")
    elif not 1 <= wish.term_count <= limits[wish.term]:
        yield Invalid("term_count", "amount", low=1, high=limits[wish.term])
    elif wish.term == "until":
        if wish.until_at is None:
            yield Invalid("until_at", "required")
        elif not now < wish.until_at <= now + FAR:
            yield Invalid("until_at", "past" if wish.until_at <= now else "far")


def _numbers(wish: PlanWish) -> Iterator[Invalid]:
    if wish.seat_limit is not None and not 1 <= wish.seat_limit <= SEATS_MAX:
        yield Invalid("seat_limit", "amount", low=1, high=SEATS_MAX)
    if not 0 <= wish.trial_days <= TRIAL_MAX:
        yield Invalid("trial_days", "amount", low=0, high=TRIAL_MAX)
    if not 0 <= wish.trial_window_days <= WINDOW_MAX:
        yield Invalid("trial_window_days", "amount", low=0, high=WINDOW_MAX)


def _steps(wish: PlanWish, now: datetime) -> Iterator[Invalid]:
    """The price only rises: with the seats sold, and with time."""
    if len(wish.steps) > STEPS_MAX:
        yield Invalid("steps", "step_count", high=STEPS_MAX)
        return
    for step in wish.steps:
        if (problem := _step_problem(step, wish, now)) is not None:
            yield problem
            return
    by_seats = [s.after_seats for s in wish.steps if s.after_seats is not None]
    by_date = [s.from_at for s in wish.steps if s.from_at is not None]
    rising = all(a < b for a, b in pairwise(by_seats)) and all(a < b for a, b in pairwise(by_date))
    if not rising:
        yield Invalid("steps", "step_order")


def _step_problem(step: Step, wish: PlanWish, now: datetime) -> Invalid | None:
    if (step.after_seats is None) == (step.from_at is None):
        return Invalid("steps", "step_when")
    if (problem := _refused(step.amount, wish.currency, "steps")) is not None:
        return problem
    if step.amount <= wish.amount:
        return Invalid("steps", "step_low")
    if step.after_seats is not None and not 1 <= step.after_seats <= SEATS_MAX:
        return Invalid("steps", "step_when")
    return None
