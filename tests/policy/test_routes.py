"""The permission grid over HTTP: persona by request, every route, written by hand.

Each cell says how far a persona gets: `A` past the policy (the page, a redirect after the act, or a form
that is wrong), `D` refused with a reason (403), `H` hidden (404), `S` sent to sign in. Read a row against
DESIGN.md, not against the code. Each request meets the same database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.discussion.models import Answer, Draft, Series, Topic
from app.kernel.db import db
from app.media.models import Attachment
from app.memberships.models import Invitation, Membership
from tests.cast import PERSONAS, Cast, assemble
from tests.scene import Scene, plant

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

COLUMNS = ("owner", "partner", "admin", "guest", "member", "other", "grace", "expired", "pending",
           "left", "removed", "isolated", "muted", "stranger", "visitor")  # fmt: skip
assert set(COLUMNS) == set(PERSONAS)

# Rows that recur. Columns: owner partner admin guest | member other grace | expired pending left
# removed | isolated muted | stranger | visitor.
EVERYBODY = "AAAA AAA AAAA AA A A"
SIGNED_IN = "AAAA AAA AAAA AA A S"
SIGNED_IN_ACT = "AAAA AAA AAAA AA A D"
READERS = "AAAA AAA ADDD AA D S"
READERS_ACT = "AAAA AAA ADDD AA D D"
STAFF = "AAAD DDD DDDD DD D S"
STAFF_ACT = "AAAD DDD DDDD DD D D"
LEADERS = "AADD DDD DDDD DD D S"
LEADERS_ACT = "AADD DDD DDDD DD D D"
OWNER = "ADDD DDD DDDD DD D S"
OWNER_ACT = "ADDD DDD DDDD DD D D"
WRITERS = "AAAA AAA DDDD AD D S"
WRITERS_ACT = "AAAA AAA DDDD AD D D"
POSTERS = "AAAA DDD DDDD DD D S"
POSTERS_ACT = "AAAA DDD DDDD DD D D"
NEW_TOPIC = "AAAA AAA HHHH AA H H"
OLD_TOPIC = "AAAA AAA AHHH AA H H"
SAMPLE = "AAAA AAA AAHH AA A A"
PARTIES = "AAAA AHH HHHH HH H H"
NOBODY = "HHHH HHH HHHH HH H H"


@dataclass(frozen=True)
class Stage:
    """The planted scene, kept as a file, and what fills the placeholders of addresses."""

    scene: Scene
    snapshot: Path
    names: dict[str, str]


_stages: dict[Flask, Stage] = {}


def _database(app: Flask) -> Path:
    found = db.engine.url.database
    assert found
    return Path(found)


def _restore(app: Flask, snapshot: Path) -> None:
    """Write the snapshot over the database by SQLite's own backup, which waits for its turn."""
    db.session.remove()
    with (
        closing(sqlite3.connect(snapshot)) as source,
        closing(sqlite3.connect(_database(app), timeout=30)) as target,
    ):
        source.backup(target)


def _build(app: Flask, folder: Path) -> Stage:
    cast: Cast = assemble(app)
    scene = plant(cast)
    for persona in COLUMNS:
        if persona != "visitor":
            cast.sign_in(persona)
    names = {"p": f"/p/{cast.slug}", **{f"t_{k}": v for k, v in scene.topics.items()}}
    names |= {f"c_{k}": v for k, v in scene.comments.items()}
    for persona, user_id in cast.users.items():
        names[f"u_{persona}"] = cast.public_ids[persona]
        row = db.session.query(Membership).filter_by(user_id=user_id).first()
        if row is not None:
            names[f"m_{persona}"] = row.public_id
    for key, model in (("series", Series), ("draft", Draft), ("invitation", Invitation)):
        names[key] = db.session.query(model).first().public_id
    names["file"] = db.session.query(Attachment).first().public_id
    for answer, public_id in db.session.query(Answer, Topic.public_id).join(
        Topic, Topic.id == Answer.topic_id
    ):
        kind = next(k for k, v in scene.topics.items() if v == public_id)
        names[f"a_{kind}"] = answer.public_id
    db.session.remove()
    snapshot = folder / "snapshot.db"
    with db.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"VACUUM INTO '{snapshot}'")
        connection.exec_driver_sql("BEGIN")
    return Stage(scene, snapshot, names)


