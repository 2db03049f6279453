"""What broken-off uploads leave is swept, and nothing else is."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.ids import new_public_id
from app.media import actions
from app.media.models import Attachment
from app.media.storage import DiskStorage, place_of
from app.media.sweeping import sweep_left_over
from tests.cast import Cast
from tests.media.samples import picture

OLD = 3 * 24 * 3600


@pytest.fixture
def storage(app: Flask) -> DiskStorage:
    """The application's storage, empty."""
    made: DiskStorage = app.extensions["planetarium.storage"]
    shutil.rmtree(folder_of(app), ignore_errors=True)
    return made


def folder_of(app: Flask) -> Path:
    folder: Path = app.extensions["planetarium.settings"].data_dir / "media"
    return folder


def left_behind(app: Flask, name: str, *, age: int = OLD) -> Path:
    file = folder_of(app) / place_of(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"half")
    os.utime(file, (clock.now().timestamp() - age,) * 2)
    return file


def uploads(cast: Cast, count: int) -> list[Path]:
    storage = cast.app.extensions["planetarium.storage"]
    found = []
    for _ in range(count):
        upload = actions.Upload("海报.png", picture())
        row = actions.store_image(cast.actor("guest"), storage=storage, upload=upload).row
        for key in (row.storage_key, row.thumbnail_key):
            found.append(folder_of(cast.app) / place_of(key))
            os.utime(found[-1], (clock.now().timestamp() - OLD,) * 2)
    return found


def key() -> str:
    return f"{new_public_id()}-{new_public_id()}"


def test_what_was_broken_off_goes_after_two_days(cast: Cast, storage: DiskStorage) -> None:
    kept = uploads(cast, 10)
    half = left_behind(cast.app, f"{key()}.0a1b2c3d.part")
    whole, thumbnail = left_behind(cast.app, key()), left_behind(cast.app, f"{key()}-t")
    fresh = left_behind(cast.app, key(), age=3600)
    assert sweep_left_over(storage) == 3
    assert [file.exists() for file in (half, whole, thumbnail, fresh)] == [
        False,
        False,
        False,
        True,
    ]
    assert all(file.exists() for file in kept)
    assert sweep_left_over(storage) == 0


def test_with_another_database_nothing_is_taken_for_left_over(
    cast: Cast, storage: DiskStorage
) -> None:
    files = uploads(cast, 5)
    with unit_of_work() as session:
        session.query(Attachment).delete()
    assert sweep_left_over(storage) == 0
    assert all(file.exists() for file in files)


def test_what_somebody_laid_there_is_left(cast: Cast, storage: DiskStorage) -> None:
    uploads(cast, 5)
    foreign = left_behind(cast.app, "README.txt")
    elsewhere = folder_of(cast.app) / key()
    elsewhere.write_bytes(b"mine")
    os.utime(elsewhere, (1, 1))
    assert sweep_left_over(storage) == 0
    assert foreign.exists()
    assert elsewhere.exists()


def test_a_killed_upload_leaves_what_is_swept(
    cast: Cast, storage: DiskStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its bytes and its row."""
    uploads(cast, 10)

    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(actions, "unit_of_work", killed)
        upload = actions.Upload("海报.png", picture())
        actions.store_image(cast.actor("guest"), storage=storage, upload=upload)
    with clock.fixed(clock.now() + timedelta(days=3)):
        assert sweep_left_over(storage) == 2
