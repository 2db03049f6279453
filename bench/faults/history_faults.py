"""Databases, indexes and backups that are not of one history."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from bench.faults.databases import SqliteFile
from bench.faults.doing import side
from bench.faults.fault import NO_ANSWER, Fault, log, noted
from bench.faults.stage import Stage, wait_until_up
from bench.visitor import Visitor
from tests.cast import PASSWORD

SQLITE = frozenset({"sqlite"})


@contextlib.contextmanager
def _older(stage: Stage) -> Iterator[None]:
    """Go back to a backup, beside an index that has followed what came after it; and an account was closed
    between."""
    backup = stage.folder / "backup-older"
    made = stage.site.run("backup", "make", str(backup))
    stage.notes.append(f"backup {made.status}")
    _close_account(stage, "muted")
    time.sleep(8)
    stage.site.stop()
    for file in stage.data.glob("planetarium.db*"):
        file.unlink()
    said = _restore(stage, backup)
    stage.notes.append(f"restored {said}")
    stage.site.start()
    wait_until_up(stage.site)
    stage.come_back()
    stage.notes.append(f"closed accounts come back: {_is_open(stage, 'muted')}")
    shutil.rmtree(backup)
    yield


def _restore(stage: Stage, backup: Path) -> str:
    said = stage.site.run("backup", "restore", str(backup), "--yes")
    return f"{said.status} {said.text[-200:] if said.status else ''}"


def _close_account(stage: Stage, persona: str) -> None:
    leaver = Visitor(stage.site.port)
    leaver.sign_in(f"{persona}@example.test", PASSWORD)
    page = leaver.get("/settings/close")
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = leaver.post(
        "/settings/close", {"csrf_token": token, "password": PASSWORD, "sure": "1"}
    )
    stage.notes.append(f"closing was answered {answer.status}, open: {_is_open(stage, persona)}")


def _is_open(stage: Stage, persona: str) -> bool:
    words = sa.text("SELECT count(*) FROM users WHERE email = :email")
    with stage.rows() as rows:
        return bool(rows.scalar(words, {"email": f"{persona}@example.test"}))


@contextlib.contextmanager
def _foreign_index(stage: Stage) -> Iterator[None]:
    """Put the index of another installation in the place of ours."""
    with side(stage, "foreign") as given:
        stage.site.run("db", "upgrade", given=given)
        planted = stage.site.run("seed-demo", given=given)
        built = stage.site.run("search", "rebuild", given=given)
        stage.notes.append(f"planted {planted.status}, built {built.status}")
        ours = stage.data / "search_index"
        stage.site.stop()
        for left in ours.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        shutil.copytree(stage.folder / "foreign" / "search_index", ours, dirs_exist_ok=True)
        stage.site.start()
        wait_until_up(stage.site)
        yield


@contextlib.contextmanager
def _copied_by_hand(stage: Stage) -> Iterator[None]:
    """Copy the database's file alone while the site runs, as one should not; the site does not mind."""
    assert isinstance(stage.database, SqliteFile)
    shutil.copy(stage.database.file, stage.folder / "by-hand.db")
    stage.notes.append("copied")
    yield


FAULTS = (
    Fault(
        "database-older",
        "history",
        "the database is put back from a backup, beside a newer index; an account was closed between",
        _older,
        told=(noted("restored 0"), noted("come back: False")),
        reads=False,
        answers=False,
        writes=NO_ANSWER,
        forgets=True,
        verifies=True,
        on=SQLITE,
    ),
    Fault(
        "index-foreign",
        "history",
        "the index of another installation lies in the place of ours",
        _foreign_index,
        verifies=True,
        told=(log("(?i)(index|search).*(history|another|anew|broken|foreign)"),),
        reads=False,
        answers=False,
        writes=NO_ANSWER,
        on=SQLITE,
    ),
    Fault(
        "database-copied",
        "history",
        "the database's file alone is copied under the running site",
        _copied_by_hand,
        told=(noted("copied"),),
        on=SQLITE,
    ),
)
