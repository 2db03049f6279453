"""The grid of the site and of a person's own account."""

from __future__ import annotations

from tests.policy.grid_rows import EVERYBODY, NOBODY, SIGNED_IN, SIGNED_IN_ACT

GRID: dict[str, str] = {
    # the site
    "GET /": EVERYBODY,
    "GET /discover": EVERYBODY,
    "GET /healthz": EVERYBODY,
    # Without a token in the settings there are no metrics, and mails are shown in development only.
    "GET /metrics": NOBODY,
    "GET /dev/mail": NOBODY,
    "GET /dev/mail/x": NOBODY,
    "GET /planets/new": SIGNED_IN,
    "POST /planets/new": SIGNED_IN_ACT,
    # signing in: whoever is in already is led on
    "GET /sign-in": EVERYBODY,
    "GET /sign-up": EVERYBODY,
    "GET /reset": EVERYBODY,
    "POST /sign-out": SIGNED_IN_ACT,
    # the account
    "GET /account": SIGNED_IN,
    "POST /account": SIGNED_IN_ACT,
    "POST /account/avatar": SIGNED_IN_ACT,
    "GET /account/sessions": SIGNED_IN,
    "POST /account/sessions/{session_member}/end": "HHHH AHH HHHH HH H D",
    "POST /account/sessions/end-others": SIGNED_IN_ACT,
    "GET /account/security": SIGNED_IN,
    "POST /account/password": SIGNED_IN_ACT,
    "POST /account/address": SIGNED_IN_ACT,
    "GET /account/preferences": SIGNED_IN,
    "POST /account/preferences": SIGNED_IN_ACT,
    "GET /account/close": SIGNED_IN,
    "POST /account/close": SIGNED_IN_ACT,
    "GET /confirmation": SIGNED_IN,
    "POST /confirmation": SIGNED_IN_ACT,
    # what is for me, over all planets
    "GET /notices": SIGNED_IN,
    "GET /notices/{notice_member}": "HHHH AHH HHHH HH H S",
    "POST /notices/read": SIGNED_IN_ACT,
    "GET /questions": SIGNED_IN,
    "GET /bookmarks": SIGNED_IN,
    # One's own or nobody's: the answer is the same, so it tells nothing of others' bookmarks.
    "POST /bookmarks/{t_private}/drop": SIGNED_IN_ACT,
}
