"""Backups in a bucket, over HTTP, from a server that checks every signature."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.cli.backups import rotating
from app.kernel import clock
from app.kernel.db import db
from tests.cast import Cast
from tests.cli.backups import data_dir, empty_place, run, upload
from tests.cli.s3_double import BUCKET, KEY_ID, REGION, SECRET, Bucket, bucket
from tests.conftest import NOON
from tests.discussion.writing import post

pytestmark = pytest.mark.usefixtures("pg_tools", "no_uploads", "noon")
PLACE = f"s3://{BUCKET}/stars/backups"
NAME = rotating.name_at(NOON)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket, and the variables that lead there."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with bucket() as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.address)
        monkeypatch.setenv("AWS_REGION", REGION)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        yield made


@pytest.fixture
def written(cast: Cast, held: Bucket) -> Cast:
    """A planet with a topic and two uploads, of which one goes over in parts."""
    post(cast, text="写下的话")
    upload(cast, "firstone")
    upload(cast, "largeone", b"0123456789abcdef" * (1 << 20))
    result = run(cast.app, "make", "--to", PLACE, "--keep", "2", "--verify")
    assert result.exit_code == 0, result.output
    assert f"{PLACE}/{NAME}" in result.output
    return cast


def test_a_backup_goes_there_and_is_verified(written: Cast, held: Bucket) -> None:
    top = f"stars/backups/{NAME}"
    assert {f"{top}/manifest.json", f"{top}/media/fi/rs/firstone"} < set(held.objects)
    assert any("uploads" in asked for asked in held.asked), "nothing went in parts"
    assert run(written.app, "verify", f"{PLACE}/{NAME}").exit_code == 0
    for key, (body, at) in list(held.objects.items()):
        held.objects[key] = body[:-1] + bytes([body[-1] ^ 1]), at
        assert run(written.app, "verify", f"{PLACE}/{NAME}").exit_code == 1, key
        held.objects[key] = body, at


def test_it_comes_back_from_there(
    written: Cast, held: Bucket, tmp_path: Path, engine_name: str, request: pytest.FixtureRequest
) -> None:
    db.session.remove()
    server = str(request.getfixturevalue("postgres_url"))
    with empty_place(tmp_path / "place", engine_name, server) as place:
        result = run(place, "restore", f"{PLACE}/{NAME}", "--yes")
        assert result.exit_code == 0, result.output
        assert db.session.scalar(sa.text("SELECT count(*) FROM topics")) == 1
        assert (data_dir(place) / "media/fi/rs/firstone").read_bytes() == b"a picture"


def test_the_newest_are_kept_and_uploads_are_sent_once(written: Cast, held: Bucket) -> None:
    stale = f"stars/backups/{rotating.name_at(NOON - timedelta(days=9))}/planetarium.db"
    held.objects[stale] = b"x", datetime.now(UTC) - timedelta(days=9)
    held.objects["stars/backups/mine/notes.txt"] = b"mine", datetime.now(UTC) - timedelta(days=9)
    for day in (1, 2):
        held.asked.clear()
        with clock.fixed(NOON + timedelta(days=day)):
            result = run(written.app, "make", "--to", PLACE, "--keep", "2", "--verify")
        assert result.exit_code == 0, result.output
        assert not any("uploads" in asked for asked in held.asked), "it was sent again"
    kept = {key.split("/")[2] for key in held.objects}
    assert kept == {"mine", *(rotating.name_at(NOON + timedelta(days=day)) for day in (1, 2))}


def test_what_is_refused_leaves_nothing(cast: Cast, held: Bucket) -> None:
    upload(cast, "firstone")
    held.refuse = "/firstone"
    result = run(cast.app, "make", "--to", PLACE)
    assert result.exit_code == 1
    assert f"{PLACE}/{NAME}" in result.output
    assert held.objects == {}


def test_a_wrong_secret_is_told(app: Flask, held: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    result = run(app, "make", "--to", PLACE)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert PLACE in result.output
    assert "another" not in result.output


def test_who_backs_up_elsewhere_never_loads_the_client() -> None:
    ask = "import sys, app.factory; sys.exit('obstore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", ask], check=False).returncode == 0
