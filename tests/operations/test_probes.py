"""/healthz, /readyz and /metrics."""

import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.blueprints import health, operations
from app.factory import create_app
from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.kernel.places import list_places, measure
from app.outbox import actions
from app.outbox.models import OutboxDelivery, OutboxEvent
from tests.conftest import make_settings

TOKEN = "a-token-that-only-prometheus-knows"


@pytest.fixture
def broken(tmp_path: Path) -> Flask:
    """An application whose database cannot be opened."""
    return create_app(make_settings(tmp_path, f"sqlite:///{tmp_path}/no/such/folder/x.db"))


def test_healthz_says_ok_and_needs_nobody_to_sign_in(app: Flask) -> None:
    answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_database_out_of_reach_is_503_and_named(broken: Flask, path: str) -> None:
    answer = broken.test_client().get(path)
    assert answer.status_code == 503
    assert "DATABASE_URL" in answer.text
    assert "no/such/folder" not in answer.text


def test_readyz_wants_a_worker_that_is_heard(app: Flask, noon: datetime) -> None:
    client = app.test_client()
    never = client.get("/readyz")
    assert never.status_code == 503
    assert "no worker has ever run; start it: flask" in never.text

    actions.beat("w1", "0.1.0")
    # There is no index yet: that sends nobody away.
    assert client.get("/readyz").json == {"status": "ok", "ailing": ["search"]}
    with clock.fixed(noon + timedelta(seconds=61)):
        silent = client.get("/readyz")
        assert silent.status_code == 503
        assert "silent for 61 s" in silent.text
        actions.beat("w2", "0.1.0")
        assert client.get("/readyz").status_code == 200


def test_readyz_names_a_missing_migration_and_the_mend(app: Flask) -> None:
    actions.beat("w1", "0.1.0")
    found = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    with unit_of_work() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '0181'"))
    try:
        answer = app.test_client().get("/readyz")
    finally:
        with unit_of_work() as session:
            session.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": found})
    assert answer.status_code == 503
    assert "at migration 0181" in answer.text
    assert "db upgrade" in answer.text


def test_a_worker_silent_for_a_day_is_forgotten(app: Flask, noon: datetime) -> None:
    actions.beat("gone", "0.1.0")
    with clock.fixed(noon + timedelta(days=2)):
        actions.beat("here", "0.1.0")
    names = db.session.scalars(sa.text("SELECT name FROM worker_beats")).all()
    assert names == ["here"]


def test_metrics_are_for_the_bearer_of_the_token_only(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    assert client.get("/metrics").status_code == 404, "no token is set"
    monkeypatch.setitem(
        app.extensions,
        "planetarium.settings",
        app.extensions["planetarium.settings"].model_copy(
            update={"metrics_token": make_settings(Path(), metrics_token=TOKEN).metrics_token}
        ),
    )
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer x"}).status_code == 404
    client.get("/healthz")
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    counted = 'planetarium_requests_total{endpoint="operations.healthz",method="GET",status="200"}'
    assert counted in answer.text
    assert 'planetarium_request_seconds_bucket{endpoint="operations.healthz"' in answer.text
    assert "planetarium_worker_silent_seconds +Inf" in answer.text


def test_an_invented_method_makes_no_series_of_its_own(app: Flask) -> None:
    app.test_client().open("/healthz", method="INVENTED")
    text = operations.metrics.render([]).decode()
    assert "INVENTED" not in text
    assert 'method="OTHER"' in text


def test_several_processes_add_up_their_numbers(tmp_path: Path) -> None:
    count = "from app.blueprints import metrics; metrics.observe('x', 'GET', 200, 0.01)"
    tell = "from app.blueprints import metrics; print(metrics.render([]).decode())"
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for code in (count, count, tell):
        ended = subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[2],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    counted = 'planetarium_requests_total{endpoint="x",method="GET",status="200"} 2.0'
    assert counted in ended.stdout


def test_metrics_answer_without_a_database(broken: Flask) -> None:
    with broken.app_context():
        told = {reading.name: reading.value for reading in operations._readings()}
    assert told["database_up"] == 0
    assert told["worker_silent_seconds"] > 0
    assert told["disk_free_bytes"] > 0


def test_where_uploads_are_parked_is_not_somewhere_else_when_nothing_can_be_written_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    places = list_places(data_dir=tmp_path, index_dir=None, database_uri="postgresql://x/y")
    (parked,) = [room for room in measure(places) if room.place.name == "uploads"]
    assert (parked.place.folder, parked.is_low) == (tmp_path / "gone", True)


def test_places_are_told_one_by_one(app: Flask, engine_name: str) -> None:
    text = operations.metrics.render(operations._readings()).decode()
    named = {"data", "media", "uploads"}
    if engine_name == "sqlite":
        named |= {"database", "index"}
    for name in named:
        assert f'planetarium_disk_writable{{place="{name}"}} 1.0' in text
        assert f'planetarium_disk_free_bytes{{place="{name}"}}' in text
    assert text.count("# HELP planetarium_disk_free_bytes ") == 1
    assert "planetarium_database_up 1.0" in text


@pytest.mark.parametrize("part", ["mail", "search", "storage"])
def test_a_part_that_ails_is_named_and_nobody_is_sent_away(
    app: Flask, noon: datetime, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    actions.beat("w1", "0.1.0")
    client = app.test_client()
    monkeypatch.setattr(health, "PARTS", dict.fromkeys(health.PARTS, ()))
    monkeypatch.setattr(operations, "PARTS", health.PARTS)
    assert client.get("/readyz").json == {"status": "ok"}
    health.PARTS[part] = (lambda: "it is broken",)
    assert client.get("/readyz").json == {"status": "ok", "ailing": [part]}
    asked = client.get(f"/readyz?role={part}")
    assert (asked.status_code, asked.json["wrong"]) == (503, ["it is broken"])


def test_a_full_disk_is_told_by_the_storage(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert health.find_disk_trouble() is None
    found = health.find_rooms()
    found[1] = replace(found[1], refused="No space left on device")
    monkeypatch.setattr(health, "measure", lambda _places: found)
    told = health.find_disk_trouble()
    assert told == "no room to write: media (No space left on device); see flask doctor"


def test_readings_tell_what_waits(app: Flask, noon: datetime) -> None:
    with unit_of_work() as session:
        event = OutboxEvent(name="test.happened", payload={}, created_at=noon)
        session.add(event)
        session.flush()
        for number, (state, age) in enumerate((("pending", 90), ("pending", 5), ("dead", 500))):
            session.add(
                OutboxDelivery(
                    event_id=event.id,
                    handler=f"h{number}",
                    state=state,
                    next_try_at=noon - timedelta(seconds=age),
                )
            )
    readings = {reading.name: reading.value for reading in operations._readings()}
    assert readings["outbox_pending"] == 2
    assert readings["outbox_dead"] == 1
    assert readings["outbox_oldest_due_seconds"] == 90
    assert readings["database_bytes"] > 10_000
