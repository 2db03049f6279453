"""Nobody else on the machine reads the database, uploads, mails, the index or a backup."""

import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from app.cli import backup, doctor
from app.factory import create_app
from app.kernel import privacy
from app.kernel.audit import record
from app.kernel.db import db, unit_of_work
from tests.conftest import make_settings


@pytest.fixture
def loose_mask() -> Iterator[None]:
    """A shell that lets everybody read what is made."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if path.lstat().st_mode & 0o077]


@pytest.fixture
def installation(tmp_path: Path, loose_mask: None) -> Iterator[Flask]:
    """A SQLite installation of its own, with an upload."""
    app = create_app(make_settings(tmp_path / "data"))
    with app.app_context():
        upgrade()
        with unit_of_work():
            record("tested", actor_id=None, planet_id=None, subject=("n", 1))
        app.extensions["planetarium.storage"].put("abcdef", io.BytesIO(b"private"))
        yield app
        db.session.remove()
        db.engine.dispose()


def test_what_is_made_is_private(installation: Flask, tmp_path: Path) -> None:
    assert (tmp_path / "data" / "planetarium.db-wal").exists()
    assert open_to_others(tmp_path / "data") == []


def test_a_backup_is_private(installation: Flask, tmp_path: Path) -> None:
    loose = tmp_path / "data" / "media" / "ab" / "cd" / "abcdef"
    loose.chmod(0o644)
    result = installation.test_cli_runner().invoke(backup.command, [str(tmp_path / "copy")])
    assert result.exit_code == 0, result.output
    assert open_to_others(tmp_path / "copy") == []


def test_an_installation_that_lay_open_is_closed_at_its_start(
    tmp_path: Path, loose_mask: None
) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "shared"
    media = data / "media" / "ab"
    media.mkdir(parents=True)
    elsewhere.mkdir()
    (media / "picture").write_bytes(b"private")
    for end in ("", "-wal", "-shm"):
        (elsewhere / f"stars.db{end}").touch()
    create_app(make_settings(data, f"sqlite:///{elsewhere / 'stars.db'}"))
    assert open_to_others(data) == []
    # The folder is not ours: others may have to pass through it.
    assert open_to_others(elsewhere) == [str(elsewhere)]


def test_links_are_not_followed(tmp_path: Path, loose_mask: None) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter").touch()
    data = tmp_path / "data"
    data.mkdir()
    (data / "link").symlink_to(foreign)
    assert privacy.close([data]) == 1
    assert (foreign / "letter").stat().st_mode & 0o777 == 0o644


def test_doctor_tells_what_is_open_still(app: Flask) -> None:
    settings = app.extensions["planetarium.settings"]
    copied = settings.data_dir / "copied by hand"
    copied.mkdir()
    copied.chmod(0o755)
    try:
        told = [f for f in doctor.examine(settings) if "other users" in f.told]
        assert [f.level for f in told] == ["warn"]
        assert f"chmod -R go= '{copied.resolve()}'" in told[0].mend
    finally:
        shutil.rmtree(copied)
    assert not [f for f in doctor.examine(settings) if "other users" in f.told]
