"""What is said of forms about access and money that were refused."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

from app.blueprints.planets.words import sentence
from app.kernel.errors import Invalid

_SENTENCES: dict[tuple[str, str], Any] = {
    ("reason", "required"): lazy_gettext("Write why: it stands in the audit trail."),
    ("member", "staffed"): lazy_gettext(
        "This access comes from a role, or the person was removed. Change the role instead."
    ),
    ("way", "nothing_left"): lazy_gettext("There is nothing left to give back this way."),
    ("amount", "required"): lazy_gettext("Say how much."),
    ("amount", "money"): lazy_gettext("Write an amount, such as 19.90."),
    ("amount", "money_decimals"): lazy_gettext(
        "%(currency)s is written with %(decimals)s decimals at most."
    ),
    ("amount", "amount"): lazy_gettext("More than nothing, and at most what is left."),
}


def told(error: Invalid) -> dict[str, str]:
    """Return an error as a form takes it."""
    words = _SENTENCES.get((error.field, error.code))
    return {error.field: str(words) % error.values if words is not None else sentence(error)}
