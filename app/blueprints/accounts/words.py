"""What is said about a field that was filled in wrongly, and a form's collection of such words."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

from flask import Response, after_this_request
from flask_babel import lazy_gettext, ngettext

from app.kernel.errors import Invalid, LimitReached

P = ParamSpec("P")
T = TypeVar("T")

_ANY = ""
_WORDS: dict[tuple[str, str], Any] = {
    ("name", "empty"): lazy_gettext("Please enter a name."),
    ("name", "hidden_characters"): lazy_gettext("A name cannot contain invisible characters."),
    ("name", "too_many_marks"): lazy_gettext("There are too many accents on one letter."),
    ("name", "reserved_name"): lazy_gettext("This name is kept for the site and its staff."),
    ("name", "no_letters"): lazy_gettext("A name needs at least one letter, digit or emoji."),
    ("name", "taken"): lazy_gettext(
        "In one of your planets somebody has this name or one that looks like it. Take another, or "
        "a nickname in that planet."
    ),
    ("email", "bad_address"): lazy_gettext("This does not look like an e-mail address."),
    ("email", "same_address"): lazy_gettext("This is your address already."),
    ("email", "not_invited"): lazy_gettext("The invitation was sent to another address."),
    (_ANY, "too_short"): lazy_gettext("Too short: at least %(min)s characters."),
    (_ANY, "too_long"): lazy_gettext("Too long: at most %(max)s characters."),
    (_ANY, "too_common"): lazy_gettext(
        "This password is easy to guess. Try a few words that only you would put together."
    ),
    (_ANY, "too_personal"): lazy_gettext(
        "Your name or address makes a password easy to guess. Try a few words that only you would put "
        "together."
    ),
    (_ANY, "not_offered"): lazy_gettext("Please choose one from the list."),
    (_ANY, "wrong_password"): lazy_gettext("This is not your password."),
}


class Problems(dict[str, str]):
    """Field -> sentence, in the order found; the key "" is for the form as a whole."""

    _held_up = False

    @property
    def status(self) -> int:
        """The HTTP status of the form's page: 200 without problems, 422 with, 429 when held up."""
        if not self:
            return HTTPStatus.OK
        return HTTPStatus.TOO_MANY_REQUESTS if self._held_up else HTTPStatus.UNPROCESSABLE_ENTITY

    def hold_up(self, reached: LimitReached) -> None:
        """Note that there were too many tries: the form comes back with what was typed."""
        self[""] = ngettext(
            "Too many tries. Try again in %(num)s minute.",
            "Too many tries. Try again in %(num)s minutes.",
            reached.minutes,
        )
        self._held_up = True
        after_this_request(_saying(reached.retry_after))

    def check(self, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return what `make` returns; None when it raises Invalid, which is noted."""
        try:
            return make(*args, **kwargs)
        except Invalid as error:
            self.note(error)
            return None

    def note(self, error: Invalid) -> None:
        """Keep the words for an error; the first of a field stands."""
        known = (error.field, error.code) in _WORDS
        words = _WORDS[(error.field if known else _ANY, error.code)]
        self.setdefault(error.field, str(words) % error.values)


def _saying(seconds: int) -> Callable[[Response], Response]:
    def add(response: Response) -> Response:
        response.headers["Retry-After"] = str(seconds)
        return response

    return add
