"""How large the body of a request may be: small, unless somebody signed in sends a form that takes files.

Asked twice. The server asks by the head of a request before it stores a large body (bin/serving); the
application asks again when it reads one, whoever serves it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge, ServiceUnavailable

from app.blueprints.entrance import current_viewer
from app.kernel.db import db
from app.kernel.errors import Refused
from app.policy import Reason

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SMALL = 1024 * 1024
RETRY_SECONDS = 30
# What the server says of a body that it had no room for.
BUSY = "Planetarium-Body-Busy"

TAKES_FILES = frozenset(
    {
        "accounts.change_avatar",
        "answers.save",
        "answers.send",
        "comments.save",
        "comments.write",
        "composer.publish",
        "editor.save",
        "media.upload",
        "planets.save_picture",
        "questions.send",
        "search.alike",
        "series.change",
        "series.create",
    }
)


def allowance(app: Flask) -> Callable[[WSGIEnvironment], int]:
    """Return what tells the server, by a request's head alone, how many bytes its body may have."""

    def asked(environ: WSGIEnvironment) -> int:
        with app.request_context(environ):
            try:
                return _limit()
            finally:
                db.session.remove()

    return asked


def install(app: Flask) -> None:
    """Hold every request to its limit. Before whatever reads a form: CSRF does."""
    app.config["BODY_ALLOWANCE"] = allowance(app)

    def hold() -> None:
        if BUSY in request.headers:
            raise ServiceUnavailable(retry_after=RETRY_SECONDS)
        length = request.content_length
        if length is None or length <= SMALL:
            # Without a length it is counted while it is read.
            request.max_content_length = min(SMALL, app.config["MAX_CONTENT_LENGTH"])
            return
        request.max_content_length = limit = _limit()
        if length > limit:
            if request.endpoint in TAKES_FILES and current_viewer() is None:
                raise Refused(Reason.SIGN_IN)
            raise RequestEntityTooLarge

    app.before_request(hold)


def _limit() -> int:
    """Return the bytes that this request may send."""
    most: int = current_app.config["MAX_CONTENT_LENGTH"]
    if request.endpoint in TAKES_FILES and current_viewer() is not None:
        return most
    return min(SMALL, most)
