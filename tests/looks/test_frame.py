"""The frame is drawn once for the same contents, and never mixes readers, languages or places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import pytest
from flask import Flask
from flask_babel import force_locale
from markupsafe import Markup

from app.blueprints.frame import KEPT_AT_MOST, Frame, Place, drawn

FRAME = Frame(
    language="en",
    site="Site",
    active="home",
    links=(("home", "/"), ("notices", "/notices"), ("me", "/account"), ("sign_out", "/sign-out")),
    name="Wang Xiaoyu",
    face="",
    here=Place("p1", "First", ""),
    mine=(Place("p1", "First", "", "/p/p1", "jade", 3), Place("p2", "Second", "", "/p/p2")),
    waiting=0,
    unread=0,
)


@pytest.fixture
def macros(app: Flask) -> dict[str, Callable[..., Markup]]:
    with app.test_request_context("/"):
        module = app.jinja_env.get_template("layout/frame.html").module
        return {name: getattr(module, name) for name in ("topbar", "rail", "tabbar")}


def changed(field: str) -> Frame:
    """Return the frame with one field that is shown made different."""
    values = {
        "site": "Other site",
        "active": "notices",
        "links": (*FRAME.links, ("discover", "/discover"), ("compose", "/p/p1/write")),
        "name": "He Ping",
        "face": "/media/face",
        "here": Place("p2", "Second", ""),
        "mine": FRAME.mine[:1],
        "waiting": 5,
        "unread": 7,
    }
    return replace(FRAME, **{field: values[field]})


def test_the_same_frame_is_drawn_once(app: Flask, macros: dict[str, Callable[..., Markup]]) -> None:
    calls = []

    def macro(frame: Frame, _links: dict[str, str]) -> Markup:
        calls.append(frame)
        return Markup("drawn")

    macro.name = "counted"  # type: ignore[attr-defined]
    with app.test_request_context("/"):
        assert drawn(FRAME, macro) == drawn(replace(FRAME), macro) == "drawn"
    assert len(calls) == 1


@pytest.mark.parametrize("field", [one.name for one in fields(Frame) if one.name != "language"])
def test_whatever_differs_is_drawn_anew(
    app: Flask, macros: dict[str, Callable[..., Markup]], field: str
) -> None:
    other = changed(field)
    with app.test_request_context("/"), force_locale("en"):
        for macro in macros.values():
            drawn(FRAME, macro)
            fresh = macro(other, dict(other.links))
            assert drawn(other, macro) == fresh
            assert drawn(FRAME, macro) == macro(FRAME, dict(FRAME.links))


def test_no_token_is_kept(app: Flask, macros: dict[str, Callable[..., Markup]]) -> None:
    with app.test_request_context("/"):
        for macro in macros.values():
            assert "csrf" not in drawn(FRAME, macro)


def test_what_is_kept_is_bounded(app: Flask, macros: dict[str, Callable[..., Markup]]) -> None:
    with app.test_request_context("/"):
        for number in range(KEPT_AT_MOST + 20):
            drawn(replace(FRAME, unread=number), macros["tabbar"])
    assert len(app.extensions["planetarium.frames"].kept) == KEPT_AT_MOST
