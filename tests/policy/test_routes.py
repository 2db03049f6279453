"""The permission grid over HTTP: persona by request, every route, written by hand.

The rows stand in grid_*.py. Read a row against DESIGN.md, not against the code. Each request meets the
same database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import MapAdapter
from werkzeug.test import TestResponse

from app.kernel import clock
from app.policy import Action
from tests.cast import PERSONAS
from tests.policy import (
    grid_billing,
    grid_codes,
    grid_comments,
    grid_people,
    grid_questions,
    grid_search,
    grid_site,
    grid_topics,
)
from tests.policy.grid_rows import COLUMNS
from tests.policy.stage import Stage, build, restore
from tests.troubles import writer_held

sqlite_only = pytest.mark.parametrize("engine_name", ["sqlite"])
AREAS = (
    grid_site,
    grid_people,
    grid_topics,
    grid_questions,
    grid_comments,
    grid_billing,
    grid_codes,
    grid_search,
)
# "METHOD address", and a word where one request stands in several rows -> how far each persona gets.
GRID = {row: letters for area in AREAS for row, letters in area.GRID.items()}
# What a request must carry to come as far as the policy.
FORMS = {
    **grid_people.FORMS,
    **grid_topics.FORMS,
    **grid_questions.FORMS,
    **grid_comments.FORMS,
    **grid_billing.FORMS,
    **grid_codes.FORMS,
    **grid_search.FORMS,
}
# What leaves as a file, each with an entry in the trail.
TAKEN_AWAY = {
    "GET {p}/ledger.csv",
    "GET {p}/settlements.csv",
    "GET {p}/subscriptions/export",
    "GET {p}/numbers/income.csv",
}
# Routes without a row, and why: nobody is anybody here yet.
OPEN = {
    "GET /site.webmanifest": "what a browser asks before anybody signs in",
    "GET /assets/<fingerprint>/app.css": "the stylesheet",
    "GET /readyz": "what a machine asks: whether the worker beats",
    "GET /styleguide/": "not in production",
    "GET /styleguide/<sheet>": "not in production",
    "GET /styleguide/page/<name>": "not in production",
    "POST /language": "a visitor's choice, kept in his browser",
    "POST /sign-in": "becomes somebody",
    "POST /sign-up": "becomes somebody",
    "GET /sign-up/sent": "says that a letter is on its way",
    "POST /sign-up/sent": "sends the letter again",
    "POST /reset": "sends a letter",
    "GET /reset/sent": "says that a letter is on its way",
    "GET /reset/<secret>": "the secret of a letter is the right",
    "POST /reset/<secret>": "the secret of a letter is the right",
    "GET /confirm/<secret>": "the secret of a letter is the right",
    "POST /confirm/<secret>": "the secret of a letter is the right",
    "GET /address/<secret>": "the secret of a letter is the right",
    "POST /address/<secret>": "the secret of a letter is the right",
    "GET /notices/mail-off/<token>": "the signature of a letter is the right",
    "POST /notices/mail-off/<token>": "the signature of a letter is the right",
}

_stages: dict[Flask, Stage] = {}


@pytest.fixture
def stage(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Return the scene, planted once for all rows."""
    if app not in _stages:
        _stages[app] = build(app, tmp_path_factory.mktemp("stage"))
    yield _stages[app]
    restore(_stages[app].snapshot)


def _letter(answer: TestResponse) -> str:
    if answer.status_code == 404:
        return "H"
    if answer.status_code == 403:
        return "D"
    if answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in"):
        return "S"
    assert answer.status_code < 500, answer.status_code
    return "A"


def _browser(stage: Stage, persona: str) -> FlaskClient:
    """Return a browser of the persona, whose session stands in the snapshot."""
    client = stage.scene.cast.app.test_client()
    if persona != "visitor":
        with client.session_transaction() as session:
            session["_user_id"] = f"session-secret-of-{persona}-{stage.scene.cast.planet_id}"
    return client


def _request_of(row: str, names: dict[str, str]) -> tuple[str, str]:
    """Return the method and the address of a row."""
    method, template = row.split(" ")[:2]
    return method, template.format(**names)


@sqlite_only
@pytest.mark.parametrize("row", GRID)
def test_how_far_each_persona_gets(stage: Stage, row: str) -> None:
    method, address = _request_of(row, stage.names)
    got = {}
    for persona in COLUMNS:
        restore(stage.snapshot)
        client = _browser(stage, persona)
        got[persona] = _letter(client.open(address, method=method, data=FORMS.get(row)))
    # As one line each, because a row is read and mended as a line.
    assert "".join(got.values()) == GRID[row].replace(" ", "")


@sqlite_only
@pytest.mark.parametrize(("persona", "column"), [("owner", 0), ("member", 4), ("visitor", -1)])
def test_no_page_fails_while_another_holds_the_writer(
    stage: Stage, persona: str, column: int
) -> None:
    """What a page writes beside (a read mark, a visit, a session's last use) it can go without; that
    none waits for it is `app.blueprints.haste`. What is taken away as a file is not given without its entry
    in the trail."""
    failed = set()
    for row, letters in GRID.items():
        method, address = _request_of(row, stage.names)
        if method != "GET" or letters.replace(" ", "")[column] != "A":
            continue
        restore(stage.snapshot)
        client = _browser(stage, persona)
        with clock.fixed(clock.now() + timedelta(hours=1)), writer_held():
            answer = client.get(address)
        if answer.status_code >= 500:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            failed.add(row)
    assert failed == (TAKEN_AWAY if persona == "owner" else set())


@sqlite_only
def test_every_route_has_a_row(stage: Stage, app: Flask) -> None:
    adapter: MapAdapter = app.url_map.bind("planet.test")
    covered = set(OPEN)
    for row in GRID:
        method, address = _request_of(row, stage.names)
        rule, _values = adapter.match(address.split("?")[0], method, return_rule=True)
        covered.add(f"{method} {rule.rule}")
    assert _routes(app) == covered


def _routes(app: Flask) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


@sqlite_only
def test_every_route_declares_its_action(app: Flask) -> None:
    declared = {
        name: getattr(view, "policy_action", None) for name, view in app.view_functions.items()
    }
    undeclared = {
        name
        for name, action in declared.items()
        if action != "public" and not isinstance(action, Action)
    }
    assert undeclared == set()


def test_the_grid_is_well_formed() -> None:
    assert set(COLUMNS) == set(PERSONAS)
    assert len(GRID) == sum(len(area.GRID) for area in AREAS)
    assert set(FORMS) <= set(GRID)
    crooked = {row: letters for row, letters in GRID.items() if len(letters.split()) != 6}
    assert crooked == {}
