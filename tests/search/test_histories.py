"""An index of another history, or a damaged one, is never believed, and is made anew by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.discussion.models import Topic
from app.kernel.db import db, unit_of_work
from app.outbox.delivery import deliver_due
from app.outbox.models import OutboxDelivery, OutboxEvent
from app.search import indexer as indexer_module
from app.search.changes import head
from app.search.engines import open_engine
from app.search.indexer import Indexer
from app.search.models import SearchChange, SearchPage
from app.search.port import Broken, Engine
from tests.cast import Cast
from tests.discussion.writing import post
from tests.search.following import differences, follow, indexer_of, never


@pytest.fixture
def engine(app: Flask, tmp_path: Path) -> Iterator[Engine]:
    """Return an engine of files, on either database, as the application opens it."""
    made = open_engine(folder=tmp_path / "index")
    app_engine = app.extensions["planetarium.search"]
    app.extensions["planetarium.search"] = made
    yield made
    app.extensions["planetarium.search"] = app_engine


@pytest.fixture
def indexer(engine: Engine, tmp_path: Path) -> Iterator[Indexer]:
    made = indexer_of(engine, tmp_path)
    yield made
    made.close()


def _again(engine: Engine, tmp_path: Path) -> Engine:
    """Return the same index as another process opens it."""
    return open_engine(folder=tmp_path / "index")


def _take_back(upto: int) -> None:
    """Put the database back to an earlier moment: what came after is gone, and so are its numbers."""
    with unit_of_work() as session:
        later = sa.select(SearchChange.topic_id).where(SearchChange.id > upto).distinct()
        gone = sorted(set(session.scalars(later)))
        session.execute(sa.delete(SearchChange).where(SearchChange.id > upto))
        session.execute(sa.delete(OutboxDelivery))
        session.execute(sa.delete(OutboxEvent))
        session.execute(sa.delete(Topic).where(Topic.id.in_(gone)))
        if session.get_bind().dialect.name == "postgresql":
            for table in ("topics", "search_changes"):
                session.execute(
                    sa.text(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "
                        f"(SELECT max(id) FROM {table}))"
                    )
                )


def test_an_index_of_what_was_lost_is_not_believed(
    cast: Cast, engine: Engine, indexer: Indexer, tmp_path: Path
) -> None:
    post(cast, text="留下的话")
    follow(indexer)
    kept = head()
    post(cast, text="后来丢失的秘密")
    follow(indexer)
    newest = engine.cursor()
    assert newest > kept
    indexer.close()

    _take_back(kept)
    with pytest.raises(Broken):
        _again(engine, tmp_path).stats()
    # And not when the same numbers are given out once more, to others.
    post(cast, text="完全另外的话")
    while head() < newest:
        post(cast, text="再来一句")
        deliver_due()
    later = _again(engine, tmp_path)
    for read in (later.cursor, later.stats, lambda: later.contents(after=0, limit=10)):
        with pytest.raises(Broken, match="another"):
            read()
    mending = indexer_of(later, tmp_path)
    follow(mending)
    mending.close()
    assert differences(later).topic_ids == []
    assert later.cursor() == head()


def test_an_index_of_another_database_is_not_believed(
    cast: Cast, engine: Engine, indexer: Indexer, tmp_path: Path
) -> None:
    post(cast, text="一句话")
    follow(indexer)
    assert engine.cursor() == head()
    with unit_of_work() as session:
        session.execute(sa.update(SearchChange).values(row_id=SearchChange.row_id + 1))
    with pytest.raises(Broken):
        _again(engine, tmp_path).cursor()


def _damage(folder: Path, share: float) -> None:
    """Cut the largest files of the index."""
    files = sorted((f for f in folder.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    for file in files[-1:]:
        data = file.read_bytes()
        file.write_bytes(data[: int(len(data) * share)])


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_index_is_noticed_and_made_anew(
    cast: Cast, engine: Engine, indexer: Indexer, tmp_path: Path, share: float
) -> None:
    for number in range(12):
        post(cast, text=f"慢读第 {number} 章，写给每一个耐心的人")
    follow(indexer)
    assert differences(engine).topic_ids == []
    indexer.close()
    _damage(tmp_path / "index", share)
    reader = _again(engine, tmp_path)
    with pytest.raises(Broken):
        differences(reader)
    starting = indexer_of(_again(engine, tmp_path), tmp_path)
    follow(starting)
    starting.close()
    assert differences(_again(engine, tmp_path)).topic_ids == []


def test_a_reader_that_stumbles_tells_the_worker(
    cast: Cast, engine: Engine, indexer: Indexer, tmp_path: Path
) -> None:
    post(cast, text="一句话")
    follow(indexer)
    reader = _again(engine, tmp_path)
    assert reader.suspect() is None
    _damage(tmp_path / "index", 0.0)
    with pytest.raises(Broken):
        reader.contents(after=0, limit=10)
    # Of whatever process.
    assert engine.suspect() is not None
    follow(indexer)
    assert engine.suspect() is None
    assert differences(engine).topic_ids == []


def test_damage_that_no_search_has_met_is_found_in_turn(
    cast: Cast,
    engine: Engine,
    indexer: Indexer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Long before all is read again: only a little is read each time."""
    monkeypatch.setattr(indexer_module, "SAMPLED_EVERY", 0.0)
    monkeypatch.setattr(indexer_module, "SAMPLE_SECONDS", 0.0)
    for number in range(12):
        post(cast, text=f"慢读第 {number} 章，写给每一个耐心的人")
        follow(indexer)
    indexer._engine = _again(engine, tmp_path)
    _damage(tmp_path / "index", 0.3)
    told: list[str] = []
    monkeypatch.setattr(indexer, "_rebuild", lambda _stopping: told.append("anew"))
    for _ in range(200):
        indexer._sample_at = 0.0
        indexer.step(never)
        if told:
            break
    assert told


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_reader_of_the_database_that_stumbles_tells_the_worker(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    engine = open_engine(folder=None)
    indexer = indexer_of(engine, tmp_path)
    for number in range(12):
        post(cast, text=f"慢读第 {number} 章，写给每一个耐心的人")
    follow(indexer)
    with db.engine.begin() as connection:
        connection.execute(sa.update(SearchPage).values(columns=b"?"))
    reader = open_engine(folder=None)
    with pytest.raises(Broken):
        reader.contents(after=0, limit=10)
    assert engine.suspect() is not None
    follow(indexer)
    assert engine.suspect() is None
    assert differences(open_engine(folder=None)).topic_ids == []
    indexer.close()
