"""What remains of somebody's access, said in the reader's language: see `notifications.covered`."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext

from app.billing.models import Order
from app.billing.queries.trials import Trial, find_trial
from app.billing.remaining import Thought, read_remaining
from app.billing.states import OrderState
from app.blueprints.billing.words import STATE_NAMES, TRIAL_NAMES
from app.blueprints.language import local_date, local_last_day
from app.blueprints.money import money
from app.memberships.queries.covered import Covered
from app.notifications.covered import say_covered, say_trial


def remaining_words(planet_id: int, user_id: int) -> list[str]:
    """Return the sentence about a person's access once what is asked for is done; none where there is
    nothing to speak of."""
    return _said(read_remaining(planet_id, user_id))


def thought_words(order: Order, thoughts: Sequence[Thought], *, ending: bool = False) -> list[str]:
    """Return the sentence about the buyer's access if this were given back; of a gift or a question
    there is none. `ending`: the order's subscription ends with it."""
    if order.kind != "membership":
        return []
    over = [order.id] if ending else []
    return _said(read_remaining(order.planet_id, order.user_id, thoughts, ending=over))


def state_name(order: Order) -> str:
    """Return how an order stands; one whose trial runs is not paid, and does not say so."""
    trial = find_trial(order)
    return str(TRIAL_NAMES[trial.state] if trial else STATE_NAMES[OrderState(order.state)])


def trial_words(trial: Trial) -> str:
    """Return what is to be said of a trial before its first payment."""
    price = money(trial.amount, trial.currency)
    return say_trial(gettext, trial, day=local_date(trial.until), price=price)


def _said(covered: Covered) -> list[str]:
    said = say_covered(gettext, covered, last_day=local_last_day)
    return [said] if said else []
