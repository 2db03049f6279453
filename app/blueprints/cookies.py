"""What we sign for browsers, quickly: Flask's session cookie, checked once and then known by its text,
and the token of its forms, signed once for a session."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

from flask import Flask, Request, Response, current_app, g, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadSignature, URLSafeTimedSerializer

KEPT = 4096
_FLAT = (str, int, bool)


class Cookies(SecureCookieSessionInterface):
    """Flask's sessions; a cookie whose signature this process has checked is not checked again.

    The same text under the same key has the same signature for ever; its age is looked at each time.
    Only flat contents are kept: lists (messages for the next page) change in place.
    """

    def __init__(self, app: Flask) -> None:
        serializer = super().get_signing_serializer(app)
        assert serializer is not None, "a secret key is set before the sessions"
        self._serializer = serializer
        self._check = lru_cache(KEPT)(self._check_signature)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer:
        """Return the serializer, made once."""
        return self._serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """Return what the request's cookie says; an empty session when it is missing, old or false."""
        cookie = request.cookies.get(self.get_cookie_name(app))
        if not cookie:
            return self.session_class()
        try:
            content, signed_at = self._check(cookie)
            if time.time() - signed_at > app.permanent_session_lifetime.total_seconds():
                return self.session_class()
            return self.session_class(content if content is not None else self._read(cookie))
        except BadSignature:
            return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the cookie when it says something new. Otherwise Flask would put together all that a
        cookie has, only to find that there is nothing to send."""
        if session.modified or app.config["SESSION_REFRESH_EACH_REQUEST"]:
            super().save_session(app, session, response)
        elif session.accessed:
            response.headers.add("Vary", "Cookie")

    def _check_signature(self, cookie: str) -> tuple[dict[str, Any] | None, float]:
        """Return a true cookie's content, None unless flat, and when it was signed (seconds)."""
        content, signed_at = self._serializer.loads(cookie, return_timestamp=True)
        flat = all(type(value) in _FLAT for value in content.values())
        return content if flat else None, signed_at.timestamp()

    def _read(self, cookie: str) -> dict[str, Any]:
        content: dict[str, Any] = self._serializer.loads(cookie)
        return content


def csrf_token() -> str:
    """Return the token of this session's forms: Flask-WTF's, signed once for the session's secret and
    kept by it (it has no end: WTF_CSRF_TIME_LIMIT is None)."""
    tokens: dict[str, str] = current_app.extensions["planetarium.tokens"]
    secret = session.get("csrf_token")
    if secret in tokens:
        g.csrf_token = tokens[secret]
        return tokens[secret]
    token: str = generate_csrf()
    if len(tokens) >= KEPT:
        tokens.clear()
    tokens[session["csrf_token"]] = token
    return token


def install(app: Flask) -> None:
    """Read sessions our way, and give templates `csrf_token()`. After CSRFProtect, whose it replaces."""
    app.session_interface = Cookies(app)
    app.extensions["planetarium.tokens"] = {}
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.context_processor(lambda: {"csrf_token": csrf_token})
