"""Introductions and rules can be rendered anew when the renderer has changed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.kernel.db import db, unit_of_work
from app.kernel.text import Rendered
from app.planets import rebuilding
from app.planets.actions import publish_rules
from app.planets.basics import RULES_PREFIX, render_page
from app.planets.models import Planet, RulesPage
from app.planets.rebuilding import render_pages_again
from tests.cast import Cast

RULES = "# 星球规则\n\n- 友善"


def _introduce(cast: Cast) -> None:
    """Give the planet an introduction and two versions of its rules, as an old renderer made them."""
    html = render_page(RULES, id_prefix=RULES_PREFIX)
    with unit_of_work():
        for based_on in (0, 1):
            publish_rules(
                cast.actor("owner"),
                planet_id=cast.planet_id,
                source=f"{RULES}{based_on}",
                html=html,
                based_on=based_on,
            )
    cast.set_planet(intro="**慢慢**读", intro_html="<p>old</p>")


def _intro() -> str:
    return db.session.scalars(sa.select(Planet.intro_html)).one()


def test_pages_of_an_older_renderer_are_made_anew_and_no_others(cast: Cast) -> None:
    _introduce(cast)
    assert render_pages_again() == 3
    assert "<strong>慢慢</strong>" in _intro()
    rules = db.session.scalars(sa.select(RulesPage.html).order_by(RulesPage.version)).all()
    assert ["友善0" in rules[0], "友善1" in rules[1]] == [True, True]
    assert 'id="rules-' in rules[0]
    assert render_pages_again() == 0


def test_the_command_reaches_them(cast: Cast) -> None:
    _introduce(cast)
    runner = cast.app.test_cli_runner()
    assert runner.invoke(args=["rebuild", "texts"]).output == "3 texts rendered\n"
    assert runner.invoke(args=["rebuild", "texts", "--all"]).output == "0 texts rendered\n"


def test_a_page_changed_meanwhile_is_left_to_its_writer(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.set_planet(intro="旧", intro_html="<p>old</p>")

    def render_slowly(source: str, **_options: object) -> Rendered:
        cast.set_planet(intro="新", intro_html="<p>新</p>")
        return Rendered("<p>旧</p>", 1, plain=False)

    monkeypatch.setattr(rebuilding, "render", render_slowly)
    assert render_pages_again() == 0
    assert _intro() == "<p>新</p>"


def test_a_renderer_that_fails_takes_nothing_away(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.set_planet(intro="慢", intro_html="<p>慢</p>")
    failed = Rendered("as typed", version=0, plain=True)
    monkeypatch.setattr(rebuilding, "render", lambda _source, **_options: failed)
    assert render_pages_again() == 0
    assert _intro() == "<p>慢</p>"
