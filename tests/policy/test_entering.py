"""Entering a planet: every persona gets the standing its rows and the clock say, in one query."""

import pytest
from flask import url_for

from app.policy import Standing
from tests.cast import Cast

EXPECTED = {
    "owner": Standing.ACTIVE,
    "guest": Standing.ACTIVE,
    "member": Standing.ACTIVE,
    "grace": Standing.GRACE,
    "expired": Standing.EXPIRED,
    "pending": Standing.PENDING,
    "left": Standing.LEFT,
    "removed": Standing.REMOVED,
    "isolated": Standing.ACTIVE,
    "stranger": Standing.VISITOR,
    "visitor": Standing.VISITOR,
}


@pytest.mark.parametrize("persona", sorted(EXPECTED))
def test_standing_of_each_persona(cast: Cast, persona: str) -> None:
    assert cast.actor(persona).standing is EXPECTED[persona]


def test_a_planet_that_is_not_there_is_404(cast: Cast) -> None:
    with cast.app.test_request_context():
        path = url_for("planets.landing", slug="nowhere")
    assert cast.client("member").get(path).status_code == 404
