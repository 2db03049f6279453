"""What the mail of a notice says beyond its sentence, found at the moment of sending.

A notice's mail keeps no words until then, only which of these it adds and about which row: a price, a day or
a name that has changed meanwhile is said as it is now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

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
from app.billing.queries.transfers import find_decline_of
from app.billing.queries.trials import find_trial
from app.billing.remaining import read_remaining
from app.kernel.db import db
from app.memberships.queries import actor_of, find_own
from app.notifications.covered import say_covered
from app.notifications.receipts import trial_line
from app.notifications.speech import say_amount, say_day, speak
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
    return Extra(tuple(lines))


def _what_was_paid(payment_id: int, recipient: Recipient) -> Extra:
    paid = find_payment(payment_id)
    return _what_moved(paid, recipient) if paid else Extra()


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
    said = say_covered(
        speak(recipient.language),
        covered,
        day=say_day(
            covered.until - timedelta(microseconds=1),
            language=recipient.language,
            timezone=recipient.timezone,
        )
        if covered.until
        else "",
    )
    return (said,) if said else ()


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


def _try_again(_order_id: int, recipient: Recipient) -> Extra:
    _ = speak(recipient.language)
    return Extra(
        (
            _(
                "It is tried again in the next days. Please look after your card, or your access ends."
            ),
        )
    )


_READERS: Mapping[Adds, Callable[[int, Recipient], Extra]] = {
    Adds.ORDER: _which_order,
    Adds.TERM: _how_to_go_on,
    Adds.PAYMENT: _what_was_paid,
    Adds.REFUND: _what_went_back,
    Adds.TRIAL: _what_comes,
    Adds.FAILURE: _what_failed,
    Adds.CHARGE: _try_again,
}
