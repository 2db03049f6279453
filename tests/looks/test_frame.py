"""The frame is drawn once for the same contents, and never mixes readers, languages or places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import pytest
from flask import Flask, flash, render_template
from flask_babel import force_locale
from markupsafe import Markup

from app.blueprints.entrance import enter_planet
from app.blueprints.frame import Frame, Place, Shell, planet_page, shell
from app.blueprints.kept import GAP, Shelf, cut
from app.blueprints.navigation import frame_links
from tests.cast import Cast

FRAME = Frame(
    language="en",
    site="Site",
    active="home",
    links=(
        ("home", "/"),
        ("questions", "/questions"),
        ("notices", "/notices"),
        ("me", "/account"),
        ("sign_out", "/sign-out"),
    ),
    name="Wang Xiaoyu",
    face="",
    here=Place("p1", "First", ""),
    mine=(Place("p1", "First", "", "/p/p1", "jade", 3), Place("p2", "Second", "", "/p/p2")),
    waiting=0,
    unread=0,
)
LAYOUT = """{% extends "layout/planet.html" %}{% set active = "planet" %}
{% block title %}{{ "<Title>" }}{% endblock %}{% block head %}<meta>{% endblock %}
{% block content %}<p>one</p><p>two</p>{% endblock %}{% block side %}<p>beside</p>{% endblock %}"""
OTHERS = {
    "language": "zh-Hans",
    "site": "Other site",
    "active": "notices",
    "links": (*FRAME.links, ("discover", "/discover"), ("compose", "/p/p1/write")),
    "name": "He Ping",
    "face": "/media/face",
    "here": Place("p2", "Second", ""),
    "mine": FRAME.mine[:1],
    "waiting": 5,
    "unread": 7,
    "more": True,
    "theme": "dark",
    "layout": "focus",
    "side": True,
    "width": "frame--wide",
    "mark": "First #7",
    "viewer": "kQ7mVx3pRt9a",
}


@pytest.fixture
def draw(app: Flask) -> Callable[[Frame], Shell]:
    """Draw a frame past all that is kept."""
    macro = app.jinja_env.get_template("layout/frame.html").module.shell  # type: ignore[attr-defined]

    def drawn(frame: Frame) -> Shell:
        html = macro(frame, dict(frame.links), Markup(GAP))
        return Shell(cut(html), *(Markup(piece) for piece in html.split(GAP)))

    return drawn


def test_the_same_frame_is_drawn_once(app: Flask) -> None:
    with app.test_request_context("/"):
        assert shell(FRAME) is shell(replace(FRAME))


@pytest.mark.parametrize("field", [one.name for one in fields(Frame)])
def test_whatever_differs_is_drawn_anew(
    app: Flask, draw: Callable[[Frame], Shell], field: str
) -> None:
    other = replace(FRAME, **{field: OTHERS[field]})
    with app.test_request_context("/"), force_locale("en"):
        assert shell(FRAME) == draw(FRAME)
        assert shell(other) == draw(other)
        assert shell(other) != shell(FRAME), "the field is shown nowhere"
        assert shell(FRAME) == draw(FRAME)


def test_a_kept_frame_names_no_other_reader(app: Flask) -> None:
    other = replace(FRAME, name="He Ping", mark="First #7", mine=FRAME.mine[1:])
    with app.test_request_context("/"), force_locale("en"):
        texts = [b"".join(shell(one).sent).decode() for one in (FRAME, other, FRAME)]
    assert texts[0] == texts[2]
    assert "He Ping" not in texts[0]
    assert "Wang Xiaoyu" not in texts[1]
    assert "#7" not in texts[0]


@pytest.mark.parametrize("persona", ["owner", "member", "expired", "visitor"])
def test_a_page_of_drawn_parts_is_the_layouts(app: Flask, cast: Cast, persona: str) -> None:
    template = app.jinja_env.from_string(LAYOUT)
    cookie = cast.client(persona).get_cookie("planetarium")
    headers = {"Cookie": f"planetarium={cookie.value}"} if cookie else {}
    with app.test_request_context(f"/p/{cast.slug}?show=digest", headers=headers):
        enter_planet(cast.slug)
        flash("Said before.", "ok")
        made = planet_page(
            frame_links(),
            title="<Title>",
            active="planet",
            head=b"<meta>",
            content=(b"<p>one</p>", b"<p>two</p>"),
            side=b"<p>beside</p>",
        ).decode()
        drawn = render_template(template)
    assert "Said before." in made
    assert "&lt;Title&gt;" in made
    assert [*_words(made)] == [*_words(drawn)]


def _words(html: str) -> list[str]:
    """The page's words and tags; white space between them is nobody's business."""
    return html.replace("<", " <").replace(">", "> ").split()


def test_no_token_is_kept(app: Flask) -> None:
    with app.test_request_context("/"):
        pieces = shell(FRAME)
    assert pieces.start.endswith("<title>")
    assert pieces.after_title.endswith('<meta name="csrf-token" content="')
    assert pieces.after_footer.endswith('name="csrf_token" value="')


def test_a_shelf_gives_up_the_oldest_when_all_is_too_long(noon: object) -> None:
    shelf = Shelf[str](characters=100)
    for number in range(30):
        shelf.put(number, "part", size=10, now=noon)  # type: ignore[arg-type]
    assert [number for number in range(30) if shelf.get(number, noon)] == list(range(20, 30))  # type: ignore[arg-type]