@pytest.fixture
def stage(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Return the scene, planted once for all rows."""
    if app not in _stages:
        _stages[app] = _build(app, tmp_path_factory.mktemp("stage"))
    yield _stages[app]
    _restore(app, _stages[app].snapshot)


def _letter(answer: TestResponse) -> str:
    if answer.status_code == 404:
        return "H"
    if answer.status_code == 403:
        return "D"
    if answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in"):
        return "S"
    assert answer.status_code < 500, answer.status_code
    return "A"


# "METHOD address" -> how far each persona gets.
GRID: dict[str, str] = {
    # the site
    "GET /": EVERYBODY,
    "GET /discover": EVERYBODY,
    "GET /healthz": EVERYBODY,
    # landing, joining, leaving
    "GET {p}": EVERYBODY,
    "GET {p}/about": EVERYBODY,
    "GET {p}/rules": "AAAA AAA AAAA AA A A",
    # Who is inside already, or waits for a decision, is taken on to where he stands.
    "GET {p}/join": "AAAA AAA AAAD AA A S",
    "POST {p}/join": "AAAA AAA AAAD AA A D",
    # Who is not in is taken to the landing page.
    "GET {p}/leave": EVERYBODY,
    "POST {p}/leave": "DAAA AAA AAAD AA H D",
    "GET {p}/me": READERS,
    "POST {p}/me/nickname": READERS_ACT,
    "POST {p}/me/questions": READERS_ACT,
    "POST {p}/pin": READERS_ACT,
    # reading
    "GET {p}/columns": READERS,
    "GET {p}/columns/{series}": READERS,
    "GET {p}/unread": READERS,
    "POST {p}/read": READERS_ACT,
    "GET {p}/stream": STAFF,
    "GET {p}/t/{t_old_post}/x": OLD_TOPIC,
    "GET {p}/t/{t_new_post}": NEW_TOPIC,
    "GET {p}/t/{t_new_post}/x": NEW_TOPIC,
    "GET {p}/t/{t_new_post}.md": NEW_TOPIC,
    "GET {p}/t/{t_new_post}/share": NEW_TOPIC,
    "GET {p}/t/{t_new_post}/qr.svg": NEW_TOPIC,
    "GET {p}/t/{t_sample}/x": SAMPLE,
    "GET {p}/t/{t_scheduled}/x": "AAAA HHH HHHH HH H H",
    "GET {p}/t/{t_deleted}/x": NEW_TOPIC,
    "GET {p}/t/{t_deleted}.md": NOBODY,
    "GET {p}/t/{t_by_isolated}/x": "HHHH HHH HHHH AH H H",
    "GET {p}/t/{t_open}/x": PARTIES,
    "GET {p}/t/{t_private}/x": PARTIES,
    "GET {p}/t/{t_private}.md": PARTIES,
    "GET {p}/t/{t_declined}/x": PARTIES,
    "GET {p}/t/{t_withdrawn}/x": NEW_TOPIC,
    "GET {p}/t/{t_withdrawn}.md": PARTIES,
    "GET {p}/t/{t_isolated_q}/x": "HHHH HHH HHHH AH H H",
    "GET {p}/t/{t_anonymous}/x": NEW_TOPIC,
    "GET {p}/t/{t_new_post}/history": "AAAA DDD HHHH DD H H",
    "GET {p}/t/{t_private}/history": "AAAD AHH HHHH HH H H",
    "GET /media/{file}": NOBODY,
    # writing topics
    "GET {p}/write": POSTERS,
    "POST {p}/write": POSTERS_ACT,
    "POST {p}/preview": WRITERS_ACT,
    "GET {p}/drafts": WRITERS,
    "POST {p}/drafts": WRITERS_ACT,
    "GET {p}/scheduled": POSTERS,
    "POST {p}/uploads": WRITERS_ACT,
    "GET {p}/t/{t_new_post}/edit": "AADA DDD HHHH DD H H",
    "POST {p}/t/{t_new_post}/edit": "AADA DDD HHHH DD H H",
    "GET {p}/t/{t_private}/edit": "DDDD DHH HHHH HH H H",
    "GET {p}/t/{t_open}/edit": "DDDD AHH HHHH HH H H",
    "GET {p}/t/{t_new_post}/delete": "AAAA DDD HHHH DD H H",
    "POST {p}/t/{t_new_post}/delete": "AAAA DDD HHHH DD H H",
    "POST {p}/t/{t_anonymous}/delete": "AAAD DDD HHHH DD H H",
    # curating
    "GET {p}/tags": STAFF,
    "POST {p}/tags": STAFF_ACT,
    "POST {p}/tags/order": STAFF_ACT,
    "GET {p}/columns/new": STAFF,
    "POST {p}/columns/new": STAFF_ACT,
    "POST {p}/columns/order": STAFF_ACT,
    "GET {p}/columns/{series}/edit": STAFF,
    "POST {p}/columns/{series}/edit": STAFF_ACT,
    "POST {p}/columns/{series}/delete": STAFF_ACT,
    "POST {p}/columns/{series}/order": STAFF_ACT,
    # people
    "GET {p}/members": STAFF,
    "GET {p}/members/{m_member}": STAFF,
    "GET {p}/members/requests": STAFF,
    "POST {p}/members/requests/{m_pending}": STAFF_ACT,
    "POST {p}/members/{m_member}/mute": STAFF_ACT,
    "POST {p}/members/{m_muted}/unmute": STAFF_ACT,
    "POST {p}/members/{m_member}/isolate": STAFF_ACT,
    "POST {p}/members/{m_isolated}/release": STAFF_ACT,
    "POST {p}/members/{m_member}/end": STAFF_ACT,
    "GET {p}/members/{m_member}/remove": STAFF,
    "POST {p}/members/{m_member}/remove": STAFF_ACT,
    "POST {p}/members/{m_admin}/remove": "AADD DDD DDDD DD D D",
    "POST {p}/members/{m_owner}/remove": "DDDD DDD DDDD DD D D",
    "POST {p}/members/{m_removed}/readmit": STAFF_ACT,
    "POST {p}/members/{m_member}/role": LEADERS_ACT,
    "GET {p}/invitations": STAFF,
    "POST {p}/invitations": STAFF_ACT,
    "GET {p}/audit": STAFF,
    # The guest wrote a public sample: whoever may read that may know him.
    "GET {p}/people/{u_guest}": "AAAA AAA AAHH AA A A",
    "GET {p}/people/{u_grace}": "AAAH HHA HHHH HH H H",
    "GET {p}/people/{u_other}": "AAAH HAH HHHH HH H H",
    # the planet itself
    "GET {p}/settings": LEADERS,
    "POST {p}/settings": LEADERS_ACT,
    "GET {p}/settings/privacy": LEADERS,
    "POST {p}/settings/privacy": LEADERS_ACT,
    "POST {p}/settings/address": LEADERS_ACT,
    "GET {p}/settings/pictures": LEADERS,
    "GET {p}/rules/edit": LEADERS,
    "POST {p}/rules/edit": LEADERS_ACT,
    "GET {p}/hand-over": OWNER,
    "POST {p}/hand-over": OWNER_ACT,
    # the account
    "GET /account": SIGNED_IN,
    "POST /account": SIGNED_IN_ACT,
    "GET /account/sessions": SIGNED_IN,
    "GET /account/security": SIGNED_IN,
    "GET /account/preferences": SIGNED_IN,
    "POST /account/password": SIGNED_IN_ACT,
    "POST /account/sessions/end-others": SIGNED_IN_ACT,
}


# What a request must carry to come as far as the policy.
FORMS: dict[str, dict[str, str]] = {"POST {p}/members/{m_member}/role": {"role": "guest"}}


@pytest.mark.parametrize("row", GRID)
def test_how_far_each_persona_gets(stage: Stage, row: str) -> None:
    method, template = row.split(" ", 1)
    address = template.format(**stage.names)
    got = {}
    for persona in COLUMNS:
        _restore(stage.scene.cast.app, stage.snapshot)
        client = stage.scene.cast.app.test_client()
        if persona != "visitor":
            with client.session_transaction() as session:
                session["_user_id"] = f"session-secret-of-{persona}-{stage.scene.cast.planet_id}"
        got[persona] = _letter(client.open(address, method=method, data=FORMS.get(row)))
    # As one line each, because a row is read and mended as a line.
    assert "".join(got.values()) == GRID[row].replace(" ", "")
