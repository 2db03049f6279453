"""Headers that hold the browser to our rules: strict CSP, no framing, no sniffing, no referrer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def content_security_policy(checkout_hosts: tuple[str, ...]) -> str:
    """Return the CSP. `checkout_hosts` are payment pages a form may end at: Chromium applies
    form-action to the redirect after a POST too."""
    forms = " ".join(("'self'", *checkout_hosts))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; media-src 'self'; "
        f"form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
    )


class Guard:
    """Adds what is missing of `headers` to every answer of `application`. Around the application,
    not a hook in it: a list is joined here, where Werkzeug would compare every name with every other.
    """

    def __init__(self, application: WSGIApplication, headers: dict[str, str]) -> None:
        self.application = application
        self.headers = [(name.lower(), (name, value)) for name, value in headers.items()]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, with the headers."""

        def start(
            status: str, given: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            names = {name.lower() for name, _ in given}
            if "location" in names:
                given = [(name, _within(environ, name, value)) for name, value in given]
            missing = [header for name, header in self.headers if name not in names]
            return start_response(status, given + missing, exc_info)

        return self.application(environ, start)


def _within(environ: WSGIEnvironment, name: str, value: str) -> str:
    """Return a header's value; a way to a page of ours as a path, so that no redirect repeats a host which
    whoever asked has chosen."""
    own = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}/"
    if name.lower() != "location" or not value.startswith(own):
        return value
    return "/" + value[len(own) :].lstrip("/\\")


def install(app: Flask, *, checkout_hosts: tuple[str, ...], https: bool) -> None:
    """Add the headers to every answer; what does not say otherwise is never kept by caches."""
    headers = {
        **_FIXED,
        "Content-Security-Policy": content_security_policy(checkout_hosts),
        "Cache-Control": "private, no-store",
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    app.wsgi_app = Guard(app.wsgi_app, headers)  # type: ignore[method-assign]
