"""The indexer: what goes first, who writes, what happens after losses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.search import indexer as indexer_module
from app.search.changes import S, head, list_newest, note, purge
from app.search.documents import WHOLE, Change
from app.search.indexer import Indexer, purge_followed
from app.search.models import SearchChange
from app.search.port import Broken, Entry
from app.search.rebuilding import Busy, Progress, rebuild
from app.search.verifying import mend
from app.search.writing import FileLock
from tests.cast import Cast
from tests.discussion.threads import say
from tests.discussion.writing import post
from tests.search.following import differences, follow, indexer_of, never
from tests.search.shelf import ShelfEngine


@pytest.fixture
def engine(app: Flask) -> ShelfEngine:
    return ShelfEngine()


@pytest.fixture
def indexer(engine: ShelfEngine, tmp_path: Path) -> Indexer:
    return indexer_of(engine, tmp_path)


def count_changes() -> int:
    return db.session.scalar(select(func.count()).select_from(SearchChange)) or 0


def test_an_empty_installation_gets_an_empty_index(engine: ShelfEngine, indexer: Indexer) -> None:
    assert indexer.step(never)
    assert engine.cursor() == head()
    assert not indexer.step(never)
    assert engine.stats().topics == 0


def test_the_newest_go_first_while_many_wait(
    cast: Cast, engine: ShelfEngine, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer_module, "NEWEST", 1)
    indexer._batch = 2
    old = [post(cast, title=title).id for title in "甲乙丙丁戊"]
    follow(indexer)
    with unit_of_work():
        note(Change(topic_id, WHOLE, topic_id) for topic_id in old)
    new = post(cast, title="新").id
    engine.commits.clear()
    follow(indexer)
    assert [[entry.topic_id for entry in commit] for commit in engine.commits] == [
        [new],
        old[:2],
        old[2:],
    ]
    assert engine.cursor() == head()
    assert differences(engine).topic_ids == []


def test_commits_grow_while_they_are_quick(
    cast: Cast, engine: ShelfEngine, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(indexer)
    topic_id = post(cast).id
    monkeypatch.setattr(indexer_module, "SLOW_SECONDS", 60.0)
    with unit_of_work():
        note(Change(topic_id, WHOLE, topic_id) for _ in range(2_000))
    follow(indexer)
    grown = indexer._batch
    assert grown > indexer_module.FIRST_BATCH
    monkeypatch.setattr(indexer_module, "SLOW_SECONDS", -1.0)
    post(cast)
    follow(indexer)
    assert indexer._batch == grown // 2


def test_one_process_writes_and_another_takes_over(
    cast: Cast, engine: ShelfEngine, indexer: Indexer, tmp_path: Path
) -> None:
    follow(indexer)
    second = indexer_of(engine, tmp_path)
    post(cast)
    engine.commits.clear()
    follow(second)
    assert engine.commits == []
    indexer.close()
    follow(second)
    assert len(engine.commits) == 1


def test_a_lost_index_is_made_anew(cast: Cast, engine: ShelfEngine, indexer: Indexer) -> None:
    topic = post(cast).public_id
    follow(indexer)
    engine.lost = True
    say(cast, "member", topic, "评论")
    follow(indexer)
    assert engine.rebuilt == 2
    assert differences(engine).topic_ids == []


def test_an_index_from_long_ago_is_made_anew(
    cast: Cast, engine: ShelfEngine, indexer: Indexer
) -> None:
    follow(indexer)
    post(cast)
    follow(indexer)
    former = engine.at
    post(cast)
    follow(indexer)
    with clock.fixed(clock.now() + timedelta(days=30)):
        post(cast)
        follow(indexer)
        assert purge_followed(engine) > 0
    engine.at = former
    engine.topics.clear()
    post(cast)
    follow(indexer)
    assert engine.rebuilt == 2
    assert differences(engine).topic_ids == []


def test_an_index_of_another_database_is_made_anew(
    cast: Cast, engine: ShelfEngine, indexer: Indexer
) -> None:
    post(cast)
    follow(indexer)
    engine.at += 1_000
    engine.topics.clear()
    follow(indexer)
    assert engine.rebuilt == 2
    assert differences(engine).topic_ids == []


def test_purging_keeps_what_is_to_be_followed_and_the_last(
    cast: Cast, engine: ShelfEngine, indexer: Indexer
) -> None:
    follow(indexer)
    for _ in range(3):
        post(cast)
    follow(indexer)
    cursor = engine.cursor()
    with unit_of_work():
        note([Change(1, WHOLE, 1)])
    assert purge(cursor) == 0
    with clock.fixed(clock.now() + timedelta(days=30)):
        purge(cursor)
    assert [row.id for row in list_newest(0, 10)] == [cursor + 1, cursor]
    engine.lost = True
    assert purge_followed(engine) == 0


def test_a_text_that_cannot_be_indexed_stops_no_other(
    cast: Cast, engine: ShelfEngine, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(indexer)
    bad, good = post(cast).id, post(cast).id
    whole = engine.apply

    def apply(entries: list[Entry], *, cursor: int) -> None:
        if any(entry.topic_id == bad for entry in entries):
            raise ValueError("what a text")
        whole(entries, cursor=cursor)

    monkeypatch.setattr(engine, "apply", apply)
    follow(indexer)
    assert good in engine.topics
    assert bad not in engine.topics
    assert engine.cursor() == head()


def test_a_damaged_index_is_not_taken_for_texts_that_cannot_be_indexed(
    cast: Cast, engine: ShelfEngine, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Merging met the damage first: each text was passed over, for good."""
    follow(indexer)
    ref = post(cast)

    def stumble(*_args: object, **_words: object) -> None:
        engine.lost = True
        raise ValueError("offset must be no greater than buffer length")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "apply", stumble)
        indexer.step(never)
    follow(indexer)
    assert ref.id in engine.topics
    assert differences(engine).topic_ids == []


