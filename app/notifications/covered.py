"""What is said of how somebody's access and trial stand: in dialogs, pages, mails and stories alike (R34)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from app.billing.queries.trials import Trial, TrialState
from app.memberships.queries.covered import Cover, Covered
from app.notifications.speech import Say


def say_covered(_: Say, covered: Covered, *, last_day: Callable[[datetime], str]) -> str:
    """Return what is to be said of access, "" where there is none to speak of. `last_day` says the last day
    before a moment in the reader's words."""
    day = last_day(covered.until) if covered.until else ""
    match covered.cover:
        case Cover.NONE:
            return ""
        case Cover.ROLE:
            return _("The access comes with the role and stays.")
        case Cover.RUNS if day and covered.paused:
            return _(
                "The membership runs until %(day)s, and later by as long as the planet is paused.",
                day=day,
            )
        case Cover.RUNS if day:
            return _("The membership runs until %(day)s.", day=day)
        case Cover.RUNS:
            return _("The membership goes on and has no end.")
        case Cover.GRACE if covered.last:
            return _(
                "The membership ended on %(day)s; access lasts until %(last)s.",
                day=day,
                last=last_day(covered.last),
            )
        case Cover.RESTS:
            return _("The membership rests until the bank has decided.")
        case Cover.ENDS:
            return _("The membership ends with it, at once.")
        case _ended if day:
            return _("The membership ended on %(day)s.", day=day)
        case _ended:
            return _("The membership has ended.")


def say_trial(_: Say, trial: Trial, *, day: str, price: str) -> str:
    """Return what is to be said of a trial before its first payment: until when it is free, when and how
    much is charged first, and how to stop (R28). `day` is that of the charge, `price` its amount."""
    match trial.state:
        case TrialState.RUNS:
            return _(
                "It is free until %(day)s. On that day the first charge comes: %(price)s. To stop, cancel "
                "the subscription on the order’s page before: then nothing is charged.",
                day=day,
                price=price,
            )
        case TrialState.ENDS:
            return _("It is free until %(day)s and ends then: nothing will be charged.", day=day)
        case TrialState.UNPAID:
            return _(
                "The free time is over, and the first charge of %(price)s failed. Please look after your "
                "card.",
                price=price,
            )
        case _over:
            return _("The free trial is over. Nothing was charged.")
