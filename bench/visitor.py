"""A browser as small as can be: cookies, pages, forms. For benches that act as people do.

No redirect is followed: the 303 after a POST is the acknowledgement that the benches wait for.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

PATIENCE = 30.0


class NoSuchForm(AssertionError):
    """The page has no form with the wanted field and action; the message lists those it has."""


@dataclass
class Form:
    """A form of a page: where it goes, what it asks for, and what it would send untouched."""

    action: str
    method: str
    names: set[str] = field(default_factory=set)
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back for a request."""

    status: int
    location: str
    text: str


class Visitor:
    """One person's browser on a site at 127.0.0.1."""

    def __init__(self, port: int, *, cookie: str = "") -> None:
        self._port = port
        # `cookie`: one that is held already, name=value.
        name, _, value = cookie.partition("=")
        self._cookies: dict[str, str] = {name: value} if name else {}
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Answer:
        """Ask for a page. OSError or HTTPException when no answer comes."""
        return self._send("GET", path, "")

    def post(self, path: str, fields: dict[str, str]) -> Answer:
        """Send a form. OSError or HTTPException when no answer comes: it may have been done."""
        return self._send("POST", path, urlencode(fields))

    def send_raw(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send bytes as they are, e.g. a form with a file. OSError or HTTPException without an answer."""
        return self._ask("POST", path, body, headers)

    def fill(self, path: str, wanted: str, **typed: str) -> Answer:
        """Get a page and send its form whose action ends with `wanted`, with the fields typed.

        Returns the page itself when it is not 200.
        """
        page = self.get(path)
        if page.status != 200:
            return page
        form = find_form(page.text, path, wanted, set(typed))
        return self.post(form.action, {**form.fields, **typed})

    def sign_in(self, email: str, password: str) -> None:
        """Sign in by the form; AssertionError when that is refused."""
        answer = self.fill("/sign-in", "/sign-in", email=email, password=password)
        assert answer.status == 303, f"sign-in of {email} answered {answer.status}"

    def _send(self, method: str, path: str, body: str) -> Answer:
        form = {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        return self._ask(method, path, body.encode(), form)

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        connection = self._connection or http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=PATIENCE
        )
        if method == "POST":
            headers = {**headers, "Referer": f"http://127.0.0.1:{self._port}/"}
        headers = {**headers, "Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())}
        # Taken back when the answer is read: after any trouble the next request connects anew.
        self._connection = None
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self._cookies[name] = morsel.value
        return Answer(response.status, response.headers.get("Location", ""), text)


def find_form(html: str, path: str, wanted: str, fields: set[str]) -> Form:
    """Return the page's first POST form with these fields whose action ends with `wanted`."""
    reader = _FormReader(path)
    reader.feed(html)
    for form in reader.forms:
        ends = urlsplit(form.action).path.endswith(wanted)
        if form.method == "post" and ends and fields <= form.names:
            return form
    found = [(form.action, sorted(form.names)) for form in reader.forms]
    raise NoSuchForm(f"no form {wanted} with {sorted(fields)} at {path}; there are {found}")


class _FormReader(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._path = path
        self._inside: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms and their fields as a browser would send them untouched."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = Form(given.get("action") or self._path, given.get("method", "get"))
            self.forms.append(self._inside)
        elif self._inside is not None and given.get("name"):
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self._inside is not None
        if tag in ("textarea", "select", "input"):
            self._inside.names.add(given["name"])
        if tag in ("textarea", "select"):
            self._inside.fields.setdefault(given["name"], "")
        elif tag == "input" and given.get("type") not in ("submit", "button", "file"):
            if given.get("type") in ("radio", "checkbox") and "checked" not in given:
                return
            self._inside.fields.setdefault(given["name"], given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """Leave the form."""
        if tag == "form":
            self._inside = None
