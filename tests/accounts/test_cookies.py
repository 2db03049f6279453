"""The session cookie: read quickly, and still only when it is true and young."""

from __future__ import annotations

import time

import pytest
import time_machine
from flask import Flask, session
from flask.testing import FlaskClient

from app.blueprints.cookies import Cookies
from tests.cast import Cast


def _cookie(app: Flask, **content: object) -> str:
    made: str = app.session_interface.get_signing_serializer(app).dumps(content)  # type: ignore
    return made


def _content(app: Flask, cookie: str) -> dict[str, object]:
    with app.test_request_context("/", headers={"Cookie": f"planetarium={cookie}"}):
        return dict(session)


def test_a_true_cookie_is_read_again_and_again(app: Flask) -> None:
    cookie = _cookie(app, a="1", b=True)
    assert [_content(app, cookie) for _ in range(3)] == [{"a": "1", "b": True}] * 3


@pytest.mark.parametrize(
    # Not the last letter: two of its bits mean nothing.
    "change",
    [lambda c: c[:-2] + ("A" if c[-2] != "A" else "B") + c[-1], lambda c: "x"],
)
def test_a_changed_cookie_is_an_empty_session(app: Flask, change) -> None:
    cookie = _cookie(app, a="1")
    _content(app, cookie)
    assert _content(app, change(cookie)) == {}


def test_what_is_only_read_is_not_sent_again(app: Flask) -> None:
    headers = {"Cookie": f"planetarium={_cookie(app, a='1')}"}
    with app.test_request_context("/", headers=headers):
        assert session["a"] == "1"
        answer = app.make_response("read")
        app.session_interface.save_session(app, session, answer)
        assert (answer.headers.get("Vary"), answer.headers.get("Set-Cookie")) == ("Cookie", None)
    with app.test_request_context("/", headers=headers):
        session["a"] = "2"
        answer = app.make_response("changed")
        app.session_interface.save_session(app, session, answer)
        assert "Set-Cookie" in answer.headers


def test_anothers_key_makes_no_session(app: Flask) -> None:
    other = Flask("other")
    other.secret_key = "another secret, long enough to be one"
    assert _content(app, _cookie(app, a="1")) == {"a": "1"}
    foreign = Cookies(other).get_signing_serializer(other).dumps({"a": "1"})
    assert _content(app, foreign) == {}


def test_an_old_cookie_is_refused_though_it_is_known(app: Flask) -> None:
    cookie = _cookie(app, a="1")
    assert _content(app, cookie) == {"a": "1"}
    with time_machine.travel(time.time() + 61 * 86_400):
        assert _content(app, cookie) == {}


def test_what_a_request_changes_stays_its_own(app: Flask) -> None:
    cookie = _cookie(app, a="1", _flashes=[("ok", "once")])
    for _ in range(2):
        with app.test_request_context("/", headers={"Cookie": f"planetarium={cookie}"}):
            assert len(session["_flashes"]) == 1
            session["a"] = "2"
            session["_flashes"].append(("ok", "more"))
    flat = _cookie(app, a="1")
    for _ in range(2):
        with app.test_request_context("/", headers={"Cookie": f"planetarium={flat}"}):
            assert session["a"] == "1"
            session["a"] = "2"


def test_the_cookie_is_sent_again_with_the_row_not_with_each_answer(cast: Cast) -> None:
    client: FlaskClient = cast.client("member")
    client.get(f"/p/{cast.slug}")
    assert "Set-Cookie" not in client.get(f"/p/{cast.slug}").headers
    with time_machine.travel(time.time() + 3600):
        assert "planetarium=" in client.get(f"/p/{cast.slug}").headers.get("Set-Cookie", "")
        assert "Set-Cookie" not in client.get(f"/p/{cast.slug}").headers
