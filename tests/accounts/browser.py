"""A browser for tests of forms: keeps cookies and sends the page's CSRF token with each POST."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.cast import PASSWORD

_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
HOME = "198.51.100.7"


class Visitor:
    """A person at a browser, in a network of his own."""

    def __init__(self, app: Flask, address: str = HOME, user_agent: str = "Firefox/140.0 Linux"):
        app.config["WTF_CSRF_ENABLED"] = True
        self.client: FlaskClient = app.test_client()
        self.environ = {"REMOTE_ADDR": address}
        self.headers = {"User-Agent": user_agent, "Accept-Language": "en"}

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """Open a page."""
        headers = self.headers | kwargs.pop("headers", {})
        return self.client.get(path, environ_overrides=self.environ, headers=headers, **kwargs)

    def post(self, path: str, **fields: Any) -> TestResponse:
        """Send a form with its token."""
        data = {"csrf_token": self.token(), **fields}
        return self.client.post(
            path, data=data, environ_overrides=self.environ, headers=self.headers
        )

    def token(self) -> str:
        """Return the token of a page that everybody may open."""
        found = _TOKEN.search(self.get("/reset").get_data(as_text=True))
        assert found is not None
        return found.group(1)

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        """Fill in the sign-in form."""
        return self.post("/sign-in", email=email, password=password)

    @property
    def signed_in(self) -> bool:
        """Whether a page of one's own opens."""
        return self.get("/account").status_code == 200


def plain(answer: TestResponse, email: str = "") -> str:
    """Return a page without what differs by nature: tokens, and the address that was typed."""
    page = re.sub(r'name="csrf-token" content="[^"]+"', "", answer.get_data(as_text=True))
    page = re.sub(r'name="csrf_token" value="[^"]+"', "", page)
    return page.replace(email, "ADDRESS") if email else page
