"""What is said of codes and complimentary access that were refused."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from app.billing.queries.codes import BatchView
from app.blueprints.planets.words import sentence
from app.kernel.errors import Invalid

SENTENCES: dict[str, Any] = {
    "code_mistyped": lazy_gettext(
        "There is a typing error in this code. Compare it letter by letter with what you got."
    ),
    "code_unknown": lazy_gettext(
        "This code is well written, but nobody gave it out. Ask whoever you have it from."
    ),
    "code_elsewhere": lazy_gettext(
        "This code belongs to another planet. Open the link that came with it."
    ),
    "code_revoked": lazy_gettext(
        "This code was revoked by the planet. Ask whoever you have it from."
    ),
    "code_ended": lazy_gettext("The time to use this code is over."),
    "code_used_by_you": lazy_gettext("You have used this code already. It counts once a person."),
    "code_used_up": lazy_gettext("This code is used up: others were faster."),
    "code_sold_out": lazy_gettext(
        "The code is good, but the plan has no free seat now. Nothing was used; try again later."
    ),
    "code_prefix": lazy_gettext("At most %(high)s letters A–Z and digits."),
    "share_left": lazy_gettext("At most %(high)s percent: all shares together are half at most."),
    "payout_most": lazy_gettext("More than nothing, and at most what is owed."),
    "comp_too_many": lazy_gettext("At most %(high)s addresses at once."),
    "comp_address": lazy_gettext(
        "This does not look like an e-mail address. Nothing was sent yet: %(refused)s"
    ),
}
STATE_NAMES: dict[str, tuple[Any, str]] = {
    "fresh": (lazy_gettext("Not downloaded yet"), "warn"),
    "open": (lazy_gettext("In use"), "ok"),
    "spent": (lazy_gettext("Used up"), ""),
    "ended": (lazy_gettext("Over"), ""),
    "revoked": (lazy_gettext("Revoked"), "error"),
}


def told(error: Invalid, **renamed: str) -> dict[str, str]:
    """Return an error as a form takes it; `renamed`: fields that are called otherwise there."""
    words = SENTENCES.get(error.code)
    text = str(words) % error.values if words is not None else sentence(error)
    return {renamed.get(error.field, error.field): text}


def lasts_words(batch: BatchView) -> str:
    """Return how long a code of a batch lasts."""
    if batch.months:
        return str(ngettext("%(num)s month", "%(num)s months", batch.months))
    if batch.days:
        return str(ngettext("%(num)s day", "%(num)s days", batch.days))
    return str(gettext("as the plan says"))
