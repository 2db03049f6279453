"""Bytes of uploads that are gone, cut short, changed or unreadable: found, told, and well again."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import pytest
from flask import Flask

from app.cli import doctor, media
from app.kernel.db import db
from app.kernel.errors import Unavailable
from app.media import actions, checking
from app.media.models import Attachment
from app.media.storage import DiskStorage
from tests.cast import Cast
from tests.media.samples import picture


def _upload(cast: Cast) -> Attachment:
    upload = actions.Upload("海报.png", picture())
    storage = cast.app.extensions["planetarium.storage"]
    return actions.store_image(cast.actor("guest"), storage=storage, upload=upload).row


def _file(app: Flask, key: str) -> Path:
    folder: Path = app.extensions["planetarium.settings"].data_dir / "media"
    return folder / key[:2] / key[2:4] / key


def _watch(app: Flask) -> int:
    return checking.keep_watch(app.extensions["planetarium.storage"])


def _told(app: Flask) -> list[doctor.Finding]:
    return list(doctor._media(app.extensions["planetarium.settings"]))


@pytest.mark.parametrize(
    ("deep", "spoil", "kind"),
    [
        (False, lambda file: file.unlink(), "missing"),
        (False, lambda file: file.write_bytes(b""), "size"),
        (False, lambda file: file.write_bytes(file.read_bytes()[:-1]), "size"),
        (True, lambda file: file.write_bytes(file.read_bytes()[:-1] + b"?"), "content"),
    ],
)
def test_whatever_is_wrong_with_a_file_is_found(
    cast: Cast, deep: bool, spoil: object, kind: str
) -> None:
    storage = cast.app.extensions["planetarium.storage"]
    _upload(cast)
    row = _upload(cast)
    assert list(checking.find_faults(storage, deep=True)) == []
    spoil(_file(cast.app, row.storage_key))  # type: ignore[operator]
    (fault,) = checking.find_faults(storage, deep=deep)
    assert (fault.public_id, fault.key, fault.kind) == (row.public_id, row.storage_key, kind)


def test_a_lost_thumbnail_is_found_too(cast: Cast) -> None:
    row = _upload(cast)
    _file(cast.app, row.thumbnail_key).unlink()
    (fault,) = checking.find_faults(cast.app.extensions["planetarium.storage"])
    assert (fault.key, fault.kind) == (row.thumbnail_key, "missing")


def test_the_round_tells_doctor_and_is_content_when_the_file_is_back(cast: Cast) -> None:
    row = _upload(cast)
    assert _watch(cast.app) == 0
    assert [finding.level for finding in _told(cast.app)] == ["ok"]
    file = _file(cast.app, row.storage_key)
    aside = file.rename(file.with_suffix(".aside"))
    assert _watch(cast.app) == 1
    (finding,) = _told(cast.app)
    assert finding.level == "fail"
    assert f"1 uploads are missing or unreadable, as /media/{row.public_id}" in finding.told
    aside.rename(file)
    assert _watch(cast.app) == 0


def test_a_stock_larger_than_a_step_is_gone_through_in_turn(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "PAGE", 1)
    monkeypatch.setattr(checking, "STEP_FILES", 2)
    rows = [_upload(cast) for _ in range(5)]
    _file(cast.app, rows[-1].storage_key).unlink()
    assert [_watch(cast.app) for _ in range(3)] == [0, 0, 1]
    assert checking.find_noted().whole_at is not None


def test_many_faults_are_not_all_noted_and_none_is_passed_over(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "PAGE", 1)
    monkeypatch.setattr(checking, "MOST_NOTED", 2)
    rows = [_upload(cast) for _ in range(4)]
    files = [_file(cast.app, row.storage_key) for row in rows]
    aside = [file.rename(file.with_suffix(".aside")) for file in files]
    assert _watch(cast.app) == 2
    for here, file in list(zip(aside, files, strict=True))[:2]:
        here.rename(file)
    assert _watch(cast.app) == 2, "the two others"


def test_what_is_deleted_meanwhile_is_no_fault(cast: Cast) -> None:
    row = _upload(cast)
    storage = cast.app.extensions["planetarium.storage"]
    _file(cast.app, row.storage_key).unlink()
    assert _watch(cast.app) == 1
    actions.discard(cast.actor("guest"), storage=storage, public_id=row.public_id)
    assert checking.count_noted() == 0


def test_a_page_that_misses_a_file_tells_at_once(cast: Cast) -> None:
    row = _upload(cast)
    client = cast.client("guest")
    assert client.get(f"/media/{row.public_id}").status_code == 200
    _file(cast.app, row.storage_key).unlink()
    for _ in range(2):
        assert client.get(f"/media/{row.public_id}").status_code == 404
    assert checking.find_noted().some == (row.public_id,)


def test_a_folder_that_cannot_be_read_is_503_and_told(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = _upload(cast)
    client = cast.client("guest")

    def refuse(_path: Path, *_args: object) -> IO[bytes]:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(DiskStorage, "_path", lambda self, key: self._root)
        patched.setattr(Path, "open", refuse)
        with pytest.raises(Unavailable):
            cast.app.extensions["planetarium.storage"].open("abcdef")
        answer = client.get(f"/media/{row.public_id}")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")
        kinds = {fault.kind for fault in checking.find_faults(DiskStorage(Path("/x")))}
        assert kinds == {"unreadable"}
    assert checking.count_noted() == 1
    assert _watch(cast.app) == 0, "it is readable again"


def test_the_command_names_what_is_wrong_and_ends_with_1(cast: Cast) -> None:
    run = cast.app.test_cli_runner()
    row = _upload(cast)
    whole = run.invoke(media.command, ["verify", "--deep"])
    assert (whole.exit_code, whole.output) == (0, "1 uploads, all there\n")
    _file(cast.app, row.storage_key).unlink()
    torn = run.invoke(media.command, ["verify"])
    assert torn.exit_code == 1
    assert f"/media/{row.public_id}: {row.storage_key[:2]}/" in torn.output
    assert "is missing" in torn.output
    assert "cp -an BACKUP/media/. DATA_DIR/media/" in torn.output
    db.session.rollback()
    assert checking.count_noted() == 1, "doctor knows at once"
