"""The one sentence about how somebody's access stands: in dialogs, pages, mails and stories alike (R34)."""

from __future__ import annotations

from app.memberships.queries.covered import Cover, Covered
from app.notifications.speech import Say


def say_covered(_: Say, covered: Covered, *, day: str) -> str:
    """Return what is to be said of access, "" where there is none to speak of. `day` is the last day of
    `covered.until` in the reader's words, "" where it has none."""
    match covered.cover:
        case Cover.NONE:
            return ""
        case Cover.ROLE:
            return _("The access comes with the role and stays.")
        case Cover.RUNS if day:
            return _("The membership runs until %(day)s.", day=day)
        case Cover.RUNS:
            return _("The membership goes on and has no end.")
        case Cover.RESTS:
            return _("The membership rests until the bank has decided.")
        case Cover.ENDS:
            return _("The membership ends with it, at once.")
        case _ended if day:
            return _("The membership ended on %(day)s.", day=day)
        case _ended:
            return _("The membership has ended.")
