"""Headers that hold the browser to our rules: strict CSP, no framing, no sniffing, no referrer."""

from __future__ import annotations

from flask import Flask, Response, request

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


def install(app: Flask, *, checkout_hosts: tuple[str, ...], https: bool) -> None:
    """Add the headers to every response; pages of signed-in people are never kept by caches."""
    headers = {**_FIXED, "Content-Security-Policy": content_security_policy(checkout_hosts)}
    if https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    def add(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers and request.endpoint != "static":
            response.headers["Cache-Control"] = "private, no-store"
        return response

    app.after_request(add)
