"""How much a request may send: little, unless somebody signed in sends a form that takes files."""

from __future__ import annotations

import contextvars
import inspect
import io

import pytest
from flask import Flask

from app.blueprints.bodies import BUSY, SMALL, TAKES_FILES
from tests.cast import Cast

LARGE = b"x" * (2 * SMALL)


@pytest.mark.parametrize("address", ["/sign-in", "/language", "/webhooks/stripe", "/p/orbit/preview",
                                     "/p/orbit/join", "/nowhere"])  # fmt: skip
@pytest.mark.parametrize("persona", ["visitor", "member"])
def test_a_large_body_is_refused_where_no_file_is_taken(
    cast: Cast, address: str, persona: str
) -> None:
    answer = cast.client(persona).post(address, data={"text": LARGE})
    assert answer.status_code in ((404, 413) if address == "/nowhere" else (413,))


@pytest.mark.parametrize("address", ["/p/orbit/uploads", "/p/orbit/write", "/account/avatar"])
def test_a_large_body_needs_a_live_session(cast: Cast, address: str) -> None:
    def send(persona: str) -> int:
        form = {"file": (io.BytesIO(LARGE), "a.bin"), "kind": "file"}
        return cast.client(persona).post(address, data=form).status_code

    # What was too large is not the matter: he has to sign in.
    assert send("visitor") == 403
    assert send("owner") not in (403, 413)


def test_the_server_is_told_by_the_head_alone(cast: Cast) -> None:
    asked = cast.app.config["BODY_ALLOWANCE"]

    def allowance(path: str, cookie: str = "") -> int:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_HOST": "planet.test",
            "HTTP_COOKIE": cookie,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        # As in the server's threads: no context of another request is open there.
        return int(contextvars.Context().run(asked, environ))

    client = cast.client("member")
    stored = client.get_cookie("planetarium")
    assert stored is not None
    cookie = f"planetarium={stored.value}"
    most = cast.app.config["MAX_CONTENT_LENGTH"]
    assert allowance("/p/orbit/uploads", cookie) == most
    assert allowance("/p/orbit/uploads") == SMALL
    assert allowance("/p/orbit/uploads", "planetarium=forged.x.y") == SMALL
    assert allowance("/p/orbit/preview", cookie) == SMALL
    assert allowance("/nowhere", cookie) == SMALL
    assert client.post("/sign-out").status_code == 303
    assert allowance("/p/orbit/uploads", cookie) == SMALL


def test_a_server_without_room_says_when_to_come_back(cast: Cast) -> None:
    answer = cast.client("owner").post("/p/orbit/write", headers={BUSY: "1"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_every_form_that_takes_files_is_listed(app: Flask) -> None:
    # What reads files for others is found by its name.
    marks = ("request.files", "_with_cover(", "_send(planet, actor, public_id, state)")
    reading = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if any(mark in inspect.getsource(inspect.unwrap(view)) for mark in marks)
    }
    assert reading == TAKES_FILES
