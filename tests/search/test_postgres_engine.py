"""What is special where the index is rows: several processes, what is replaced, what is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, tuple_, update

from app.kernel import clock
from app.kernel.db import db, unit_of_work
from app.search.models import SearchBlock, SearchGeneration, SearchPage
from app.search.port import Broken, Engine
from app.search.postgres_engine import PostgresEngine
from app.search.postgres_engine.blocks import Blocks
from app.search.postgres_engine.store import STAYS
from tests.emptying import empty_database
from tests.search.test_contract import ask, comment, found_ids, topic

pytestmark = pytest.mark.parametrize("engine_name", ["postgresql"])
NOW = datetime(2026, 9, 16, 12, 0, tzinfo=UTC)


def pages() -> int:
    with db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(SearchPage)) or 0


def test_another_process_finds_what_one_wrote(empty_engine: Engine) -> None:
    reader = PostgresEngine()
    assert found_ids(reader, "退款") == set()
    for number in range(1, 40):
        empty_engine.apply([topic(number, "退款", comment(number, number, "谢谢"))], cursor=number)
    assert reader.cursor() == 39
    assert found_ids(reader, "退款", limit=50) == set(range(1, 40))


def test_a_search_under_way_is_not_disturbed_by_merging(empty_engine: Engine) -> None:
    for number in range(1, 8):
        empty_engine.apply([topic(number, "退款")], cursor=number)
    reader = PostgresEngine()
    reader.cursor()
    reader._looked = float("inf")  # it holds its snapshot from here on
    for number in range(8, 80):
        empty_engine.apply([topic(number, "退款")], cursor=number)
    empty_engine.tidy()
    assert found_ids(reader, "退款") == set(range(1, 8))


def test_what_was_replaced_goes_after_a_while(empty_engine: Engine) -> None:
    with clock.fixed(NOW):
        for number in range(1, 40):
            empty_engine.apply([topic(number, "退款")], cursor=number)
        empty_engine.tidy()
        before = pages()
    with clock.fixed(NOW + STAYS + timedelta(seconds=1)):
        empty_engine.tidy()
        assert pages() < before
        with db.engine.connect() as connection:
            held = select(SearchBlock.page_id).distinct()
            assert len(connection.scalars(held).all()) == pages()
    assert found_ids(empty_engine, "退款", limit=50) == set(range(1, 40))


def test_a_new_generation_leaves_nothing_of_the_old(empty_engine: Engine) -> None:
    with clock.fixed(NOW):
        empty_engine.apply([topic(1, "旧的")], cursor=1)
        build = empty_engine.begin_rebuild(cursor=2)
        build.add([topic(2, "新的")], upto=2)
        build.finish()
    with clock.fixed(NOW + STAYS + timedelta(seconds=1)):
        empty_engine.tidy()
    with db.engine.connect() as connection:
        names = set(connection.scalars(select(SearchPage.generation)))
        assert names == set(connection.scalars(select(SearchGeneration.name)))


def test_a_lost_index_is_broken_and_can_be_made_anew(empty_engine: Engine) -> None:
    empty_engine.apply([topic(1, "退款")], cursor=1)
    with unit_of_work() as session:
        session.execute(delete(SearchGeneration))
        session.execute(delete(SearchPage))
    with pytest.raises(Broken):
        empty_engine.cursor()
    with pytest.raises(Broken):
        PostgresEngine().search(ask("退款"))
    build = empty_engine.begin_rebuild(cursor=5)
    build.add([topic(1, "退款")], upto=1)
    build.finish()
    assert found_ids(empty_engine, "退款") == {1}


def test_an_index_whose_pages_are_gone_is_not_an_empty_one(empty_engine: Engine) -> None:
    empty_engine.apply([topic(1, "退款")], cursor=1)
    with db.engine.begin() as connection:
        connection.execute(delete(SearchPage))
    with pytest.raises(Broken):
        PostgresEngine().search(ask("退款"))
    with pytest.raises(Broken):
        empty_engine.sample(1.0)


def test_damage_is_found_of_what_a_search_has_read_already(empty_engine: Engine) -> None:
    reader = PostgresEngine()
    empty_engine.apply([topic(number, f"退款 word{number}") for number in range(40)], cursor=1)
    assert found_ids(reader, "word7") == {7}
    kept = tuple_(SearchBlock.page_id, SearchBlock.number).in_(reader._rows.blocks._held)
    with db.engine.begin() as connection:
        connection.execute(update(SearchBlock).where(kept).values(block=b"?"))
    assert found_ids(reader, "word7") == {7}, "kept in this process"
    with pytest.raises(Broken):
        reader.check()
    with pytest.raises(Broken):
        reader.sample(10.0)


def test_pages_of_another_index_with_the_same_ids_are_read_anew(
    app: Flask, empty_engine: Engine
) -> None:
    empty_engine.apply([topic(1, "退款 before")], cursor=1)
    assert found_ids(empty_engine, "before") == {1}
    empty_database()
    empty_engine.begin_rebuild(cursor=0).finish()
    empty_engine.apply([topic(1, "退款 after")], cursor=1)
    assert found_ids(empty_engine, "after") == {1}
    assert found_ids(empty_engine, "before") == set()


def test_what_is_kept_of_terms_has_its_bounds(
    empty_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.search.postgres_engine.blocks.MOST_BYTES", 4_000)
    empty_engine.apply(
        [topic(number, f"词{number} 退款 word{number}") for number in range(300)], cursor=1
    )
    reader = PostgresEngine()
    for number in range(300):
        assert number in found_ids(reader, f"word{number}")
    kept: Blocks = reader._rows.blocks
    assert 0 < kept._used <= 4_000
    assert 0 < len(kept._held) < 10