def test_a_full_disk_loses_nothing(
    cast: Cast, engine: ShelfEngine, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(indexer)
    ref = post(cast)

    def full(*_args: object, **_words: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "apply", full)
        with pytest.raises(OSError, match="No space"):
            follow(indexer)
    follow(indexer)
    assert ref.id in engine.topics


def test_quiet_moments_are_for_tidying(
    cast: Cast, engine: ShelfEngine, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(indexer)
    post(cast)
    follow(indexer)
    assert engine.tidied == 0
    monkeypatch.setattr(indexer_module, "QUIET_SECONDS", 0.0)
    follow(indexer)
    follow(indexer)
    assert engine.tidied == 1
    monkeypatch.setattr(indexer_module, "QUIET_SECONDS", 60.0)
    monkeypatch.setattr(indexer_module, "COMMITS_WITHOUT_TIDYING", 2)
    for _ in range(2):
        post(cast)
        follow(indexer)
    assert engine.tidied == 2


def test_a_rebuild_that_was_broken_off_goes_on(
    cast: Cast, engine: ShelfEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.search.rebuilding.BATCH", 2)
    for title in "甲乙丙丁戊":
        post(cast, title=title)
    lock, told = FileLock(tmp_path / "lock"), list[Progress]()
    assert not rebuild(engine, lock, tell=told.append, stopping=lambda: len(told) == 1)
    assert engine.half is not None
    assert engine.lost
    begun = engine.half.cursor
    with unit_of_work():
        note([Change(1, WHOLE, 1)])
    assert rebuild(engine, lock, tell=told.append)
    assert engine.cursor() == begun < head()
    assert [(one.done, one.resumed) for one in told] == [(2, 0), (4, 2), (5, 2)]
    assert told[-1].total == 5
    follow(indexer_of(engine, tmp_path))
    assert differences(engine).topic_ids == []


def test_a_rebuild_from_long_ago_begins_again(
    cast: Cast, engine: ShelfEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.search.rebuilding.BATCH", 1)
    post(cast), post(cast)
    lock, told = FileLock(tmp_path / "lock"), list[Progress]()
    rebuild(engine, lock, tell=told.append, stopping=lambda: len(told) == 1)
    with unit_of_work() as session:
        note([Change(1, WHOLE, 1)])
        session.execute(delete(SearchChange).where(S.id < session.scalar(select(func.max(S.id)))))
    assert rebuild(engine, lock, tell=told.append)
    assert [one.resumed for one in told] == [0, 0, 0]
    assert engine.cursor() == head()


def test_one_process_rebuilds(app: Flask, engine: ShelfEngine, tmp_path: Path) -> None:
    assert FileLock(tmp_path / "lock").take() is True
    held = FileLock(tmp_path / "lock")
    assert held.take()
    with pytest.raises(Busy):
        rebuild(engine, FileLock(tmp_path / "lock"))
    held.give_back()
    assert rebuild(engine, FileLock(tmp_path / "lock"))


def test_differences_are_found_and_mended(
    cast: Cast, engine: ShelfEngine, indexer: Indexer
) -> None:
    refs = [post(cast, title=title) for title in "甲乙丙"]
    say(cast, "member", refs[0].public_id, "评论")
    follow(indexer)
    missing, extra, stale = refs[0].id, 5_000, refs[1].id
    del engine.topics[missing], engine.passages[missing]
    engine.topics[extra], engine.passages[extra] = engine.topics[stale], {}
    engine.passages[stale] = {}
    found = differences(engine)
    assert (found.missing, found.extra, found.stale) == ({missing}, {extra}, {stale})
    assert found.checked == 4
    assert mend(found) == head()
    assert differences(engine).topic_ids == []  # it is on its way
    follow(indexer)
    assert differences(engine).topic_ids == []
    assert extra not in engine.topics
    engine.lost = True
    with pytest.raises(Broken):
        differences(engine)
