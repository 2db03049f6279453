"""Where a form was sent from: beside its token, the browser's own word that it was a page of ours.

A token can leak (a cached page, a screenshot of a source); the browser's word cannot be forged by another
site. It is asked only as far as it is given: browsers within chat apps send `Origin: null`, or none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import Forbidden

from app.blueprints.entrance import current_site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Sent by machines, whose signature is their right: a payment provider, a mail program.
_BY_MACHINES = frozenset({"billing.hear_stripe", "notifications.stop_mail"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


# What the browser asked for, where the application sees the base address.
_ASKED = "planetarium.host"


class Front:
    """Shows every request to the application as one for the base address, whatever it says itself: a host or
    a scheme in a header is the visitor's word, or a proxy's that leaves out a port."""

    def __init__(self, application: WSGIApplication, base_url: str) -> None:
        self.application = application
        parts = urlsplit(base_url)
        self.scheme, self.host = parts.scheme, parts.netloc

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does."""
        own = {
            **environ,
            _ASKED: f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}",
            "HTTP_HOST": self.host,
            "wsgi.url_scheme": self.scheme,
        }
        return self.application(own, start_response)


def install(app: Flask) -> None:
    """Refuse what another site sends, before anything of it is read."""

    def hold() -> None:
        if request.method in _READING or request.endpoint in _BY_MACHINES:
            return
        if request.headers.get("Sec-Fetch-Site") == "cross-site" or not _is_ours():
            raise Forbidden

    app.before_request(hold)


def _is_ours() -> bool:
    """Whether the page that sent this is of ours, as far as the browser says."""
    origin = request.headers.get("Origin", "null")
    if origin == "null":
        return True
    return _place(origin) in _own_places()


def own_path() -> str:
    """Return path and query of the page of ours that the browser names as the one before; "" without."""
    sent = request.referrer or ""
    try:
        parts = urlsplit(sent)
    except ValueError:
        return ""
    if not sent or _place(sent) not in _own_places():
        return ""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _own_places() -> tuple[str, ...]:
    """Return where our pages stand, by name and port: before a proxy that speaks TLS for us the scheme is
    another, and whoever tries things out may come by another name than the base address."""
    asked = str(request.environ.get(_ASKED, ""))
    return _place(asked), _place(current_site().base_url)


def _place(address: str) -> str:
    try:
        parts = urlsplit(address.lower())
    except ValueError:
        return "?"
    return parts.netloc.removesuffix(_DEFAULT_PORTS.get(parts.scheme, ":"))
