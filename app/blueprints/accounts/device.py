"""The cookie by which a browser is known again to the people who signed in with it.

It opens nothing. It only gives the browser a counter of its own when somebody else fills the
counters of an address (see `app.accounts.limits`).
"""

from __future__ import annotations

from flask import current_app, request
from werkzeug.wrappers import Response

from app.accounts.addresses import email_key
from app.kernel.ids import new_public_id
from app.kernel.signing import sign, unsign

COOKIE = "device"
# 400 days are the most a browser keeps a cookie.
MAX_AGE = 400 * 24 * 3600
MOST_PEOPLE = 5
_PURPOSE = "device"


def known_for(email: str) -> str:
    """Return the browser's name when this address was signed in with it, else ""."""
    name, people = _read()
    return name if _person(email) in people else ""


def remember(response: Response, email: str) -> None:
    """Let the browser be known for this address from now on, beside the last four others."""
    name, people = _read()
    person = _person(email)
    kept = [person, *(p for p in people if p != person)][:MOST_PEOPLE]
    value = "~".join((name or new_public_id(), *kept))
    response.set_cookie(
        COOKIE,
        sign(value, key=_key(), purpose=_PURPOSE),
        max_age=MAX_AGE,
        path="/sign-in",
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )


def _read() -> tuple[str, list[str]]:
    value = unsign(request.cookies.get(COOKIE, ""), key=_key(), purpose=_PURPOSE)
    name, *people = (value or "").split("~")
    return name, people


def _person(email: str) -> str:
    """An address as the cookie holds it: hashed with our key, so that nobody can guess it back."""
    return sign(email_key(email), key=_key(), purpose="device-person").rpartition(".")[2][:22]


def _key() -> str:
    return str(current_app.secret_key)
