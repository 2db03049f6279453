"""What the mail of a notice says beyond its sentence, found at the moment of sending.

A notice's mail keeps no words until then, only which of these it adds and about which row: a price, a day or
a name that has changed meanwhile is said as it is now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from app.accounts.queries import Recipient
from app.billing.models import Order
from app.billing.queries.noticed import (
    Moved,
    find_noticed_orders,
    find_noticed_reminders,
    find_payment,
    find_refund,
    find_renewal,
)
from app.billing.queries.promises import find_promise, promise_in
from app.billing.queries.transfers import find_decline_of
from app.billing.queries.trials import find_trial
from app.billing.remaining import read_remaining
from app.kernel.db import db
from app.memberships.queries import actor_of, find_own
from app.notifications.covered import say_covered
from app.notifications.promises import promise_lines
from app.notifications.receipts import trial_line
from app.notifications.speech import say_amount, say_day, speak
from app.planets.models import Planet
from app.policy import Grace, grace_of


class Adds(StrEnum):
    """Which further lines a mail has. Stored with the mail until it is sent."""

    ORDER = "order"
    TERM = "term"
    PAYMENT = "payment"
    REFUND = "refund"
    TRIAL = "trial"
    FAILURE = "failure"
    CHARGE = "charge"
    NEEDLESS = "needless"


@dataclass(frozen=True, slots=True)
class More:
    """Further lines of a mail, and the row (its id) that they are about."""

    adds: Adds
    row_id: int


@dataclass(frozen=True, slots=True)
class Extra:
    """What a mail says beyond its sentence: further lines, and small print."""

    lines: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def read_extra(more: More | None, recipient: Recipient) -> Extra:
    """Return the lines in the recipient's language; none where the row is gone."""
    return _READERS[more.adds](more.row_id, recipient) if more is not None else Extra()


def _how_to_go_on(reminder_id: int, recipient: Recipient) -> Extra:
    """The price of going on now, and the last day of grace."""
    _ = speak(recipient.language)
    reminder = find_noticed_reminders([reminder_id]).get(reminder_id)
    entry = actor_of(reminder.user_id, reminder.planet_id) if reminder else None
    if reminder is None or entry is None:
        return Extra()
    planet, actor = entry
    lines = []
    own = find_own(actor)
    grace = grace_of(Grace(own.grace), planet.grace) if own else timedelta()
    if reminder.days < 0 and grace and actor.inside:
        day = say_day(
            reminder.ends_at + grace - timedelta(microseconds=1),
            language=recipient.language,
            timezone=recipient.timezone,
        )
        lines.append(_("Until %(day)s you can still read and take part.", day=day))
    asked = find_renewal(planet, actor)
    if asked is not None:
        price = say_amount(asked.amount, asked.currency, language=recipient.language)
        lines.append(
            _("To go on costs %(price)s now: %(plan)s.", price=price, plan=asked.version.name)
        )
        if (promise := promise_in(asked)) is not None:
            lines.extend(promise_lines(promise, recipient))
    return Extra(tuple(lines))


def _what_was_paid(payment_id: int, recipient: Recipient) -> Extra:
    """The same, what an offer promises of later payments, and that the time waits while the planet does."""
    paid = find_payment(payment_id)
    if paid is None:
        return Extra()
    said = _what_moved(paid, recipient)
    promise = find_promise(db.session.get_one(Order, paid.order_id))
    promised = promise_lines(promise, recipient) if promise else ()
    return Extra((*said.lines, *promised, *_waits(paid.order_id, recipient)), said.after)


def _waits(order_id: int, recipient: Recipient) -> tuple[str, ...]:
    """How the access stands, where the planet is paused: what was paid for waits."""
    order = find_noticed_orders([order_id])[order_id]
    paused = db.session.get_one(Planet, order.planet_id).paused_at is not None
    return _access(order_id, recipient) if paused else ()


def _what_moved(moved: Moved, recipient: Recipient) -> Extra:
    """The amount, the order's number, and the provider's receipt."""
    _ = speak(recipient.language)
    order = find_noticed_orders([moved.order_id])[moved.order_id]
    amount = say_amount(moved.amount, moved.currency, language=recipient.language)
    page = moved.receipt_url
    return Extra(
        (f"{order.title}: {amount}", _("Order number: %(number)s", number=order.public_id)),
        (_("Receipt: %(link)s", link=page),) if page else (),
    )


def _what_comes(order_id: int, recipient: Recipient) -> Extra:
    """The order of a trial: until when it is free, what is charged then, and how to stop."""
    which = _which_order(order_id, recipient)
    order = db.session.get(Order, order_id)
    trial = find_trial(order) if order else None
    said = trial_line(trial, recipient.language, recipient.timezone) if trial else ""
    return Extra((*which.lines, said)) if said else which


def _what_went_back(refund_id: int, recipient: Recipient) -> Extra:
    """The amount, and what remains of the access."""
    refund = find_refund(refund_id)
    if refund is None:
        return Extra()
    said = _what_moved(refund, recipient)
    return Extra((*said.lines, *_access(refund.order_id, recipient)), said.after)


def _access(order_id: int, recipient: Recipient) -> tuple[str, ...]:
    """How the buyer's access stands, where the order is about it."""
    order = find_noticed_orders([order_id])[order_id]
    if order.kind != "membership":
        return ()
    covered = read_remaining(order.planet_id, order.user_id)
    last_day = partial(_last_day, recipient)
    said = say_covered(speak(recipient.language), covered, last_day=last_day)
    return (said,) if said else ()


def _last_day(recipient: Recipient, moment: datetime) -> str:
    """Return the last day before a moment, as its reader's calendar has it."""
    last = moment - timedelta(microseconds=1)
    return say_day(last, language=recipient.language, timezone=recipient.timezone)


def _what_stays(order_id: int, recipient: Recipient) -> Extra:
    """The order, that no charge comes, and the access."""
    _ = speak(recipient.language)
    which = _which_order(order_id, recipient)
    if not which.lines:
        return which
    return Extra((*which.lines, _("Nothing more is charged."), *_access(order_id, recipient)))


def _which_order(order_id: int, recipient: Recipient) -> Extra:
    _ = speak(recipient.language)
    order = find_noticed_orders([order_id]).get(order_id)
    if order is None:
        return Extra()
    return Extra((order.title, _("Order number: %(number)s", number=order.public_id)))


def _what_failed(order_id: int, recipient: Recipient) -> Extra:
    """The order, and why staff declined its transfer."""
    _ = speak(recipient.language)
    which = _which_order(order_id, recipient)
    if not which.lines:
        return which
    reason = find_decline_of(order_id)
    said = (_("Staff write: %(reason)s", reason=reason),) if reason else ()
    return Extra((*which.lines, *said, *_access(order_id, recipient)))


def _try_again(order_id: int, recipient: Recipient) -> Extra:
    """What can be done, and how long the access lasts."""
    _ = speak(recipient.language)
    said = _("It is tried again in the next days. Please look after your card.")
    return Extra((said, *_access(order_id, recipient)))


_READERS: Mapping[Adds, Callable[[int, Recipient], Extra]] = {
    Adds.ORDER: _which_order,
    Adds.TERM: _how_to_go_on,
    Adds.PAYMENT: _what_was_paid,
    Adds.REFUND: _what_went_back,
    Adds.TRIAL: _what_comes,
    Adds.FAILURE: _what_failed,
    Adds.CHARGE: _try_again,
    Adds.NEEDLESS: _what_stays,
}
