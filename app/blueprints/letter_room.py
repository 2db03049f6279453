"""What is said to somebody who may send no more letters to strangers today, and when to try again."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import gettext, ngettext

from app.blueprints.language import in_a_row, local_datetime
from app.kernel import clock
from app.kernel.errors import LimitReached
from app.notifications.strangers import NoRoom


def told_no_room(refusal: NoRoom) -> str:
    """Return the sentences about a refusal; the same whether or not an address has an account."""
    if refusal.who == "mailbox":
        said = gettext("%(address)s has got enough letters for today.", address=refusal.address)
    elif refusal.left:
        said = ngettext(
            "You can write to %(num)s more address today.",
            "You can write to %(num)s more addresses today.",
            refusal.left,
        )
    elif refusal.who == "person":
        said = gettext("You have sent as many letters today as one person may.")
    else:
        said = gettext("This planet has sent as many letters today as it may.")
    return _told(said, refusal.until)


def told_limit(reached: LimitReached) -> str:
    """Return the same for a counter that is full."""
    until = clock.now() + timedelta(seconds=reached.retry_after)
    return _told(gettext("This planet has sent as many letters today as it may."), until)


def _told(said: str, until: datetime) -> str:
    again = gettext("Nothing was sent; try again after %(when)s.", when=local_datetime(until))
    return str(in_a_row([said, again]))
