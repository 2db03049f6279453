"""Which errors are the disk's, and no fault of ours."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import pytest

from app.kernel.places import Place, measure
from app.kernel.troubles import find_trouble


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EACCES, errno.EIO, errno.EFBIG, errno.EMFILE]
)
def test_a_disk_that_takes_nothing_is_no_bug(number: int) -> None:
    assert find_trouble(OSError(number, "refused", "/x")) == "full"


def test_a_file_that_is_not_there_is_a_bug() -> None:
    assert find_trouble(FileNotFoundError(errno.ENOENT, "No such file", "/x")) is None


def test_a_folder_of_temporary_files_that_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError) as caught, tempfile.NamedTemporaryFile():
        pass
    assert find_trouble(caught.value) == "full"
    (room,) = measure([Place("uploads", tmp_path / "gone")])
    assert room.refused == "No such file or directory"


def test_a_folder_that_is_made_when_it_is_needed_need_not_be_there(tmp_path: Path) -> None:
    (room,) = measure([Place("media", tmp_path / "later")])
    assert not room.refused
