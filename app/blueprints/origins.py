"""Where a form was sent from: beside its token, the browser's own word that it was a page of ours.

A token can leak (a cached page, a screenshot of a source); the browser's word cannot be forged by another
site. It is asked only as far as it is given: browsers within chat apps send `Origin: null`, or none.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import Forbidden

from app.blueprints.entrance import current_site

# Sent by machines, whose signature is their right: a payment provider, a mail program.
_BY_MACHINES = frozenset({"billing.hear_stripe", "notifications.stop_mail"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


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
    sent = _place(origin)
    # By name and port: before a proxy that speaks TLS for us the scheme is another.
    return sent in (_place(f"{request.scheme}://{request.host}"), _place(current_site().base_url))


def _place(address: str) -> str:
    try:
        parts = urlsplit(address.lower())
    except ValueError:
        return "?"
    return parts.netloc.removesuffix(_DEFAULT_PORTS.get(parts.scheme, ":"))
