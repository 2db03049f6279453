"""The way back: a backup put into an empty place is what was there, with its index, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from app import farewell
from app.accounts.models import User
from app.billing.actions.installation import choose
from app.cli.backups import restoring
from app.cli.moving import rows
from app.discussion.models import Topic
from app.kernel import schema
from app.kernel.db import db, unit_of_work
from app.search.port import Broken
from tests.cast import Cast
from tests.cli.backups import data_dir, empty_place, run, upload
from tests.discussion.writing import post
from tests.search.following import differences, follow, indexer_of

pytestmark = pytest.mark.usefixtures("pg_tools", "no_uploads", "noon")


@pytest.fixture
def server(request: pytest.FixtureRequest) -> str:
    """The address of the PostgreSQL server."""
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def made(cast: Cast, tmp_path: Path) -> Path:
    """A backup of a planet with a topic and an upload."""
    post(cast, text="留下的话")
    upload(cast, "firstone")
    # Which is signed in, so that the restored page can be asked for.
    cast.sign_in("member")
    target = tmp_path / "backup"
    result = run(cast.app, str(target))
    assert result.exit_code == 0, result.output
    db.session.remove()
    return target


@pytest.fixture
def place(made: Path, tmp_path: Path, engine_name: str, server: str) -> Iterator[Flask]:
    """An installation with an empty database."""
    with empty_place(tmp_path / "place", engine_name, server) as app:
        yield app


def digests() -> dict[str, tuple[int, str]]:
    """What stands in each table."""
    with db.engine.connect() as connection:
        return {table.name: rows.digest(connection, table) for table in rows.list_tables()}


def test_everything_is_back(
    cast: Cast, made: Path, engine_name: str, server: str, tmp_path: Path
) -> None:
    before = digests()
    db.session.remove()
    with empty_place(tmp_path / "place", engine_name, server) as place:
        result = run(place, "restore", str(made), input="restore\n")
        assert result.exit_code == 0, result.output
        assert "at migration" in result.output
        after = digests()
        assert (data_dir(place) / "media/fi/rs/firstone").read_bytes() == b"a picture"
        assert (data_dir(place) / "media/fi/rs/firstone").stat().st_mode & 0o077 == 0
    assert after == before


def test_nothing_happens_without_a_yes(place: Flask, made: Path) -> None:
    result = run(place, "restore", str(made), input="yes\n")
    assert result.exit_code == 1
    assert "Nothing was changed" in result.output
    assert sa.inspect(db.engine).get_table_names() == []
    assert not (data_dir(place) / "media").exists()


def test_nothing_is_written_over(place: Flask, made: Path) -> None:
    assert run(place, "restore", str(made), "--yes").exit_code == 0
    again = run(place, "restore", str(made), "--yes")
    assert again.exit_code == 1
    assert "The database is not empty, and nothing is written over" in again.output


def test_tables_that_were_just_made_are_no_hindrance(place: Flask, made: Path) -> None:
    upgrade()
    choose("demo")
    result = run(place, "restore", str(made), "--yes")
    assert result.exit_code == 0, result.output
    assert db.session.scalar(sa.text("SELECT count(*) FROM topics")) == 1


def test_what_is_damaged_is_not_put_back(place: Flask, made: Path) -> None:
    (made / "media/fi/rs/firstone").write_bytes(b"a pictura")
    result = run(place, "restore", str(made), "--yes")
    assert result.exit_code == 1
    assert "is damaged: 1 faults" in result.output
    assert sa.inspect(db.engine).get_table_names() == []


def test_other_files_in_its_place_are_left_alone(place: Flask, made: Path) -> None:
    there = data_dir(place) / "media/fi/rs/firstone"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"somebody else's")
    result = run(place, "restore", str(made), "--yes")
    assert result.exit_code == 1
    assert "other files under the names" in result.output
    assert there.read_bytes() == b"somebody else's"
    assert run(place, "restore", str(made), "--yes", "--database-only").exit_code == 0
    assert there.read_bytes() == b"somebody else's"


def test_broken_off_it_is_run_again(
    place: Flask, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(restoring, "_put_back", fail)
        assert run(place, "restore", str(made), "--yes").exit_code == 1
    assert sa.inspect(db.engine).get_table_names() == []
    assert run(place, "restore", str(made), "--yes").exit_code == 0


def test_a_backup_of_the_other_engine_is_told(
    made: Path, engine_name: str, server: str, tmp_path: Path
) -> None:
    other = "postgresql" if engine_name == "sqlite" else "sqlite"
    with empty_place(tmp_path / "other", other, server, "elsewhere") as place:
        result = run(place, "restore", str(made), "--yes")
        assert result.exit_code == 1
        assert "flask move-database" in result.output


def test_a_backup_of_a_later_version_is_told(
    place: Flask, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "knows", lambda _folder, _revision: False)
    result = run(place, "restore", str(made), "--yes")
    assert result.exit_code == 1
    assert "whose tables this version does not know" in result.output


def test_who_closed_their_account_since_is_closed_again(
    cast: Cast, place: Flask, made: Path
) -> None:
    (data_dir(place) / farewell.FILE).write_text(
        f"{cast.public_ids['member']} 2026-09-16T12:00:00Z\n"
    )
    result = run(place, "restore", str(made), "--yes")
    assert "1 accounts closed again" in result.output
    person = db.session.get_one(User, cast.users["member"])
    assert person.deactivated_at is not None


def test_search_finds_what_the_backup_had_and_nothing_else(
    cast: Cast, engine_name: str, server: str, tmp_path: Path
) -> None:
    """With the newer index beside, in files, or within the database's dump."""
    old = cast.app.extensions["planetarium.search"]
    following = indexer_of(old, tmp_path)
    secret = cast.sign_in("member")
    kept = post(cast, text="留下的话")
    follow(following)
    backup = tmp_path / "backup"
    assert run(cast.app, str(backup), "--database-only").exit_code == 0
    lost = post(cast, text="后来丢失的秘密")
    follow(following)
    following.close()
    settings = cast.app.extensions["planetarium.settings"]
    db.session.remove()
    with empty_place(tmp_path / "place", engine_name, server) as place:
        if engine_name == "sqlite":
            shutil.copytree(
                settings.index_dir, data_dir(place) / "search_index", dirs_exist_ok=True
            )
        assert run(place, "restore", str(backup), "--yes").exit_code == 0
        engine = place.extensions["planetarium.search"]
        if engine_name == "sqlite":
            with pytest.raises(Broken):
                engine.stats()
        # The same row number for another text: what is lost must not lead there.
        again = indexer_of(engine, tmp_path / "place")
        follow(again)
        assert differences(engine).topic_ids == []
        client = place.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = secret
        found = client.get(f"/p/{cast.slug}/search?q=留下的话").text
        assert kept.public_id in found
        with unit_of_work() as rows_of:
            assert rows_of.query(Topic).count() == 1
        nothing = client.get(f"/p/{cast.slug}/search?q=丢失的秘密").text
        assert lost.public_id not in nothing
        assert kept.public_id not in nothing
        again.close()
