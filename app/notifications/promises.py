"""What is said of an offer on a subscription: on cards, orders and in mails alike (R31)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.accounts.queries import Recipient
from app.billing.queries.promises import Promise
from app.notifications.speech import Say, SayMany, say_amount, say_day, speak, speak_many

# An amount of minor units in the reader's words.
Price = Callable[[int], str]


def say_promise(_: Say, ngettext: SayMany, promise: Promise, price: Price) -> str:
    """Return what a subscription with an offer costs, and what it costs when the offer is over."""
    said = {"price": price(promise.amount) if promise.amount else _("Free")}
    said |= {
        "full": price(promise.after),
        "every": say_every(_, ngettext, promise.term, promise.term_count),
    }
    if not promise.payments:
        return _("%(price)s %(every)s, for as long as it runs", **said)
    if promise.payments == 1:
        return _("%(price)s the first time, then %(full)s %(every)s", **said)
    return ngettext(
        "%(price)s for the first %(num)s payment, then %(full)s %(every)s",
        "%(price)s for each of the first %(num)s payments, then %(full)s %(every)s",
        promise.payments,
        **said,
    )


def say_full_price(_: Say, promise: Promise, price: Price, *, day: str) -> str:
    """Return from when the full price is charged; `day` is that of `promise.full_from`."""
    return _("From %(day)s on it costs %(full)s.", day=day, full=price(promise.after))


def promise_lines(promise: Promise, recipient: Recipient) -> tuple[str, ...]:
    """Return what a mail says of an offer: what it promises, and from when the full price is charged."""
    _, ngettext = speak(recipient.language), speak_many(recipient.language)
    price = partial(say_amount, currency=promise.currency, language=recipient.language)
    said = say_promise(_, ngettext, promise, price)
    if promise.full_from is None:
        return (_("Your offer: %(promise)s", promise=said),)
    day = say_day(promise.full_from, language=recipient.language, timezone=recipient.timezone)
    return (
        _("Your offer: %(promise)s", promise=said),
        say_full_price(_, promise, price, day=day),
    )


def say_every(_: Say, ngettext: SayMany, term: str, count: int) -> str:
    """Return how often a subscription renews."""
    if count == 1:
        return _("every year") if term == "year" else _("every month")
    if term == "year":
        return ngettext("every %(num)s year", "every %(num)s years", count)
    return ngettext("every %(num)s month", "every %(num)s months", count)
